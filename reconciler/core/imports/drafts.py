"""What an import makes: a file of models.d for each model, with what it could not carry over, or why there is none.

Promise: whatever was written down elsewhere is in the file, in its comments, or in the reason that there is no file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.checking.nodes import described
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.printable import printable

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A model as a file of ours. `origin` says in words what it was; `notes` what of that has no equivalent."""

    name: str
    origin: str
    spec: JsonObject
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A model of which no file is made, and why."""

    name: str
    origin: str
    why: str


Result = Draft | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """All models of an input; `passed_over`: what else was in it."""

    results: tuple[Result, ...]
    passed_over: tuple[str, ...] = ()


def one_line(words: str) -> str:
    """Foreign words as one line that is safe in a comment and on a terminal."""
    return printable(" ".join(words.split()))


def shown(value: Json) -> str:
    """A foreign value in a few words, without userinfo and query of a URL."""
    if isinstance(value, (dict, list)):
        whole = json.dumps(value, ensure_ascii=False, sort_keys=True)
        return described(whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "…", None).strip('"')
    return described(value, None).removeprefix("the number ")
