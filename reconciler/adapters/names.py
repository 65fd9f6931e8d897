"""Servers behind one name (`dns+grpc://triton-headless:8001`): the resolver is asked afresh in each pass.

Promise: a name that has no address is `Unreachable`, never no servers at all.
"""

import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from reconciler.core.errors import Reason, TerminalError
from reconciler.core.observed import Unreachable
from reconciler.core.servers import called, is_name

Lookup = Callable[..., Iterable[tuple[Any, Any, Any, Any, Any]]]
"""As socket.getaddrinfo."""

_PORTS = {"dns+grpc": 8001, "dns+http": 8000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Addresses to connect to, by what the servers are called; `silent`: names of which no address is known."""

    urls: Mapping[str, str] = field(repr=False)
    silent: Mapping[str, Unreachable]


def resolved(urls: Iterable[str], lookup: Lookup = socket.getaddrinfo) -> Servers:
    """Every server of a target. Raises TerminalError for what is no name of servers."""
    found: dict[str, str] = {}
    silent: dict[str, Unreachable] = {}
    for url in urls:
        if not is_name(url):
            found[called(url)] = url
            continue
        try:
            found |= {called(one): one for one in _each(url, lookup)}
        except OSError as error:
            silent[called(url)] = _unreachable(url, error)
    return Servers(urls=dict(sorted(found.items())), silent=silent)


def check(url: str) -> None:
    """Raises TerminalError for what is no name of servers; nobody is asked."""
    _parsed(url)


def _each(url: str, lookup: Lookup) -> list[str]:
    """One address for each A and AAAA record, sorted. Raises OSError where there is none."""
    parts, host, port = _parsed(url)
    found = sorted({str(row[4][0]) for row in lookup(host, port, type=socket.SOCK_STREAM)})
    if not found:
        raise OSError("it has no address")
    scheme, userinfo = parts.scheme.removeprefix("dns+"), parts.netloc.rpartition("@")
    hosts = [f"[{address}]" if ":" in address else address for address in found]
    return [f"{scheme}://{userinfo[0]}{userinfo[1]}{one}:{port}" for one in hosts]


def _parsed(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url)
        usual = _PORTS[parts.scheme]
        host, port = parts.hostname, parts.port or usual
    except (ValueError, KeyError) as error:
        raise _not_a_name(url) from error
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise _not_a_name(url)
    return parts, host, port


def _not_a_name(url: str) -> TerminalError:
    hint = "write dns+grpc://HOST:8001 or dns+http://HOST:8000"
    return TerminalError(Reason.INVALID, f"not a name of Triton servers: {called(url)}", hint)


def _unreachable(url: str, error: OSError) -> Unreachable:
    host = urlsplit(url).hostname
    told = f"no address is known for {host} ({error.strerror or error}): check the name, and the service behind it"
    return Unreachable(reason=Reason.SERVER_UNREACHABLE, message=told)
