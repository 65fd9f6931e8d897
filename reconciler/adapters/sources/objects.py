"""s3://, gs:// and az:// through obstore: '/'-bounded prefixes, ETags as fingerprints, streamed ranges.

obstore calls keys paths and takes a closing '/' off them, so that a folder marker looks like an empty object; each
empty object is therefore asked for by name, which also tells the directories of Azure's tools (`hdi_isfolder`).
Keys that are no paths (`..`, `//`, control characters) fail the listing.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import obstore
from obstore.exceptions import GenericError, InvalidPathError

from reconciler.adapters.sources import faults, flock
from reconciler.adapters.sources.direct import Direct
from reconciler.adapters.sources.listing import Listed
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.locked import Pin

CHUNK = 128 << 10
"""Bytes of a block: small, for whole parts in memory cost time and memory (download-facts)."""

_INVALID = re.compile(r'Path "(.*)": (.*)')
"""How obstore tells the key that is no path, and why."""

_FOLDER = "hdi_isfolder"

_LISTINGS = 3
"""Tries of a listing whose answer breaks off."""

_HEADS = 8
"""Empty objects asked for at once."""


def named(scheme: str, uri: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of a URI: `?versionId=` on s3:// and az://, `#generation` on gs:// as in gcloud."""
    place, _, rest = uri.partition("://")[2].partition("/")
    key, mark, version = rest.rpartition("#" if scheme == "gs" else "?versionId=")
    if not mark or (scheme == "gs" and not version.isdecimal()):
        return place, rest, None
    return place, key, version


@dataclass(frozen=True, slots=True)
class Opened:
    """A bucket of obstore's, `where` as people may see it, and the straight way to it if there is one."""

    where: str
    bucket: Any
    straight: Direct | None = None


