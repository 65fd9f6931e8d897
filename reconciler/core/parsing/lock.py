"""A lock as text: the same content, the same bytes, whatever the clock and the machine say (spec §2)."""

from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.core import digest
from reconciler.core.checking.documents import BY_PROGRAM
from reconciler.core.digest import hexdigits
from reconciler.core.locked import LockedArchive, LockedFile, LockedSource, Pin
from reconciler.core.spec import ModelSpec, Source

SUFFIX = ".lock"


def lock_file(model_file: str) -> str:
    """The path of the lock that belongs beside a model's file."""
    return model_file.removesuffix(".yaml") + SUFFIX


def asked_uri(source: Source) -> str:
    """The uri as it was asked for. The query of a web address may be a signature, so only its digest is told."""
    uri = source.written or source.uri
    place, mark, query = uri.partition("?")
    if not mark or not place.lower().startswith(("http://", "https://")):
        return uri
    return f"{place}?sha256={hexdigits(digest.of_bytes(query.encode()))}"


def lock_text(model: ModelSpec, found: Mapping[int | None, LockedSource], limit: int = BY_PROGRAM.size) -> bytes:
    """The lock of a model; `found` is keyed as its sources, `limit` is in bytes. Raises ValueError, in words."""
    spec: dict[str, Any] = {}
    for key, source in sorted(model.sources().items(), key=lambda item: (item[0] is not None, item[0])):
        if key is None:
            configs = {path: _text(path, content) for path, content in found[key].configs.items()}
            spec["source"] = _source(source, found[key]) | ({"configs": configs} if configs else {})
        else:
            spec.setdefault("versions", {})[str(key)] = _source(source, found[key])
    document = {"apiVersion": "reconciler/v1", "kind": "Lock", "metadata": {"name": model.name}, "spec": spec}
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=1 << 30)
    whole = f"# Written by `reconcile lock {model.name}`: run it again when a source changes.\n{text}".encode()
    if len(whole) > limit:
        message = f"the sources hold so many files that the lock would be larger than {limit} bytes"
        raise ValueError(message)
    return whole


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8, so Triton could not read it either"
        raise ValueError(message) from error


def _source(source: Source, found: LockedSource) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "uri": asked_uri(source),
        "include": _Row(source.include),
        "exclude": _Row(source.exclude),
        "unpack": source.unpack.value,
        "digest": str(found.digest),
        "files": {each.file.path: _file(each) for each in found.files},
    }
    return fields | ({"archive": _archive(found.archive)} if found.archive is not None else {})


def _file(locked: LockedFile) -> "_Fields":
    return _Fields({"digest": str(locked.file.digest), "size": locked.file.size, **_pin(locked.pin)})


def _archive(archive: LockedArchive) -> "_Fields":
    size = {} if archive.size is None else {"size": archive.size}
    return _Fields({"path": archive.path, **size, **_pin(archive.pin)})


def _pin(pin: Pin) -> dict[str, str]:
    told = {"fingerprint": pin.fingerprint, "version": pin.version}
    return {name: text for name, text in told.items() if text is not None}


class _Row(tuple[str, ...]):
    """A list on one line."""

    __slots__ = ()


class _Fields(dict[str, Any]):
    """A mapping on one line."""


class _Dumper(yaml.SafeDumper):
    """The pure Python one: libyaml's breaks and quotes a little differently, and is not everywhere."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: what is equal is written out."""
        del data
        return True


def _row(dumper: _Dumper, row: _Row) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", row, flow_style=True)


def _fields(dumper: _Dumper, fields: _Fields) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", fields, flow_style=True)


def _string(dumper: _Dumper, text: str) -> yaml.Node:
    """As it stands where it has several lines; escaped where it holds what a strict reader refuses."""
    style = None if text.isprintable() else "|" if text.replace("\n", "").isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(_Row, _row)
_Dumper.add_representer(_Fields, _fields)
_Dumper.add_representer(str, _string)
