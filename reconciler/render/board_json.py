"""A Board as JSON: the models as `status --observed status` prints them, and what a loop knows beside."""

from datetime import UTC, datetime
from typing import cast

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Result
from reconciler.core.views.board import Board, Light, Loop, Passed
from reconciler.render import account_json, words
from reconciler.render.plan_json import problem
from reconciler.render.summary import summarise


def document(board: Board) -> JsonObject:
    """All of it but the steps of its plans."""
    told = account_json.document(board.models, board.held)
    lights = board.lights()
    by_name = zip(sorted(board.models), cast("list[JsonObject]", told["models"]), strict=True)
    models = [_model(model, lights[name], board.needs.get(name, frozenset())) for name, model in by_name]
    shown: JsonObject = {
        **told,
        "target": board.target,
        "observed": "status" if board.remembered else "live",
        "at": _moment(board.at),
        "revision": board.revision or None,
        "not_fresh": board.not_fresh or None,
        "complete": not board.unknown,
        "unknown": [*board.unknown],
        "models": [*models],
        "servers": [{"server": one.url, "up": one.up, "message": one.told} for one in board.servers],
        "unreachable": [{"server": one.url, "message": one.told} for one in board.servers if not one.up],
        "problems": [problem(found) for found in board.problems],
        "passes": [_pass(passed) for passed in board.passes],
        "loop": None if board.loop is None else _loop(board.loop),
    }
    return cast("JsonObject", words.cleaned(shown))


def _model(model: JsonObject, light: Light, needs: frozenset[str]) -> JsonObject:
    return {**model, "state": light.value, "needs": [*sorted(needs)]}


def _pass(passed: Passed) -> JsonObject:
    results = [outcome.result for outcome in passed.outcomes]
    return {
        "began": _moment(passed.began),
        "seconds": round(passed.seconds, 3),
        "result": passed.ending.value,
        "revision": passed.revision or None,
        "message": passed.message,
        "planned": None if passed.plan is None else str(summarise(passed.plan)),
        "outcomes": {result.value: results.count(result) for result in Result},
        "alike_before": passed.repeats,
        "alike_since": _moment(passed.first),
    }


def _loop(loop: Loop) -> JsonObject:
    return {
        "since": _moment(loop.since),
        "interval_seconds": loop.interval,
        "running_since": _moment(loop.running),
        "last_pass_ended": _moment(loop.last),
        "converged": _moment(loop.converged),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
