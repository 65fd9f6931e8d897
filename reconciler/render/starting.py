"""What `reconcile init` wrote, and what to do next."""

import shlex
from collections.abc import Iterator
from typing import cast

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.started import Started
from reconciler.render import plan_json, words
from reconciler.render.line import Line, Tone


def lines(started: Started, folder: str) -> Iterator[Line]:
    """Each file, and three commands; `folder` is as it was named on the command line."""
    yield from (Line(f"+ {words.line(path)}", Tone.ADD) for path in started.written)
    yield from (Line(f"  {words.line(path)} is there already", Tone.FAINT) for path in started.same)
    if started.begun:
        yield Line("A git repository was begun, on the branch main.")
    elif started.below not in ("", "."):
        outer, below = words.line(started.inside), words.line(started.below)
        yield Line(
            f"This is inside the git repository {outer}: .github and .pre-commit-config.yaml count in its root only. "
            f"Move them there, the action with `path: {below}`, the hooks with `args: [--path, {below}]`."
        )
    count = words.count(len(started.written), "file")
    yield Line(f"{count} written.", Tone.TITLE) if started.written else Line("Nothing to write.", Tone.TITLE)
    yield Line("Next:")
    at = "" if folder == "." else f" -C {words.line(shlex.quote(folder))}"
    repo = "" if folder == "." else f" --repo {words.line(shlex.quote(folder))}"
    if started.below not in ("", "."):
        repo = f" --repo {words.line(shlex.quote(started.inside))} --path {words.line(shlex.quote(started.below))}"
    yield Line(f"  reconcile validate{repo}")
    yield Line(f"  git{at} add --all && git{at} commit -m 'The first model'")
    yield Line(f"  reconcile plan{repo} --volume /models")


def document(started: Started) -> JsonObject:
    """The same as one document."""
    shown: JsonObject = {
        "format_version": plan_json.FORMAT_VERSION,
        "folder": started.folder,
        "written": list(started.written),
        "unchanged": list(started.same),
        "git": "begun" if started.begun else "there" if started.inside else "none",
    }
    return cast("JsonObject", words.cleaned(shown))
