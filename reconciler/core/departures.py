"""What leaves a server because it belongs on others: which copies may go in this pass, and who waits for whom.

Promise: a copy goes only when the model is up as it is wanted wherever it belongs, and never under what stays and needs
it; while one of its servers cannot be looked at, nothing of it goes.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.observed import ForeignEntry, Observed, Served, Serving
from reconciler.core.places import Placement
from reconciler.core.served import is_up, serving, stamp_on
from reconciler.core.verdicts import Verdict, Wanted, needs_of

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
    while staying := [name for name, one in found.items() if _is_needed(one, found, verdicts, observed, going)]:
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
        verdict = verdicts.get(name)
        places = placement.of(name, observed.servers)
        if isinstance(verdict, Wanted) and verdict.spec.load.enabled and all(place in views for place in places):
            others = {server: view.models.get(name) for server, view in views.items() if server not in places}
            for server, served in others.items():
                if served is not None and served.up and _is_ours(name, served, observed):
                    yield Departure(model=name, server=server)


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
    one: Departure,
    leaving: Collection[str],
    verdicts: Mapping[str, Verdict],
    observed: Observed,
    going: Collection[str],
) -> bool:
    view = serving(observed)[one.server]
    return any(
        f"{user}@{one.server}" not in leaving and user not in going and _goes_on(user, one.model, view, verdicts)
        for user in one.users
    )


def _goes_on(user: str, model: str, view: Serving, verdicts: Mapping[str, Verdict]) -> bool:
    """Whether it goes on needing the model there: it stays as it is, or needs it as it will be."""
    verdict = verdicts.get(user)
    if not isinstance(verdict, Wanted):
        return True
    if not verdict.spec.load.enabled:
        return False
    return stamp_on(view, user) == verdict.artifact.tree.generation or model in needs_of(verdict)
