"""Addresses that no model comes from: those at which a cloud tells a machine its own secrets.

Whoever can write git, or a server that redirects, names the address that is asked from here. What answers there would
be kept as a model's file, and read by whoever is served it. So it is looked at where a connection is made, whatever
name led there, and before anything is asked.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from reconciler.core.errors import Reason, TerminalError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""NAT64: where a machine has IPv6 only, this is how it reaches IPv4."""

_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16",  # link-local: the metadata of AWS, Google, Azure, Oracle; credentials of ECS and EKS
            "fe80::/10",
            "fd00:ec2::/32",  # AWS over IPv6
            "fd20:ce::/32",  # Google over IPv6
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure's other one
        ),
    )
)


def refuse(url: str, where: str, *, by_name: bool = False) -> None:
    """Raises TerminalError if the URL's host is such an address; `by_name`: or if its name stands for one now."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return
    for address in (_written(host), *(_found(host) if by_name else ())):
        _refuse(address, where)


def _written(host: str) -> _Address | None:
    """The address that a host is written as, also as `2852039166` or `0xa9.254.43518`, as resolvers take it."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _found(host: str) -> list[_Address | None]:
    try:
        return [_written(str(place[0])) for *_, place in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, ValueError):
        return []


def _refuse(address: _Address | None, where: str) -> None:
    if address is None:
        return
    plain = _plain(address)
    if any(plain.version == network.version and plain in network for network in _NEVER):
        words = f"{where} leads to {plain}, where a cloud keeps what is this machine's own: no model comes from there"
        hint = "Name the server that the model is on; a redirect or a name that leads there is somebody's trap."
        raise TerminalError(Reason.SOURCE_NOT_ALLOWED, words, hint)


def _plain(address: _Address) -> _Address:
    """The address of IPv4 in one of IPv6 that stands for it, or leads there by a translator or a tunnel."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Plain(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _look_at(self)


class _Sealed(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _look_at(self)


def _look_at(connection: Any) -> None:
    """With a proxy between, it is the proxy's address, which the operator has named."""
    if connection.proxy is not None:
        return
    try:
        _refuse(_written(str(connection.sock.getpeername()[0])), connection.host)
    except TerminalError:
        connection.close()
        raise


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SealedPool(HTTPSConnectionPool):
    ConnectionCls = _Sealed


POOLS = {"http": _PlainPool, "https": _SealedPool}
"""For a PoolManager of urllib3: connections that are looked at once they are made."""
