"""What separates each wanted model from what is there, before any order: link, tree and every server.

Level-triggered: a first rollout, an update, a rollback and every kind of drift are the same comparison of generations.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from reconciler.core.artifact import Tree
from reconciler.core.errors import Reason
from reconciler.core.judging.places import Placement
from reconciler.core.judging.served import above_on, active_tree, is_up, serving, stamp_on, tree_on
from reconciler.core.judging.verdicts import Request, Verdict, Wanted
from reconciler.core.observed import Active, Entry, ForeignEntry, Observed, Served, Serving
from reconciler.core.spec import Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What one model lacks. `loads` and `unloads` are by server; a server in both gets the unload first.

    `leaves`: servers that it goes from once it is up where it belongs.

    `taken_down`: models whose unload and return this one is part of, because they are recreated under it. `mends`: how
    often its tree has been mended, with the mending that this delta is about.
    """

    verdict: Wanted
    active: Active | None
    activation: Reason | None = None
    loads: Mapping[str, Reason] = field(default_factory=dict)
    unloads: Mapping[str, Reason] = field(default_factory=dict)
    leaves: tuple[str, ...] = ()
    taken_down: tuple[str, ...] = ()
    mends: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether the link will name another tree than before."""
        return self.activation is not None and (
            self.active is None or self.active.generation != self.verdict.artifact.tree.generation
        )

    @property
    def at_home(self) -> bool:
        """Whether nothing separates it where it belongs."""
        return self.activation is None and not self.loads and not self.unloads

    @property
    def empty(self) -> bool:
        """Whether nothing separates it."""
        return self.at_home and not self.leaves


def deltas(
    verdicts: Mapping[str, Verdict],
    observed: Observed,
    request: Request,
    placement: Placement,
    apart: AbstractSet[str] = frozenset(),
) -> dict[str, Delta]:
    """A delta for each wanted model; none where no server that it belongs on could be reached.

    `apart`: models whose two copies do not fit, so that they are unloaded first.
    """
    wanted = {name: verdict for name, verdict in sorted(verdicts.items()) if isinstance(verdict, Wanted)}
    found = {
        name: _delta(verdict, observed, {} if request.no_server else serving(observed), placement)
        for name, verdict in wanted.items()
        if request.no_server or placement.views(name, observed)
    }
    for name in sorted(found):
        if name in apart or found[name].verdict.spec.update is Update.RECREATE:
            found |= _recreated(name, found, observed)
    return found


def may_be_recreated(name: str, found: Mapping[str, Delta], observed: Observed) -> bool:
    """Whether it gives way to another generation, and can be put back where that fails."""
    changed = _recreated(name, found, observed).get(name)
    return changed is not None and bool(changed.unloads)


def _delta(verdict: Wanted, observed: Observed, servers: Mapping[str, Serving], placement: Placement) -> Delta:
    name = verdict.spec.name
    entry = observed.volume.entries.get(name)
    active = entry if isinstance(entry, Active) else None
    served = {server: view.models.get(name) for server, view in servers.items()}
    activation = _activation(verdict, entry, served.values())
    mends = observed.volume.mends.get(verdict.artifact.tree.generation, 0) + (activation is Reason.TREE_DAMAGED)
    if not verdict.spec.load.enabled:
        down = dict.fromkeys(_to_go(served, activation), Reason.LOAD_DISABLED)
        return Delta(verdict=verdict, active=active, activation=activation, mends=mends, unloads=down)
    here = {server: state for server, state in served.items() if placement.has(server, name)}
    reasons = {server: _load_reason(verdict, state, activation, mends) for server, state in here.items()}
    loads = {server: reason for server, reason in reasons.items() if reason is not None}
    notes = tuple(note for note in (placement.notes.get(name),) if note is not None)
    return Delta(verdict=verdict, active=active, activation=activation, mends=mends, loads=loads, warnings=notes)


def _to_go(served: Mapping[str, Served | None], activation: Reason | None) -> list[str]:
    """The servers that have it up from us, or from a directory that is taken over."""
    up = {server: state for server, state in served.items() if state is not None and state.up}
    return sorted(server for server, state in up.items() if state.generation or activation is Reason.ADOPTED)


def _activation(verdict: Wanted, active: Entry | None, served: Iterable[Served | None]) -> Reason | None:
    wanted = verdict.artifact.tree.generation
    if active is None:
        return Reason.NOT_ON_VOLUME
    if isinstance(active, ForeignEntry):
        return Reason.ADOPTED
    if active.generation != wanted:
        already = wanted in {state.generation for state in served if state is not None and state.up}
        return Reason.LINK_REPOINTED if already else Reason.GENERATION_CHANGED
    return Reason.TREE_DAMAGED if active.damage or active.tree is None else None


def _load_reason(verdict: Wanted, served: Served | None, activation: Reason | None, mends: int) -> Reason | None:
    if served is None:
        return Reason.NOT_LOADED
    if not served.up:
        failed = any(state.reason not in ("", "unloaded") for state in served.versions)
        return Reason.NOT_READY if failed else Reason.NOT_LOADED
    if served.generation != verdict.artifact.tree.generation:
        changed = activation in (Reason.GENERATION_CHANGED, Reason.ADOPTED)
        return activation if changed else Reason.SERVED_GENERATION_DIFFERS
    ready = {state.version for state in served.versions if state.state == "READY"}
    if set(verdict.artifact.versions) - ready:
        return Reason.NOT_READY
    return Reason.TREE_DAMAGED if _was_mended(verdict, served, activation, mends) else None


def _was_mended(verdict: Wanted, served: Served, activation: Reason | None, mends: int) -> bool:
    if verdict.artifact.tree.loads_from_disk:  # then no mark of mending goes with the config
        return activation is Reason.TREE_DAMAGED
    return served.mends != mends


def _recreated(name: str, found: Mapping[str, Delta], observed: Observed) -> dict[str, Delta]:
    """The delta with unloads before its loads, and those of the ensembles above it; empty if nothing gives way."""
    delta, servers = found[name], serving(observed)
    wanted = delta.verdict.artifact.tree.generation
    up = [
        server for server in delta.loads if is_up(servers[server], name) and stamp_on(servers[server], name) != wanted
    ]
    if not up:
        return {}
    down = [(server, other) for server in up for other in above_on(servers[server], name)]
    if warning := _why_not(name, up, down, found, observed):
        return {name: replace(delta, warnings=(*delta.warnings, f"replaced and not recreated, because {warning}"))}
    unloads = {server: delta.loads[server] for server in up}
    changed = {name: replace(delta, unloads={**delta.unloads, **unloads})}
    for server, other in down:
        changed[other] = _taken_down(changed.get(other, found[other]), server, name)
    return changed


def _why_not(
    name: str, up: list[str], down: list[tuple[str, str]], found: Mapping[str, Delta], observed: Observed
) -> str:
    """Why a model must not be unloaded first, empty if it may."""
    strangers = sorted({other for _, other in down} - found.keys())
    if strangers:
        return f"{', '.join(strangers)} must not be taken down"
    pairs = [(server, name) for server in up] + down
    lost = sorted({other for server, other in pairs if way_back(server, other, observed) is None})
    return f"what is served of {', '.join(lost)} could not be put back if that failed" if lost else ""


def way_back(server: str, name: str, observed: Observed) -> Tree | None:
    """What to load where a change fails: what is up there, or what is active if nobody knows what that is."""
    return tree_on(serving(observed)[server], name, observed.volume) or active_tree(observed.volume, name)


def _taken_down(delta: Delta, server: str, cause: str) -> Delta:
    """A model that is not to be loaded goes down for good, and by itself."""
    if not delta.verdict.spec.load.enabled:
        return delta
    reason = Reason.DEPENDENCY_RELOADED
    return replace(
        delta,
        loads={server: reason, **delta.loads},
        unloads={server: reason, **delta.unloads},
        taken_down=(*delta.taken_down, cause),
    )
