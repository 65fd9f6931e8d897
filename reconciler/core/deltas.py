"""What separates each wanted model from what is there, before any order: link, tree and every server.

Level-triggered: a first rollout, an update, a rollback and every kind of drift are the same comparison of generations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core import graph
from reconciler.core.capacity import chosen_update
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Observed, Served, Serving
from reconciler.core.spec import ModelSpec, Target, Update
from reconciler.core.verdicts import Request, Verdict, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What one model lacks. `loads` and `unloads` are by server; a server in both gets the unload first.

    `taken_down`: models whose unload and return this one is part of, because they are recreated under it.
    """

    verdict: Wanted
    active: Active | None
    activation: Reason | None = None
    loads: Mapping[str, Reason] = field(default_factory=dict)
    unloads: Mapping[str, Reason] = field(default_factory=dict)
    taken_down: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether the link will name another tree than before."""
        return self.activation is not None and (
            self.active is None or self.active.generation != self.verdict.artifact.tree.generation
        )

    @property
    def empty(self) -> bool:
        """Whether nothing separates it."""
        return self.activation is None and not self.loads and not self.unloads


def serving(observed: Observed) -> dict[str, Serving]:
    """The servers that answered."""
    return {name: view for name, view in sorted(observed.servers.items()) if isinstance(view, Serving)}


def above_on(view: Serving, model: str) -> tuple[str, ...]:
    """Models that are up and whose ensemble steps, directly or through others, reach this one."""
    needs = {name: served.members for name, served in view.models.items() if served.up}
    return tuple(sorted(graph.above(needs, model) & needs.keys()))


def deltas(verdicts: Mapping[str, Verdict], observed: Observed, target: Target, request: Request) -> dict[str, Delta]:
    """A delta for each wanted model; none where no server that is to be used could be reached."""
    wanted = {name: verdict for name, verdict in sorted(verdicts.items()) if isinstance(verdict, Wanted)}
    servers = {} if request.no_server else serving(observed)
    if not servers and not request.no_server:
        return {}
    found = {name: _delta(verdict, observed, servers) for name, verdict in wanted.items()}
    for name in sorted(found):
        found |= _recreated(name, found, servers, target)
    return found


def _delta(verdict: Wanted, observed: Observed, servers: Mapping[str, Serving]) -> Delta:
    name = verdict.spec.name
    entry = observed.volume.entries.get(name)
    active = entry if isinstance(entry, Active) else None
    served = {server: view.models.get(name) for server, view in servers.items()}
    activation = _activation(verdict, active, served.values())
    if not verdict.spec.load.enabled:
        up = {server for server, state in served.items() if state is not None and state.up and state.generation}
        return Delta(
            verdict=verdict,
            active=active,
            activation=activation,
            unloads=dict.fromkeys(sorted(up), Reason.LOAD_DISABLED),
        )
    reasons = {server: _load_reason(verdict, state, activation) for server, state in served.items()}
    loads = {server: reason for server, reason in reasons.items() if reason is not None}
    return Delta(verdict=verdict, active=active, activation=activation, loads=loads)


def _activation(verdict: Wanted, active: Active | None, served: Iterable[Served | None]) -> Reason | None:
    wanted = verdict.artifact.tree.generation
    if active is None:
        return Reason.NOT_ON_VOLUME
    if active.generation != wanted:
        already = any(state is not None and state.up and state.generation == wanted for state in served)
        return Reason.LINK_REPOINTED if already else Reason.GENERATION_CHANGED
    return Reason.TREE_DAMAGED if active.damage else None


def _load_reason(verdict: Wanted, served: Served | None, activation: Reason | None) -> Reason | None:
    if served is None:
        return Reason.NOT_LOADED
    if not served.up:
        failed = any(state.reason not in ("", "unloaded") for state in served.versions)
        return Reason.NOT_READY if failed else Reason.NOT_LOADED
    if served.generation != verdict.artifact.tree.generation:
        changed = activation is Reason.GENERATION_CHANGED
        return Reason.GENERATION_CHANGED if changed else Reason.SERVED_GENERATION_DIFFERS
    ready = {state.version for state in served.versions if state.state == "READY"}
    if set(verdict.artifact.versions) - ready:
        return Reason.NOT_READY
    return Reason.TREE_DAMAGED if activation is Reason.TREE_DAMAGED else None


def _recreated(
    name: str, found: Mapping[str, Delta], servers: Mapping[str, Serving], target: Target
) -> dict[str, Delta]:
    """The delta with unloads before its loads if it is to be recreated, and those of the ensembles above it."""
    delta = found[name]
    up = [server for server in delta.loads if _is_up(name, servers[server])] if delta.moves else []
    if not up or chosen_update(delta.verdict.spec, _others(name, found), target) is not Update.RECREATE:
        return {}
    dependents = [(server, other) for server in up for other in above_on(servers[server], name)]
    strangers = sorted({other for _, other in dependents} - found.keys())
    if strangers:
        warning = f"replaced and not recreated, because {', '.join(strangers)} must not be taken down"
        return {name: replace(delta, warnings=(*delta.warnings, warning))}
    changed = {name: replace(delta, unloads={**delta.unloads, **dict.fromkeys(up, delta.loads[up[0]])})}
    for server, other in dependents:
        changed[other] = _taken_down(changed.get(other, found[other]), server, name)
    return changed


def _others(name: str, found: Mapping[str, Delta]) -> list[ModelSpec]:
    return [other.verdict.spec for key, other in found.items() if key != name]


def _is_up(name: str, view: Serving) -> bool:
    return name in view.models and view.models[name].up


def _taken_down(delta: Delta, server: str, cause: str) -> Delta:
    reason = Reason.DEPENDENCY_RELOADED
    return replace(
        delta,
        loads={server: reason, **delta.loads},
        unloads={server: reason, **delta.unloads},
        taken_down=(*delta.taken_down, cause),
    )
