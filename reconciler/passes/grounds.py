"""What a plan with nothing to do followed from, noted before a look and looked at again later (docs/adr/0015).

Promise: as long as `again` gives the plan, a look would find what it found. Everything is asked for afresh, from git's
tip to the configs that are served; where any of it cannot be had, nothing is as it was.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.adapters import gitrepo
from reconciler.adapters.volume import glance, trusted
from reconciler.core.errors import ReconcileError
from reconciler.core.observed import Observed
from reconciler.core.plan import Plan
from reconciler.core.planning.quiet import Grounds, Quiet, is_quiet, told, with_room
from reconciler.core.spec import Desired, Target
from reconciler.passes.options import Options
from reconciler.passes.servers import views

_PATIENCE = 5.0
"""Seconds for git's remote and for each server: where nothing has changed all of them are well."""

_COMMIT = 40
"""Digits of what git calls a commit; what else is read has longer names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How git and the volume stand before a look: what changes during it must not pass for seen."""

    revision: str
    volume: str
    paths: tuple[str, ...]


class Seen(Protocol):
    """What is asked of a look (looking.Look), which takes its time to import."""

    @property
    def desired(self) -> Desired:
        """What git says."""
        ...

    @property
    def target(self) -> Target:
        """The target that was looked at."""
        ...

    @property
    def observed(self) -> Observed:
        """What is there."""
        ...

    @property
    def plan(self) -> Plan:
        """What follows."""
        ...

    @property
    def folder(self) -> str:
        """What git calls the folder of statuses."""
        ...


def before(options: Options, volume: str) -> Before | None:
    """What to note before a look; None where changes would not be seen, or something has changed just now."""
    if options.adopt or options.pinned or trusted.exists(volume):
        return None
    with suppress(ReconcileError, OSError):
        revision = _tip(options)
        if len(revision) == _COMMIT:
            found = glance.survey(volume)
            return None if found is None else Before(revision=revision, volume=found.stand, paths=found.paths)
    return None


def quiet(noted: Before | None, seen: Seen) -> Quiet | None:
    """What is worth keeping of a look before which this was noted, None if nothing is."""
    if noted is None or seen.desired.revision != noted.revision:
        return None
    if any("@" in url for url in seen.target.servers) or not is_quiet(seen.plan, seen.desired, seen.observed):
        return None  # what stands before an @ is secret
    grounds = Grounds(
        revision=noted.revision,
        statuses=seen.folder,
        volume=noted.volume,
        served=told(seen.observed.servers),
    )
    branch = seen.desired.repository.status_branch
    return Quiet(grounds=grounds, plan=seen.plan, branch=branch, urls=seen.target.servers, paths=noted.paths)


def again(options: Options, volume: str, known: Quiet) -> Plan | None:
    """The plan, with the room that there is now, where all that it followed from is as it was; else None."""
    with suppress(ReconcileError, OSError):
        same = (
            _tip(options) == known.grounds.revision
            and _folder(options, known) == known.grounds.statuses
            and glance.stand(volume, known.paths) == known.grounds.volume
            and told(views(known.urls, _PATIENCE)) == known.grounds.served
        )
        return with_room(known.plan, glance.room(volume)) if same else None
    return None


def _tip(options: Options) -> str:
    return gitrepo.tip(options.repo, ref=options.ref, path=options.path, access=_hurried(options))


def _folder(options: Options, known: Quiet) -> str:
    return gitrepo.folder_tip(options.repo, known.branch, known.plan.target, access=_hurried(options))


def _hurried(options: Options) -> gitrepo.Access:
    """Who does not answer at once is asked again by the look that follows, which waits."""
    return replace(options.access(options.volume), timeout=_PATIENCE)
