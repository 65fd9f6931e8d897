"""One file by http(s), told apart by ETag, or else Last-Modified."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp

from reconciler.adapters.sources import faults
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.local import BLOCK
from reconciler.adapters.sources.shown import shown
from reconciler.core.errors import Reason, TerminalError

CONNECT, STALL = 10.0, 30.0
"""Seconds without a connection, and without a byte. There is no limit on the whole: models are big."""


def options(token: str | None, stall: float = STALL) -> dict[str, Any]:
    """Options for fsspec. `token`: sent as a bearer, but not to other origins; `stall` in seconds."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=stall)
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return {"client_kwargs": {"timeout": timeout, "headers": headers}}


class HttpStore:
    """The file that a URL names."""

    reads_locally = False

    def __init__(self, uri: str, files: Any) -> None:
        self._uri = uri
        self._where = shown(uri)
        self._files = files

    def listing(self) -> tuple[Listed, ...]:
        """The one file. Raises TerminalError or TransientError."""
        name = unquote(urlsplit(self._uri).path.rpartition("/")[2])
        if not name:
            hint = "http(s) sources are single files: name one (an archive can hold a whole model)."
            raise TerminalError(Reason.INVALID, f"{self._where} ends in '/', so it names no file", hint)
        with translated(self._where):
            info = self._files.info(self._uri)
        fingerprint = _fingerprint(info)
        return (Listed(path=name, locator=self._uri, size=info.get("size"), fingerprint=fingerprint),)

    def gives_ranges(self, file: Listed) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:  # noqa: ARG002
        """The file's content. Raises TransientError(SOURCE_CHANGED) if it is no longer what was listed."""
        # a block size of zero asks fsspec for one streamed GET; the size keeps it from asking for that first
        with translated(self._where), self._files.open(self._uri, "rb", block_size=0, size=file.size or 1) as stream:
            answered = _fingerprint(stream.r.headers)
            if file.fingerprint is not None and answered is not None and answered != file.fingerprint:
                raise faults.changed(self._where)
            while block := stream.read(BLOCK):
                yield bytes(block)


def _fingerprint(headers: Mapping[str, Any]) -> str | None:
    return headers.get("ETag") or headers.get("Last-Modified") or None
