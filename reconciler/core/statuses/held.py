"""A target's status while a revision is not trusted: all stays as it was, and the page and a condition say why."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from reconciler.core.errors import Reason
from reconciler.core.jsonvalue import JsonObject, parsed
from reconciler.core.markdown import plain
from reconciler.core.statuses.conditions import Truth, stable
from reconciler.core.statuses.status_files import API_VERSION, README

CONDITION_FILE = "@target.json"
"""No model's file can have this name: of a name, @ would be escaped."""

_NOTE = re.compile(r"\n\*\*Held at [^\n]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The target stays at `revision`, because `refused` is not trusted, as `message` says."""

    target: str
    revision: str
    refused: str
    message: str


def held_files(files: Mapping[str, bytes], held: Held, *, now: str) -> Mapping[str, bytes]:
    """The files of the target's folder with a note on its page and a condition in a file of its own; `now` in RFC 3339.

    The same refusal gives the same bytes. The next status of a trusted revision replaces all of it.
    """
    page = files.get(README, f"# Status of {plain(held.target)}\n".encode()).decode("utf-8", "replace")
    title, _, rest = _NOTE.sub("", page).partition("\n")
    note = f"**Held at `{held.revision[:12]}`:** {plain(stable(held.message))}"
    return {
        **files,
        README: f"{title}\n\n{note}\n{rest}".encode(),
        CONDITION_FILE: _condition(held, _since(files.get(CONDITION_FILE, b"")) or now),
    }


def held_in(files: Mapping[str, bytes]) -> Held | None:
    """What the files of a target's folder say of a refusal, None if there is none (or nobody can read it)."""
    try:
        raw = cast("JsonObject", parsed(files.get(CONDITION_FILE, b"")))
        name, status = cast("JsonObject", raw["metadata"])["name"], cast("JsonObject", raw["status"])
        condition = cast("list[JsonObject]", status["conditions"])[0]
        told = (name, status["revision"], status["refused"], condition["message"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    target, revision, refused, message = map(str, told)
    return Held(target=target, revision=revision, refused=refused, message=message)


def _condition(held: Held, since: str) -> bytes:
    condition = {
        "type": "Trusted",
        "status": Truth.FALSE,
        "reason": Reason.COMMIT_NOT_VERIFIED,
        "message": stable(held.message),
        "lastTransitionTime": since,
    }
    document = {
        "apiVersion": API_VERSION,
        "kind": "TargetStatus",
        "metadata": {"name": held.target},
        "status": {"revision": held.revision, "refused": held.refused, "conditions": [condition]},
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _since(content: bytes) -> str:
    """Since when the condition is what it is, empty if it was not there."""
    try:
        since = parsed(content)["status"]["conditions"][0]["lastTransitionTime"]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return since if isinstance(since, str) else ""
