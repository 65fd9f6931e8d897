"""What a shell offers after TAB: models and targets of the repository on this disk, files and folders.

Promise: it asks no network, prints nothing, and whatever is wrong with the repository is as if nothing were in it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import click

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST = 20_000
"""Files that are looked at: somebody waits, and sees no more than a few hundred names anyway."""

_BIGGEST = 1 << 20
"""Bytes of a reconciler.yaml that is read."""


def models(context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
    """Names of models, but those that are on the command line already."""
    given = {*(context.params.get("models") or ()), *(context.params.get("adopt") or ())}
    return _offered((name for name in _models(_folder(context)) if name not in given), typed)


def targets(context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
    """Names of targets."""
    with suppress(Exception):  # a shell's line is no place for the faults of a document
        return _offered(_targets(_folder(context)), typed)
    return []


def plans_and_models(context: click.Context, parameter: click.Parameter, typed: str) -> list[Any]:
    """Models, and for `apply` a file if there is no such model."""
    found = models(context, parameter, typed)
    return files(context, parameter, typed) if not found and context.command.name == "apply" else found


def files(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
    """The shell's own completion of files."""
    return [_item(typed, "file")]


def folders(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[Any]:
    """The shell's own completion of folders."""
    return [_item(typed, "dir")]


def by_metavar(metavar: str | None) -> Any:
    """What is offered for an option whose value is called this; None for nothing."""
    kinds = {"DIR": folders, "URL|DIR": folders, "FILE": files, "NAME": targets, "MODEL": models}
    return kinds.get(metavar or "")


def _folder(context: click.Context) -> str:
    return os.path.join(context.params.get("repo") or ".", context.params.get("path") or "")


def _offered(names: Iterable[str], typed: str) -> list[Any]:
    return [_item(name) for name in sorted(set(names)) if name.startswith(typed)]


def _item(text: str, kind: str = "plain") -> Any:
    from click.shell_completion import CompletionItem  # only a shell that completes needs it

    return CompletionItem(text, type=kind)


def _models(folder: str) -> Iterator[str]:
    looked_at = 0
    for _, _, names in os.walk(os.path.join(folder, "models.d")):
        for name in names:
            looked_at += 1
            stem, dot, ending = name.rpartition(".")
            if dot and ending in ("yaml", "yml") and _NAME.fullmatch(stem):
                yield stem
        if looked_at > _MOST:
            return


def _targets(folder: str) -> Iterator[str]:
    import yaml

    with open(os.path.join(folder, "reconciler.yaml"), "rb") as stream:
        document = yaml.load(stream.read(_BIGGEST), Loader=yaml.CSafeLoader)
    return (name for name in document["spec"]["targets"] if isinstance(name, str) and _NAME.fullmatch(name))
