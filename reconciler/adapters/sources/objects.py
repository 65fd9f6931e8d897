"""s3://, gs:// and az:// through obstore: '/'-bounded prefixes, ETags as fingerprints, streamed ranges.

obstore calls keys paths and takes a closing '/' off them, so that a folder marker looks like an empty object; each
empty object is therefore asked for by name. Keys that are no paths (`..`, `//`, control characters) fail the listing.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import obstore
from obstore.exceptions import GenericError, InvalidPathError

from reconciler.adapters.sources import faults
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.listing import Listed
from reconciler.core.errors import Reason, TerminalError

CHUNK = 128 << 10
"""Bytes of a block: small, for whole parts in memory cost time and memory (download-facts)."""

_HEADS = 8
"""Empty objects asked for at once."""


class ObjectStore:
    """A key, or everything below a prefix; an exact key wins unless the key ends in '/'.

    `version`: of the one object that the key names. `where` is the bucket as people may see it.
    """

    reads_locally = False

    def __init__(self, where: str, bucket: Any, key: str, version: str | None = None) -> None:
        self._where = where
        self._bucket = bucket
        self._key = key
        self._version = version
        self._ranged: bool | None = None

    def listing(self) -> tuple[Listed, ...]:
        """Every object, unfiltered, without folder markers. Raises TerminalError or TransientError."""
        with translated(f"{self._where}/{self._key}"):
            exact = self._exact() if self._key and not self._key.endswith("/") else None
            if exact is not None:
                return (exact,)
            if self._version is not None:
                raise faults.missing(f"{self._where}/{self._key} in version {self._version}")
            try:
                return tuple(self._below(self._key.strip("/")))
            except InvalidPathError as error:
                raise _no_path(f"{self._where}/{self._key}", error) from error

    def gives_ranges(self, file: Listed) -> bool:
        """Whether the server answers with the range that it is asked for; some send the whole (rclone serve s3)."""
        if self._ranged is None:
            with translated(f"{self._where}/{file.locator}"):
                try:
                    obstore.get(self._bucket, file.locator, options={"range": (0, 1)})
                except GenericError as error:
                    if "non-partial" not in str(error):
                        raise
                    self._ranged = False
                else:
                    self._ranged = True
        return self._ranged

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
        """The object's bytes from `first` to before `past`.

        Raises TransientError(SOURCE_CHANGED) if it is no longer what was listed.
        """
        options: Any = {"if_match": f'"{file.fingerprint}"'} if file.fingerprint else {}
        if self._version is not None:
            options["version"] = self._version
        if past is not None or first:
            options["range"] = (first, past) if past is not None else {"offset": first}
        with translated(f"{self._where}/{file.locator}"):
            answer = obstore.get(self._bucket, file.locator, options=options)
            if file.fingerprint and (_etag(answer.meta) or file.fingerprint) != file.fingerprint:
                raise faults.changed(f"{self._where}/{file.locator}")
            yield from _blocks(answer)

    def _exact(self) -> Listed | None:
        options: Any = {"head": True, "version": self._version} if self._version else {"head": True}
        try:
            meta = obstore.get(self._bucket, self._key, options=options).meta
        except FileNotFoundError:
            return None
        return _listed(self._key.rpartition("/")[2], meta)

    def _below(self, prefix: str) -> Iterator[Listed]:
        skip = len(prefix) + 1 if prefix else 0
        found = [meta for page in obstore.list(self._bucket, prefix or None) for meta in page]
        markers = self._markers([meta["path"] for meta in found if meta["size"] == 0])
        for meta in found:
            if meta["path"] not in markers and len(meta["path"]) >= skip:
                yield _listed(meta["path"][skip:], meta)

    def _markers(self, empty: list[str]) -> frozenset[str]:
        """Those that are not there by their name, for it ends in '/'."""

        def is_there(path: str) -> bool:
            try:
                obstore.head(self._bucket, path)
            except FileNotFoundError:
                return False
            return True

        with ThreadPoolExecutor(_HEADS) as pool:
            return frozenset(path for path, there in zip(empty, pool.map(is_there, empty), strict=True) if not there)


def _listed(path: str, meta: Any) -> Listed:
    return Listed(path=path, locator=meta["path"], size=meta["size"], fingerprint=_etag(meta))


def _etag(meta: Any) -> str | None:
    """Without its quotes, which some servers leave out of listings."""
    return (meta["e_tag"] or "").strip('"') or None


def _no_path(where: str, error: Exception) -> TerminalError:
    words = str(error).partition("\n")[0].removeprefix("Encountered object with invalid path: ")
    hint = "Rename it in the source: `exclude` cannot leave it out, for such a name is no path at all."
    return TerminalError(Reason.UNSAFE_PATH, f"{where} holds a key that cannot be a file: {words!r}", hint)


def _blocks(answer: Any) -> Iterator[bytes]:
    """What comes, in obstore's own buffers: to make `bytes` of them writes everything twice more."""
    if answer.meta["size"] <= CHUNK:
        return iter((answer.bytes(),))
    blocks: Iterator[bytes] = iter(answer.stream(min_chunk_size=CHUNK))
    return blocks
