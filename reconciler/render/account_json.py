"""The committed status as JSON: the same keys as the live one's, and what only the status branch knows."""

from collections.abc import Mapping, Sequence
from typing import cast

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.spec import Desired
from reconciler.core.statuses.conditions import Episode, Kind, ModelStatus, Truth
from reconciler.core.statuses.held import Held
from reconciler.render import words
from reconciler.render.plan_json import FORMAT_VERSION
from reconciler.render.status_rows import Readiness


def document(statuses: Mapping[str, ModelStatus], held: Held | None) -> JsonObject:
    """Every model as the status branch tells of it, and the refused revision that the target is held for."""
    refusal: JsonObject | None = None
    if held is not None:
        refusal = {"revision": held.revision, "refused": held.refused, "message": held.message}
    models: list[Json] = [_model(status) for _, status in sorted(statuses.items())]
    shown: JsonObject = {
        "format_version": FORMAT_VERSION,
        "observed": "status",
        "held": refusal,
        "models": models,
        "unreachable": [],
    }
    return cast("JsonObject", words.cleaned(shown))


def where(target: str, branch: str, desired: Desired, unknown: Sequence[str]) -> JsonObject:
    """Which target and branch it is about, what git says now, and what is not known."""
    shown: JsonObject = {
        "target": target,
        "branch": branch,
        "revision": desired.revision,
        "not_fresh": desired.not_fresh or None,
        "complete": not unknown,
        "unknown": [*unknown],
    }
    return cast("JsonObject", words.cleaned(shown))


def history(episodes: tuple[Episode, ...]) -> list[Json]:
    """The last generations that git wanted, the last of them first."""
    return [
        {
            "generation": episode.generation,
            "revision": episode.revision,
            "wanted": episode.wanted,
            "fate": episode.fate.value,
            "since": episode.since,
            "reason": episode.reason.value,
            "message": episode.message,
        }
        for episode in episodes
    ]


def _model(status: ModelStatus) -> JsonObject:
    ready, stalled = status.conditions.get(Kind.READY), status.conditions.get(Kind.STALLED)
    return {
        "name": status.name,
        "settled": status.ready,
        "change": None,
        "reason": ready.reason.value if ready else None,
        "message": ready.message if ready else "",
        "stalled": stalled is not None and stalled.status is Truth.TRUE,
        "desired": status.generation,
        "revision": status.revision,
        "on_disk": {"generation": status.active, "damage": [], "foreign": None},
        "servers": [_server(status, url) for url in sorted({*status.servers, *status.served})],
        "conditions": [
            {
                "type": kind.value,
                "status": found.status.value,
                "reason": found.reason.value,
                "message": found.message,
                "last_transition_time": found.last_transition_time,
            }
            for kind, found in status.conditions.items()
        ],
        "history": history(status.history),
    }


def _server(status: ModelStatus, url: str) -> JsonObject:
    up = url in status.served
    return {
        "server": url,
        "readiness": (Readiness.READY if up else Readiness.NOT_LOADED).value,
        "generation": status.served.get(url),
        "versions": [*status.versions] if up else [],
    }
