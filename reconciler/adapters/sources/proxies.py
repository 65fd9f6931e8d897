"""The proxies of the environment, looked at before a library trips over one: its words would show the password.

No value of such a variable is ever told, only its name.
"""

import importlib.util
import os
import re
import urllib.request
from urllib.parse import SplitResult, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from reconciler.core.errors import Reason, TransientError

_HIGHEST = 65535

_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})

_PACKAGES = {"socks": "PySocks", "socksio": "socksio"}
"""Modules that speak SOCKS, for requests and for httpx, and what pip calls them."""


def check(proxy: str | None, where: str, *modules: str) -> None:
    """Whether the proxy that goes with `where` can be one; `modules`: needed if it speaks SOCKS. Raises TransientError.

    Transient, for the model is not at fault: another environment mends it.
    """
    if not proxy:
        return
    variable = _variable(proxy)
    fault = _fault(proxy)
    if fault is not None:
        words = f"{where} could not be asked: {variable} in the environment is no URL of a proxy: {fault}"
        hint = f"Correct {variable} (http://user:password@host:port, with the password percent-encoded), or unset it."
        raise TransientError(Reason.CREDENTIALS_MISSING, words, hint)
    lacking = [_PACKAGES[module] for module in modules if importlib.util.find_spec(module) is None]
    if lacking and _split(proxy).scheme.startswith("socks"):
        words = (
            f"{where} could not be asked: {variable} names a SOCKS proxy, which needs a package that is not installed"
        )
        hint = f"Install it where reconcile is installed: pip install {' '.join(lacking)}; or name an http:// proxy."
        raise TransientError(Reason.EXTRA_MISSING, words, hint)


def check_all(where: str, *modules: str) -> None:
    """`check` of every proxy of the environment, as httpx reads them all."""
    found = urllib.request.getproxies()
    for kind in ("http", "https", "all"):
        check(found.get(kind), where, *modules)


def variable_for(url: str) -> str | None:
    """The variable of the proxy that this URL is asked through, if any."""
    proxy = select_proxy(url, get_environ_proxies(url))
    return _variable(proxy) if proxy else None


def _variable(proxy: str) -> str:
    """Which variable holds it; the lower-case name counts where both are set."""
    names = [name for name, value in os.environ.items() if value == proxy and name.lower().endswith("_proxy")]
    return min(names, key=lambda name: (not name.islower(), name), default="a proxy variable")


def _split(proxy: str) -> SplitResult:
    return urlsplit(_whole(proxy))


def _whole(proxy: str) -> str:
    """A proxy without a scheme is one of http."""
    return proxy if "://" in proxy else f"http://{proxy}"


def _fault(proxy: str) -> str | None:
    if any(letter.isspace() or not letter.isprintable() for letter in proxy):
        return "it holds a blank or a control character"
    if re.search("[/?#].*@", _whole(proxy).partition("://")[2]):
        return "its user or password holds a '/', '?' or '#' that is not percent-encoded"
    try:
        parts = _split(proxy)
        port = parts.port
    except ValueError:
        return f"its host or port is none (ports are numbers up to {_HIGHEST})"
    if parts.scheme not in _SCHEMES:
        return "it begins with neither http://, https:// nor socks5://"
    return None if parts.hostname and port != 0 else "it names no host or no port"
