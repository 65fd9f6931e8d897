"""What is desired, on disk and loaded, side by side: one row for each model (spec §5 `status`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from reconciler.core.digest import Generation
from reconciler.core.observed import Active, ForeignEntry, Observed, Served, ServerView, Serving, Unreachable
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.render.summary import asked_for


class Readiness(StrEnum):
    """Whether one server answers requests for a model."""

    READY = "ready"
    BUSY = "busy"
    DOWN = "down"
    NOT_LOADED = "not loaded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnServer:
    """A model as one server has it; generation None where nothing stamped by us is up, `versions` those that answer."""

    server: str
    readiness: Readiness
    generation: Generation | None = None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model: what the plan says of it, and where it stands. `foreign` says what is there that is not ours."""

    plan: ModelPlan
    on_disk: Generation | None = None
    damage: tuple[str, ...] = ()
    foreign: str = ""
    servers: tuple[OnServer, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether it is as it is wanted."""
        return self.plan.change is Change.UNCHANGED


def rows(plan: Plan, observed: Observed) -> list[Row]:
    """A row for each model that was asked for, by name."""
    return [_row(model, observed) for model in sorted(asked_for(plan), key=lambda model: model.model)]


def _row(model: ModelPlan, observed: Observed) -> Row:
    found = (_on_server(url, view, model.model) for url, view in sorted(observed.servers.items()))
    servers = tuple(one for one in found if _is_shown(one, model))
    match observed.volume.entries.get(model.model):
        case Active(generation=generation, damage=damage):
            return Row(plan=model, on_disk=generation, damage=damage, servers=servers)
        case ForeignEntry(kind=kind):
            return Row(plan=model, foreign=kind, servers=servers)
        case None:
            return Row(plan=model, servers=servers)


def _is_shown(one: OnServer, model: ModelPlan) -> bool:
    """Whether there is anything to tell: that a server lacks what does not belong there is as it should be."""
    lacks = one.readiness in (Readiness.NOT_LOADED, Readiness.UNKNOWN)
    return model.servers is None or one.server in model.servers or not lacks


def _on_server(url: str, view: ServerView, model: str) -> OnServer:
    match view:
        case Unreachable():
            return OnServer(server=url, readiness=Readiness.UNKNOWN)
        case Serving(models=models):
            served = models.get(model)
            generation = served.generation if served else None
            versions = tuple(sorted(row.version for row in served.versions if row.state == "READY")) if served else ()
            return OnServer(server=url, readiness=_readiness(served), generation=generation, versions=versions)
    assert_never(view)


def _readiness(served: Served | None) -> Readiness:
    if served is None or not served.versions:
        return Readiness.NOT_LOADED
    if served.up:
        return Readiness.READY
    return Readiness.BUSY if served.busy else Readiness.DOWN


def unreachable(servers: Mapping[str, ServerView]) -> dict[str, Unreachable]:
    """The servers that did not answer."""
    return {url: view for url, view in servers.items() if isinstance(view, Unreachable)}
