"""Which servers of a target each model belongs on, as a value, and which copies leave a server for that.

Where they belong is decided in core/judging/rendezvous.py. Promise: a copy goes only when the model is up as it is
wanted wherever it belongs, and never under what stays and needs it; while one of its servers cannot be looked at, none
goes.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.judging.served import is_up, serving
from reconciler.core.judging.verdicts import Verdict, Wanted, needs_of
from reconciler.core.observed import ForeignEntry, Observed, Served, Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Servers by model; a model that is not in here belongs on every server.

    `notes`: why a model is not on as many as it asks for. `still`: nothing leaves a server in this pass.
    """

    servers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    still: bool = False

    def has(self, server: str, model: str) -> bool:
        """Whether the model belongs on this server."""
        places = self.servers.get(model)
        return places is None or server in places

    def of(self, model: str, servers: Collection[str]) -> tuple[str, ...]:
        """Those of the servers that the model belongs on, in order."""
        return tuple(server for server in sorted(servers) if self.has(server, model))

    def views(self, model: str, observed: Observed) -> dict[str, Serving]:
        """The servers that answered and that the model belongs on."""
        return {server: view for server, view in serving(observed).items() if self.has(server, model)}

    def seen_by(self, model: str, observed: Observed) -> Observed:
        """The world with those servers only that the model belongs on."""
        if model not in self.servers:
            return observed
        return replace(observed, servers={url: observed.servers[url] for url in self.of(model, observed.servers)})


EVERYWHERE = Placement()

Users = Mapping[str, frozenset[str]]
"""Models to those that need them by what git or their config says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A copy that goes, after what uses it there has gone or changed."""

    model: str
    server: str
    users: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name that no model can have."""
        return f"{self.model}@{self.server}"


def departures(
    verdicts: Mapping[str, Verdict], observed: Observed, placement: Placement, going: Collection[str]
) -> dict[str, Departure]:
    """The copies that go, by their names; `going`: models that are removed as a whole."""
    callers = _callers(verdicts) if placement.servers else {}
    candidates = [] if placement.still else [*_misplaced(verdicts, observed, placement)]
    found = {one.name: replace(one, users=_users(one, callers, observed)) for one in candidates}
    while staying := [name for name, one in found.items() if _is_needed(one, found, verdicts, going)]:
        found = {name: one for name, one in found.items() if name not in staying}
    return found


def _callers(verdicts: Mapping[str, Verdict]) -> Users:
    found: dict[str, set[str]] = {}
    for name, verdict in verdicts.items():
        for other in needs_of(verdict):
            found.setdefault(other, set()).add(name)
    return {name: frozenset(users) for name, users in found.items()}


def _misplaced(verdicts: Mapping[str, Verdict], observed: Observed, placement: Placement) -> Iterator[Departure]:
    views = serving(observed)
    for name in sorted(placement.servers):
        verdict, places = verdicts.get(name), placement.servers[name]
        if isinstance(verdict, Wanted) and verdict.spec.load.enabled and places <= views.keys():
            there = {server: views[server].models.get(name) for server in sorted(views.keys() - places)}
            yield from (Departure(model=name, server=url) for url in there if _may_go(name, there[url], observed))


def _may_go(name: str, served: Served | None, observed: Observed) -> bool:
    return served is not None and served.up and _is_ours(name, served, observed)


def _is_ours(name: str, served: Served, observed: Observed) -> bool:
    """By its stamp, or because its directory is taken over."""
    adopted = isinstance(observed.volume.entries.get(name), ForeignEntry) or name in observed.volume.aside
    return served.generation is not None or adopted


def _users(one: Departure, callers: Users, observed: Observed) -> tuple[str, ...]:
    """What is up beside it and needs it, as it is served or by its spec."""
    view = serving(observed)[one.server]
    calling = {user for user in callers.get(one.model, ()) if is_up(view, user)}
    return tuple(sorted((calling | view.users.get(one.model, frozenset())) - {one.model}))


def _is_needed(
    one: Departure, leaving: Collection[str], verdicts: Mapping[str, Verdict], going: Collection[str]
) -> bool:
    """Whether something that is up there, and neither leaves nor is removed, goes on needing it."""
    users = (user for user in one.users if f"{user}@{one.server}" not in leaving and user not in going)
    return any(_goes_on_needing(one.model, verdicts.get(user)) for user in users)


def _goes_on_needing(model: str, verdict: Verdict | None) -> bool:
    """Whether the user stays as it is, or needs the model as it will be."""
    return not isinstance(verdict, Wanted) or model in needs_of(verdict)
