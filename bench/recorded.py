"""The command line with a server's answers from a file: what a plan costs besides asking for them.

`python -m bench.recorded FILE URL` asks the server once and writes the file; `python -m bench.recorded FILE -- WORDS`
runs `reconcile WORDS`, to which every server serves just that.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from reconciler import cli
from reconciler.adapters.triton.client import Triton, connect
from reconciler.core.observed import Served, ServerView, Serving, VersionState
from reconciler.core.servers import called
from reconciler.core.spec import Resources
from reconciler.passes import grounds


def record(path: str, url: str) -> None:
    """Writes what the server serves. Raises TypeError where it does not answer."""
    with connect(url) as server:
        view = server.observe()
    if not isinstance(view, Serving):
        raise TypeError(view.message)
    rows = {name: _row(served) for name, served in view.models.items()}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump({"version": view.version, "models": rows}, stream)


def replay(path: str) -> None:
    """From now on every server of this process serves what was written."""
    with open(path, "rb") as stream:
        told = json.load(stream)
    view = Serving(version=told["version"], models={name: _served(*row) for name, row in told["models"].items()})

    def views(urls: Iterable[str], deadline: float) -> Mapping[str, ServerView]:  # noqa: ARG001
        return {called(url): view for url in urls}

    vars(grounds)["views"] = views
    Triton.observe = lambda *_: view  # type: ignore[method-assign]


def _row(served: Served) -> list[Any]:
    takes = None if served.resources is None else astuple(served.resources)
    versions = [astuple(version) for version in served.versions]
    return [versions, served.generation, sorted(served.members), served.mends, takes]


def _served(versions: list[Any], generation: Any, members: list[str], mends: int, takes: list[Any] | None) -> Served:
    return Served(
        versions=tuple(VersionState(version=row[0], state=row[1], reason=row[2]) for row in versions),
        generation=generation,
        members=frozenset(members),
        mends=mends,
        resources=None if takes is None else Resources(memory=takes[0], gpu_memory=takes[1], disk=takes[2]),
    )


def main(words: Sequence[str]) -> None:
    """Records, or runs a command."""
    path, *rest = words
    if rest[0] != "--":
        record(path, rest[0])
        return
    replay(path)
    sys.argv = ["reconcile", *rest[1:]]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
