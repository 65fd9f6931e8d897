"""A target's state beside the commit on GitHub: as a commit status, or as a check run, which only Apps may write.

What is there is asked first, so a pass that changes nothing writes nothing: of a commit and context GitHub takes a
thousand statuses.
"""

import json
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.adapters.notices.bounded import Timing
from reconciler.adapters.notices.settings import Channel, Forge
from reconciler.adapters.notices.wire import Request, Wire
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.statuses.verdict import State, Verdict

_OURS = "reconcile"
_CONCLUSIONS = {State.SUCCESS: "success", State.FAILURE: "failure", State.ERROR: "failure"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is told of a commit, under a context; `page` is where there is more about it, empty if nowhere."""

    revision: str
    context: str
    verdict: Verdict
    page: str = ""


def report(forge: Forge, commit: Commit, timing: Timing, bundle: str | None = None) -> None:
    """Raises TerminalError or TransientError where GitHub does not take it."""
    with Wire("GitHub", timing, bundle) as wire:
        talk = _Talk(wire, forge)
        match forge.channel:
            case Channel.STATUSES:
                _status(talk, commit)
            case Channel.CHECKS:
                _check(talk, commit)


@dataclass(frozen=True, slots=True)
class _Talk:
    wire: Wire
    forge: Forge

    def ask(self, method: str, path: str, document: JsonObject | None = None) -> JsonObject:
        """One request to the repository."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.forge.token}",
            "Content-Type": "application/json",
            "User-Agent": _OURS,
            "X-GitHub-Api-Version": "2022-11-28",
        }
        body = None if document is None else json.dumps(document).encode()
        url = f"{self.forge.api}/repos/{self.forge.repository}/{path}"
        return self.wire.send(Request(method=method, url=url, headers=headers, body=body)).document


def _status(talk: _Talk, commit: Commit) -> None:
    wanted: JsonObject = {
        "state": commit.verdict.state.value,
        "description": commit.verdict.description,
        "context": commit.context,
        **({"target_url": commit.page} if commit.page else {}),
    }
    known = _objects(talk.ask("GET", f"commits/{commit.revision}/status?per_page=100"), "statuses")
    if not any(_holds(each, wanted) for each in known):
        talk.ask("POST", f"statuses/{commit.revision}", wanted)


def _check(talk: _Talk, commit: Commit) -> None:
    conclusion = _CONCLUSIONS.get(commit.verdict.state)
    ended: JsonObject = {"status": "in_progress"} if conclusion is None else {"conclusion": conclusion}
    output: JsonObject = {"title": commit.verdict.description, "summary": commit.verdict.details}
    wanted: JsonObject = {
        "name": commit.context,
        "external_id": _OURS,
        **ended,
        **({"details_url": commit.page} if commit.page else {}),
        "output": output,
    }
    name = urllib.parse.quote(commit.context, safe="")
    found = _objects(talk.ask("GET", f"commits/{commit.revision}/check-runs?check_name={name}"), "check_runs")
    mine = next((each for each in found if each.get("external_id") == _OURS), None)
    if mine is None:
        talk.ask("POST", "check-runs", {**wanted, "head_sha": commit.revision})
    elif not _holds(mine, wanted):
        talk.ask("PATCH", f"check-runs/{mine.get('id')}", wanted)


def _objects(answer: JsonObject, key: str) -> Iterator[JsonObject]:
    rows = answer.get(key)
    yield from (row for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict))


def _holds(there: Json, wanted: Json) -> bool:
    """Whether all that is wanted is there, among what GitHub adds."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        return all(_holds(there.get(key), value) for key, value in wanted.items())
    return there == wanted
