"""What a signature claims of a source, and what is really there."""

import base64
import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.core.digest import FileDigest, hexdigits
from reconciler.core.jsonvalue import parsed

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A source's files, the name of its signature, and what that holds; the library takes it for its own hashing."""

    files: tuple[FileDigest, ...]
    signature: str
    bundle: bytes

    @property
    def covered(self) -> dict[str, str]:
        """The files that the signature has to be about: path to hexadecimal digest."""
        return {file.path: hexdigits(file.digest) for file in self.files if file.path != self.signature}

    def differences(self) -> Iterator[str]:
        """In which files it differs from what is there; to be asked of genuine signatures only."""
        try:
            payload = parsed(base64.b64decode(parsed(self.bundle)["dsseEnvelope"]["payload"]))
            serialization = payload["predicate"]["serialization"]
            signed = {each["name"]: each["digest"] for each in payload["predicate"]["resources"]}
        except (ValueError, KeyError, TypeError):
            return
        if (serialization.get("method"), serialization.get("hash_type")) != ("files", "sha256"):
            yield "it is not about the sha256 of whole files, which is the usual way to sign"
            return
        here = self.covered
        yield from _listed("altered", (path for path in here.keys() & signed.keys() if here[path] != signed[path]))
        yield from _listed("not covered by it", here.keys() - signed.keys())
        yield from _listed("signed, but not there", signed.keys() - here.keys())

    @property
    def names_its_key(self) -> bool:
        """Older ones do not; for those the library prints a warning into our output."""
        try:
            return bool(parsed(self.bundle)["verificationMaterial"]["publicKey"]["hint"])
        except (ValueError, KeyError, TypeError):
            return False

    def add_ignored_paths(self, **_: object) -> None:
        """None: whatever lies in the source is served, so whoever signed must have seen it."""

    def hash(self, model: object, **_: object) -> Any:
        """The library's manifest of our files."""
        library = importlib.import_module("model_signing.manifest")
        kind = library.SerializationType.from_args({"method": "files", "hash_type": "sha256", "allow_symlinks": False})
        items = [
            kind.new_item(path, library.hashing.Digest("sha256", bytes.fromhex(digits)))
            for path, digits in self.covered.items()
        ]
        return library.Manifest(str(model), items, kind)


def _listed(what: str, paths: Iterable[str]) -> Iterator[str]:
    found = sorted(paths)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield f"{what}: {', '.join(found[:_SHOWN])}{more}"