class ObjectStore:
    """A key, or everything below a prefix; an exact key wins unless the key ends in '/'.

    `version`: of the one object that the key names.
    """

    reads_locally = False

    def __init__(self, opened: Opened, key: str, version: str | None = None) -> None:
        self._where = opened.where
        self._bucket = opened.bucket
        self._straight = opened.straight
        self._key = key
        self._version = version
        self._ranged: bool | None = None

    def listing(self) -> tuple[Listed, ...]:
        """Every object, unfiltered, without folder markers. Raises TerminalError or TransientError."""
        with faults.translated(f"{self._where}/{self._key}"):
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
            options: Any = {"range": (0, 1)} | self._versioned(file)
            with faults.translated(f"{self._where}/{file.locator}"):
                try:
                    obstore.get(self._bucket, file.locator, options=options)
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
        begin, end = first, file.size if past is None else past
        for block in self._straight.blocks(self._one(file), first, past) if self._straight is not None else ():
            first += len(block)
            yield block
        if first == begin or (first != end and file.identified):
            yield from self._rest(file, first, past)

    def _rest(self, file: Listed, first: int, past: int | None) -> Iterator[bytes]:
        """The bytes by obstore, after those that came straight: it tells people why they came no further."""
        options: Any = {"if_match": f'"{file.fingerprint}"'} if file.fingerprint else {}
        options |= self._versioned(file)
        if past is not None or first:
            options["range"] = (first, past) if past is not None else {"offset": first}
        with faults.translated(f"{self._where}/{file.locator}"):
            yield from _blocks(self._got(file, options))

    @property
    def goes_straight(self) -> bool:
        """Whether small objects come without obstore."""
        return self._straight is not None

    def contents(self, files: Sequence[Listed], turns: flock.Turns) -> Generator[tuple[Listed, memoryview], None, None]:
        """Small objects as they come."""
        if self._straight is not None:
            yield from flock.contents(self._straight.bucket, [self._one(file) for file in files], turns)

    def pinned(self, file: Listed) -> Listed:
        """The file with its version, if the bucket keeps any. Raises TransientError(SOURCE_CHANGED)."""
        where = f"{self._where}/{file.locator}"
        with faults.translated(where):
            found = self._head(file.locator, file.version or self._version)
            if found is None or (file.fingerprint and _etag(found) not in (None, file.fingerprint)):
                raise faults.changed(where)
            return replace(file, version=_version(found))

    def locked(self, path: str, size: int | None, pin: Pin) -> Listed | None:
        """The file as it was, without a listing; None if its version is not known."""
        if pin.version is None:
            return None
        key = self._key.strip("/")
        below = f"{key}/{path}" if key else path
        alone = not self._key.endswith("/") and key.rpartition("/")[2] == path
        with faults.translated(f"{self._where}/{self._key}"):
            locator = key if alone and self._head(key, pin.version) is not None else below
        return Listed(path=path, locator=locator, size=size, fingerprint=pin.fingerprint, version=pin.version)

    def _got(self, file: Listed, options: Any) -> Any:
        try:
            answer = obstore.get(self._bucket, file.locator, options=options)
        except FileNotFoundError as error:  # it was listed
            raise faults.changed(f"{self._where}/{file.locator}") from error
        if file.fingerprint and (_etag(answer.meta) or file.fingerprint) != file.fingerprint:
            raise faults.changed(f"{self._where}/{file.locator}")
        return answer

    def _one(self, file: Listed) -> Listed:
        return replace(file, version=file.version or self._version) if self._version else file

    def _versioned(self, file: Listed) -> dict[str, str]:
        version = file.version or self._version
        return {"version": version} if version else {}

    def _head(self, key: str, version: str | None) -> Any:
        """What the store says of an object, None if there is none."""
        options: Any = {"head": True, "version": version} if version else {"head": True}
        try:
            answer = obstore.get(self._bucket, key, options=options)
        except FileNotFoundError:
            return None
        return None if _is_folder(answer) else answer.meta

    def _exact(self) -> Listed | None:
        meta = self._head(self._key, self._version)
        return None if meta is None else _listed(self._key.rpartition("/")[2], meta)

    def _below(self, prefix: str) -> Iterator[Listed]:
        skip = len(prefix) + 1 if prefix else 0
        found = self._all(prefix)
        markers = self._markers([meta["path"] for meta in found if meta["size"] == 0])
        for meta in found:
            if meta["path"] not in markers and len(meta["path"]) >= skip:
                yield _listed(meta["path"][skip:], meta)

    def _all(self, prefix: str) -> list[Any]:
        """Every object below the prefix. obstore goes on with broken bodies of objects by itself, not with these."""
        for left in reversed(range(_LISTINGS)):
            try:
                return [meta for page in obstore.list(self._bucket, prefix or None) for meta in page]
            except GenericError as error:
                if not left or "list response body" not in str(error):
                    raise
        return []

    def _markers(self, empty: list[str]) -> frozenset[str]:
        """Those that are not there by their name, for it ends in '/'."""

        def is_there(path: str) -> bool:
            try:
                return not _is_folder(obstore.get(self._bucket, path, options={"head": True}))
            except FileNotFoundError:
                return False

        with ThreadPoolExecutor(_HEADS) as pool:
            return frozenset(path for path, there in zip(empty, pool.map(is_there, empty), strict=True) if not there)


def _listed(path: str, meta: Any) -> Listed:
    return Listed(path=path, locator=meta["path"], size=meta["size"], fingerprint=_etag(meta))


def _version(meta: Any) -> str | None:
    """None also for S3's "null": what was put there while the bucket kept no versions is replaced under that name."""
    return None if meta["version"] in ("", "null") else meta["version"]


def _etag(meta: Any) -> str | None:
    """Without its quotes, which some servers leave out of listings."""
    return (meta["e_tag"] or "").strip('"') or None


def _is_folder(answer: Any) -> bool:
    """Whether it only marks a directory, as Azure's tools note them: an empty object under the directory's name."""
    return answer.meta["size"] == 0 and str(answer.attributes.get(_FOLDER, "")).lower() == "true"


def _no_path(where: str, error: Exception) -> TerminalError:
    told = _INVALID.search(str(error).partition("\n")[0])
    words = f"{told[1]!r}: {told[2].lower()}" if told else repr(str(error).partition("\n")[0])
    hint = "Rename it in the source: `exclude` cannot leave it out, for such a name is no path at all."
    return TerminalError(Reason.UNSAFE_PATH, f"{where} holds a key that cannot be a file, {words}", hint)


def _blocks(answer: Any) -> Iterator[bytes]:
    """What comes, in obstore's own buffers: to make `bytes` of them writes everything twice more."""
    if answer.meta["size"] <= CHUNK:
        return iter((answer.bytes(),))
    blocks: Iterator[bytes] = iter(answer.stream(min_chunk_size=CHUNK))
    return blocks
