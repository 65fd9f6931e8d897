"""Looks at a certificate behind a proxy before libgit2 does.

libgit2 1.9 hangs for days where a server behind a proxy has a certificate that is not to be trusted: it closes the
connection to the proxy first, and then says goodbye through it. A company's proxy with its own authority is where that
happens to everybody once. libgit2 looks again, and its answer is what counts.
"""

import base64
import http.client
import ssl
import urllib.parse
import urllib.request

from reconciler.adapters.gitrepo.access import Remote
from reconciler.adapters.gitrepo.faults import untrusted

_HTTPS = 443


def check(remote: Remote, configured: str | None, bundle: str | None, timeout: float) -> None:
    """Raises TerminalError for a remote behind a proxy that is not to be trusted; `configured`: git's own proxy."""
    proxy = urllib.parse.urlsplit(configured or _proxy_for(remote.host))
    if not proxy.hostname or proxy.scheme != "http":
        return
    address = urllib.parse.urlsplit(remote.url)
    context = ssl.create_default_context()
    if bundle is not None:
        context.load_verify_locations(bundle)
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=context, timeout=timeout)
    connection.set_tunnel(address.hostname or "", address.port or _HTTPS, _login(proxy))
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        words = f"its certificate, as the proxy at {proxy.hostname} gives it: {error.verify_message}"
        raise untrusted(remote.shown, words) from error
    except OSError:
        return  # whatever else is wrong, libgit2 finds it too
    finally:
        connection.close()


def _proxy_for(host: str) -> str:
    return "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https", "")


def _login(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
