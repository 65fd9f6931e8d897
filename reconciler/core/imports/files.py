"""Drafts as files: the text of each, read by our own parser before anybody keeps it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import yaml

from reconciler.core.errors import Problem
from reconciler.core.imports.drafts import Draft, Imported, Refused, Result, one_line
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.names import is_model_name
from reconciler.core.parsing.parse_one import read_model
from reconciler.core.parsing.parse_repository import Settings


def checked(imported: Imported) -> Imported:
    """With a refusal for each model that could not be one of ours: its name, its text, or that there are two."""
    counts = Counter(result.name for result in imported.results)
    return replace(imported, results=tuple(_checked(result, counts[result.name]) for result in imported.results))


def file_name(draft: Draft) -> str:
    """Below models.d."""
    return f"{draft.name}.yaml"


def text(draft: Draft) -> bytes:
    """The file: what could not be carried over stands at its head."""
    metadata: JsonObject = {"name": draft.name}
    metadata |= {"labels": dict(draft.labels)} if draft.labels else {}
    metadata |= {"annotations": dict(draft.annotations)} if draft.annotations else {}
    document = {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": metadata, "spec": draft.spec}
    head = [f"Imported from {draft.origin}."]
    head += ["Not carried over, or to be looked at:", *(f"- {note}" for note in draft.notes)] if draft.notes else []
    comments = "".join(f"# {one_line(line)}\n" for line in head)
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30)
    return (comments + body).encode()


def _checked(result: Result, count: int) -> Result:
    if isinstance(result, Refused):
        return result
    why = _why_not(result, count)
    return Refused(name=result.name, origin=result.origin, why=why) if why else result


def _why_not(draft: Draft, count: int) -> str:
    if not is_model_name(draft.name):
        return (
            "Triton cannot take such a name: letters, digits, '.', '_' and '-', 128 at most, no sign at its beginning"
        )
    if count > 1:
        return f"there are {count} models of this name: import them one at a time, into folders of different targets"
    path = f"models.d/{file_name(draft)}"
    _, problems = read_model(path, {path: text(draft)}, Settings())
    return "; ".join(_in_words(problem) for problem in problems)


def _in_words(problem: Problem) -> str:
    return f"{problem.path}: {problem.found}, where {problem.expected} is expected"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Always: what is equal is written out."""
        del data
        return True
