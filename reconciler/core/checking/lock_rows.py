"""The sources in a lock, and their files: thousands of rows, read without a schema while they are as we write them."""

import re
from collections.abc import Iterator
from typing import cast

from reconciler.core.checking.fields import dig
from reconciler.core.digest import Digest, FileDigest, is_digest
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource, Pin
from reconciler.core.schemas.schema_lock import PATH_PATTERN

_PATH = re.compile(PATH_PATTERN.removesuffix("$") + r"\Z")
_FIELDS = frozenset({"digest", "size", "fingerprint", "version"})


def all_plain(value: JsonObject) -> bool:
    """Whether the schema would find nothing wrong with any file of the lock."""
    return all(_plain(path, row) for files in _files(value) for path, row in files.items())


def locked_source(value: JsonObject) -> LockedSource:
    """A source in a lock that its schema has seen."""
    rows = cast("dict[str, JsonObject]", value["files"])
    archive = cast("JsonObject | None", value.get("archive"))
    configs = cast("dict[str, str]", value.get("configs", {}))
    return LockedSource(
        files=tuple(_locked(path, rows[path]) for path in sorted(rows, key=str.encode)),
        configs={path: text.encode() for path, text in configs.items()},
        archive=None if archive is None else _archive(archive),
    )


def _archive(row: JsonObject) -> LockedArchive:
    size = cast("float | None", row.get("size"))
    return LockedArchive(path=cast("str", row["path"]), size=None if size is None else int(size), pin=_pin_of(row))


def _pin_of(row: JsonObject) -> Pin:
    return Pin(fingerprint=cast("str | None", row.get("fingerprint")), version=cast("str | None", row.get("version")))


def _locked(path: str, row: JsonObject) -> LockedFile:
    size, digest = int(cast("float", row["size"])), Digest(cast("str", row["digest"]))
    return LockedFile(file=FileDigest(path=path, size=size, digest=digest), pin=_pin_of(row))


def _files(value: JsonObject) -> Iterator[JsonObject]:
    versions = dig(value, ("spec", "versions"))
    sources = [dig(value, ("spec", "source")), *(versions.values() if isinstance(versions, dict) else ())]
    for source in sources:
        files = dig(source, ("files",))
        if isinstance(files, dict):
            yield files


def _plain(path: str, row: Json) -> bool:
    if not isinstance(row, dict) or not row.keys() <= _FIELDS or len(path) > 1024 or not _PATH.match(path):
        return False
    digest, texts = row.get("digest"), (row.get("fingerprint", "-"), row.get("version", "-"))
    right = isinstance(digest, str) and is_digest(digest) and _is_size(row.get("size"))
    return right and all(isinstance(text, str) and text for text in texts)


def _is_size(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
