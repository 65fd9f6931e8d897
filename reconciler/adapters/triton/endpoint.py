"""Where a server is and what it asks of its clients: the URL that people write, parsed once."""

import base64
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from reconciler.core.errors import Reason, TerminalError

_PORTS = {"grpc": 8001, "grpcs": 8001, "http": 8000, "https": 443}
_FORMS = "grpc://HOST:8001, grpcs://HOST:8001, http://HOST:8000, https://HOST, or HOST:8001 for gRPC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server's address. `host` is as a person reads it, IPv6 without brackets.

    `metadata` (lower-case names) holds what the URL's userinfo stands for; it is secret, `str()` of it all is not.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    metadata: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in ("grpcs", "https")

    @property
    def http(self) -> bool:
        """Whether HTTP is spoken, not gRPC."""
        return self.scheme in ("http", "https")

    @property
    def address(self) -> str:
        """Host and port, as a library wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.address}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Metadata (HTTP headers) sent with each call, and the PEM files for TLS; None is the library's default.

    A Triton with `--grpc-restricted-protocol=…:KEY=VALUE` wants the metadata `triton-grpc-protocol-KEY`, one with
    `--http-restricted-api` the header KEY itself.
    """

    metadata: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    root_certificates: str | None = None
    certificate: str | None = None
    private_key: str | None = None


def parse(url: str) -> Endpoint:
    """The endpoint of a URL. Raises TerminalError for what is none; its message holds no userinfo."""
    parts, port = _split(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise _not_an_address(_shown(parts))
    if parts.path.strip("/") and parts.scheme.startswith("grpc"):
        raise _not_an_address(f"{_shown(parts)}{parts.path} (gRPC has no paths)")
    return Endpoint(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        path=parts.path.rstrip("/"),
        metadata=_basic(parts),
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url if "://" in url else f"grpc://{url}")
        return parts, parts.port
    except ValueError as error:
        raise _not_an_address(repr(url.rpartition("@")[2])) from error


def _not_an_address(shown: str) -> TerminalError:
    return TerminalError(Reason.INVALID, f"not the address of a Triton server: {shown}", f"write {_FORMS}")


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _basic(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    if parts.username is None:
        return ()
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return (("authorization", "Basic " + base64.b64encode(secret.encode()).decode()),)
