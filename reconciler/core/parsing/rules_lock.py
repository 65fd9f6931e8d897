"""What a lock must keep to beyond its schema: it agrees with itself, and with what its model asks for."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from reconciler.core import digest as digests
from reconciler.core.checking.checked import Checked
from reconciler.core.checking.nodes import Path, described, quoted
from reconciler.core.configs.layout import is_config
from reconciler.core.digest import Digest
from reconciler.core.errors import Problem
from reconciler.core.locked import LockedSource
from reconciler.core.parsing.lock import asked_uri
from reconciler.core.spec import ModelSpec, Source

LockedAt: TypeAlias = Mapping[int | None, tuple[Path, LockedSource]]
"""What a lock says of each source of a model, with its place in the lock."""


def contradictions(checked: Checked, found: LockedAt) -> Iterator[Problem]:
    """Where the lock does not agree with itself: somebody wrote to it, or a merge of git did."""
    expected = f"what was written there: run `reconcile lock {checked.at('metadata', 'name')}`"
    for key, (path, source) in found.items():
        if source.digest != checked.at(*path, "digest"):
            words = f"{checked.at(*path, 'digest')}, while `files` make {source.digest}"
            yield checked.fault((*path, "digest"), words, expected)
        wanted = {each.path: each.digest for each in source.content if is_config(each.path)} if key is None else {}
        for config in sorted(wanted.keys() | source.configs.keys()):
            if wanted.get(config) != _digest_of(source.configs.get(config)):
                yield checked.fault((*path, "configs", config), "another content than `files` say", expected)


def _digest_of(content: bytes | None) -> Digest | None:
    return None if content is None else digests.of_bytes(content)


def misfits(checked: Checked, model: ModelSpec, found: LockedAt) -> Iterator[Problem]:
    """What the lock was written for, and the model does not ask for any more."""
    again = f"as {model.file} says: run `reconcile lock {model.name}`"
    wanted = model.sources()
    for key, (path, locked) in found.items():
        if key in wanted:
            yield from _differences(checked, path, wanted[key], again)
            if wanted[key].digest not in (None, locked.digest):
                yield checked.fault((*path, "digest"), str(locked.digest), f"{wanted[key].digest}, {again}")
        else:
            yield checked.fault(path, _named(key), f"none, {again}")
    for key in wanted.keys() - found.keys():
        yield checked.fault(_path(key), "nothing", f"{_named(key)}, {again}")


def _differences(checked: Checked, path: Path, source: Source, again: str) -> Iterator[Problem]:
    uri = cast("str", checked.at(*path, "uri"))
    if uri != asked_uri(source):
        yield checked.fault((*path, "uri"), described(uri, None), f"{described(asked_uri(source), None)}, {again}")
    wanted = {"include": [*source.include], "exclude": [*source.exclude], "unpack": source.unpack.value}
    for name, value in wanted.items():
        given = checked.at(*path, name)
        if given != value:
            yield checked.fault((*path, name), _shown(given), f"{_shown(value)}, {again}")


def _shown(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else quoted(str(value))


def _named(key: int | None) -> str:
    return "a source of the whole model" if key is None else f"a source of version {key}"


def _path(key: int | None) -> Path:
    return ("spec", "source") if key is None else ("spec", "versions", str(key))
