"""How a pass begins: git is read, a target chosen, connections opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from reconciler.choosing import check_adopted, chosen_target, with_models
from reconciler.looking import Pass
from reconciler.options import Options
from reconciler.reading import read_desired, read_statuses
from reconciler.world import opened


def revision(options: Options) -> str:
    """The revision that a pass with these options would be about. Raises ReconcileError."""
    return read_desired(options, None).revision


@contextmanager
def begun(options: Options, now: datetime) -> Iterator[Pass]:
    """A pass with git read and connections open. Raises ReconcileError where that cannot be done at all."""
    desired = read_desired(options, None)
    target = chosen_target(desired, options)
    options = with_models(desired, target, options)
    check_adopted(desired, target, options)
    statuses = read_statuses(desired, target, options, None)
    with opened(target, desired, options.environment, options.limits) as world:
        yield Pass(options=options, desired=desired, target=target, world=world, statuses=statuses, now=now)
