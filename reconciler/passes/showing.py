"""What a look or the status branch tells, as a Board that can be shown."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.core.observed import Observed, Serving, Unreachable
from reconciler.core.spec import Desired
from reconciler.core.statuses import status
from reconciler.core.statuses.status import ModelStatus
from reconciler.core.views.board import Board, ServerLine
from reconciler.core.views.explanation import all_needs
from reconciler.passes.looking import Look
from reconciler.passes.recounting import Account
from reconciler.render import problems


def of_look(seen: Look, now: datetime) -> Board:
    """How everything stands, and what would be done: as if a pass had done nothing."""
    done = status.Pass(plan=seen.plan, outcomes=(), observed=seen.observed, desired=seen.desired)
    return replace(
        of_desired(Board(target=seen.target.name, at=now), seen.desired, now),
        models=status.summarise(done, seen.statuses, now=now.strftime("%Y-%m-%dT%H:%M:%SZ")),
        needs=all_needs(seen.desired, seen.observed),
        plan=seen.plan,
        servers=servers(seen.observed),
        spans=seen.plan.spans,
        unknown=seen.plan.unknown,
    )


def of_account(told: Account, now: datetime) -> Board:
    """How everything stood when the status was written last."""
    return replace(
        of_desired(Board(target=told.target.name, at=now, remembered=True), told.desired, now),
        models=told.statuses,
        needs=needs(told.desired, told.statuses),
        unknown=told.unknown,
        held=told.held,
    )


def of_desired(board: Board, desired: Desired, now: datetime) -> Board:
    """The board with what git says now."""
    return replace(board, at=now, revision=desired.revision, problems=problems.of(desired), not_fresh=desired.not_fresh)


def needs(desired: Desired, statuses: Mapping[str, ModelStatus]) -> dict[str, frozenset[str]]:
    """As the status tells it, and as declared: no config has to be put together for it again."""
    declared = {name: frozenset(spec.depends_on) for name, spec in desired.models.items() if name in statuses}
    return {name: found.needs | declared.get(name, frozenset()) for name, found in statuses.items()}


def servers(observed: Observed) -> tuple[ServerLine, ...]:
    """Each as it was last seen."""
    found = []
    for url, view in sorted(observed.servers.items()):
        match view:
            case Serving(version=version):
                found.append(ServerLine(url=url, up=True, told=f"Triton {version}" if version else ""))
            case Unreachable(message=message):
                found.append(ServerLine(url=url, up=False, told=message))
    return tuple(found)
