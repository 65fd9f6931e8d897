"""How a pass begins: git is read, a target chosen, the revision trusted, connections opened."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from reconciler.adapters.volume.memos import keep, recalled
from reconciler.core.trust.trusted import UntrustedError
from reconciler.passes.choosing import check_adopted, chosen_target, with_models
from reconciler.passes.holding import tell_held
from reconciler.passes.looking import Pass
from reconciler.passes.options import Options
from reconciler.passes.reading import read_desired, status_folder, statuses_in
from reconciler.passes.trusting import admitted, remember
from reconciler.passes.world import opened

Hold = Callable[[Pass], AbstractContextManager[None]]
"""Locks a pass's volume."""


def revision(options: Options) -> str:
    """The revision that a pass with these options would be about. Raises ReconcileError."""
    return read_desired(options, options.access(options.volume)).revision


@contextmanager
def begun(options: Options, now: datetime, *, writes: bool = False) -> Iterator[Pass]:
    """A pass with git read and trusted, and connections open; one that `writes` may begin to keep things on its volume.

    Raises ReconcileError where that cannot be done at all.
    """
    access = options.access(options.volume, create=writes)
    memo = recalled(options.volume)
    with options.trace.reading():
        desired = read_desired(options, access, memo)
        target = chosen_target(desired, options)
        options.trace.about(target.name, desired.revision)
        admitted(desired, target, options)
        options = with_models(desired, target, options)
        check_adopted(desired, target, options)
        folder = status_folder(desired, target, options, access)
        statuses = statuses_in(folder, memo)
    with opened(target, desired, options.environment, options.limits, verify=options.verify) as found:
        world = found.remembering(memo)
        yield Pass(
            options=options,
            desired=desired,
            target=target,
            world=world,
            statuses=statuses,
            folder=folder.id,
            now=now,
        )
    keep(options.volume, memo)


@contextmanager
def begun_for_good(options: Options, now: datetime, hold: Hold) -> Iterator[Pass]:
    """As `begun`, with the volume locked by `hold`, and the volume remembering that the revision is trusted.

    Raises ReconcileError as `begun` does, and tells of a revision that is not trusted in the status.
    """
    try:
        with begun(options, now, writes=True) as one, hold(one):
            remember(one.desired, one.target, options)
            yield one
    except UntrustedError as error:
        tell_held(error, options, now)
        raise


def locking(owner: str) -> Hold:
    """Locks a pass's volume for `owner`."""
    return lambda one: one.world.volume.lock(owner)
