"""How a pass begins: git is read, a target chosen, connections opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from reconciler.choosing import chosen_target, with_models
from reconciler.looking import Pass
from reconciler.options import Options
from reconciler.reading import read_desired, read_statuses
from reconciler.world import opened


@contextmanager
def begun(options: Options, now: datetime, *, writes: bool = False) -> Iterator[Pass]:
    """A pass with git read and connections open; one that `writes` may begin to keep things on its volume.

    Raises ReconcileError where that cannot be done at all.
    """
    access = options.access(options.volume, create=writes)
    desired = read_desired(options, access)
    target = chosen_target(desired, options)
    options = with_models(desired, target, options)
    statuses = read_statuses(desired, target, options, access)
    with opened(target, desired, options.environment, options.limits) as world:
        yield Pass(options=options, desired=desired, target=target, world=world, statuses=statuses, now=now)
