"""`reconcile review`: what a pull request would do, told by git alone.

Promise: what a pull request holds is read as data out of git's objects; nothing of it is checked out or run.
"""

import posixpath
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.adapters import gitrepo
from reconciler.core.errors import ReconcileError
from reconciler.core.parse import parse
from reconciler.core.review import Planned, Review, Unplanned
from reconciler.core.signers import key_folders
from reconciler.core.spec import Desired
from reconciler.options import Options
from reconciler.remembering import recall_of
from reconciler.render import problems

ROOT = "/checkout"
"""Where relative sources start from, when they may be relative: where the checkout will be, nobody knows here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be looked at. `targets`: none for all of them. `message`: what the commit message will be.

    `relative`: it is applied from a checkout, so sources may be relative paths.
    """

    repo: str
    ref: str | None = None
    path: str = ""
    targets: tuple[str, ...] = ()
    relative: bool = False
    message: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def review(wanted: Wanted, *, now: datetime) -> Review:
    """Checks every file, and plans each target against its status. What cannot be read is told in what is returned."""
    options = Options(repo=wanted.repo, ref=wanted.ref, path=wanted.path, environment=wanted.environment)
    with tempfile.TemporaryDirectory(prefix="reconcile-") as cache:
        try:
            access = options.access(cache, create=True)
            desired = _read(wanted, access)
        except ReconcileError as error:
            return Review(results=(Unplanned(target="", error=error),))
        broken = bool(desired.problems)
        targets = () if broken else wanted.targets or tuple(sorted(desired.repository.targets)) or ("",)
        return Review(
            revision=desired.revision,
            models=len(desired.models),
            problems=tuple(
                replace(found, file=posixpath.join(wanted.path, found.file)) for found in problems.of(desired)
            ),
            results=tuple(_planned(desired, replace(options, target=name or None), access, now) for name in targets),
            broken=broken,
            signed=desired.repository.policy.commit_signers is not None,
        )


def _read(wanted: Wanted, access: gitrepo.Access) -> Desired:
    checkout = gitrepo.read(wanted.repo, ref=wanted.ref, path=wanted.path, access=access, further=key_folders)
    message = checkout.message if wanted.message is None else wanted.message
    root = checkout.root or (ROOT if wanted.relative else None)
    desired = parse(checkout.files, revision=checkout.revision, message=message, root=root)
    return replace(desired, commit=checkout.commit, not_fresh=checkout.not_fresh)


def _planned(desired: Desired, options: Options, access: gitrepo.Access, now: datetime) -> Planned | Unplanned:
    try:
        look = recall_of(desired, options, access, now=now)
    except ReconcileError as error:
        return Unplanned(target=options.target or "", error=error)
    return Planned(target=look.target.name, plan=look.plan, new=not look.statuses)
