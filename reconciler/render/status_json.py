"""The status as JSON, with the same promises as the plan's."""

from collections.abc import Mapping
from typing import cast

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.observed import Observed
from reconciler.core.plan import Plan
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.render import words
from reconciler.render.account_json import history
from reconciler.render.plan_json import FORMAT_VERSION
from reconciler.render.status_rows import OnServer, Row, rows, unreachable


def document(plan: Plan, observed: Observed, statuses: Mapping[str, ModelStatus]) -> JsonObject:
    """Every model with what is desired, on disk and loaded on each server; and the servers that did not answer.

    `statuses` are the last committed ones, for the models' history.
    """
    silent = sorted(unreachable(observed.servers).items())
    shown: JsonObject = {
        "format_version": FORMAT_VERSION,
        "target": plan.target,
        "observed": "live",
        "revision": plan.revision,
        "not_fresh": plan.not_fresh or None,
        "complete": not plan.unknown,
        "unknown": list(plan.unknown),
        "models": [_model(row, statuses.get(row.plan.model)) for row in rows(plan, observed)],
        "unreachable": [{"server": url, "reason": view.reason.value, "message": view.message} for url, view in silent],
    }
    return cast("JsonObject", words.cleaned(shown))


def _model(row: Row, status: ModelStatus | None) -> JsonObject:
    return {
        "name": row.plan.model,
        "settled": row.settled,
        "change": row.plan.change.value,
        "reason": row.plan.reason.value,
        "message": row.plan.message,
        "stalled": row.plan.stalled,
        "desired": row.plan.wanted,
        "on_disk": {"generation": row.on_disk, "damage": list(row.damage), "foreign": row.foreign or None},
        "servers": [_server(server) for server in row.servers],
        "history": history(status.history) if status is not None else [],
    }


def _server(server: OnServer) -> JsonObject:
    return {
        "server": server.server,
        "readiness": server.readiness.value,
        "generation": server.generation,
        "versions": [*server.versions],
    }
