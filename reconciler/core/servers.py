"""Addresses of servers as text: what they are called everywhere but in the connection, and which stand for several."""

_SEVERAL = "dns+"


def called(url: str) -> str:
    """The address without userinfo: the server's name in plans, placements and the status."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2] if separator else url.rpartition("@")[2]


def is_name(url: str) -> bool:
    """Whether it is `dns+grpc://` or `dns+http://`, and so stands for as many servers as the name has addresses."""
    return url.startswith(_SEVERAL)
