"""`reconcile review`: what a pull request would do, told by git alone."""

import posixpath
import tempfile
from dataclasses import replace
from datetime import datetime

from reconciler.adapters import gitrepo
from reconciler.authoring import proposed
from reconciler.core.errors import ReconcileError
from reconciler.core.spec import Desired
from reconciler.core.views.review import Planned, Review, Unplanned
from reconciler.passes.options import Options
from reconciler.passes.remembering import recall_of
from reconciler.render import problems


def review(proposal: proposed.Proposal, *, now: datetime) -> Review:
    """Checks every file, and plans each target against its status. What cannot be read is told in what is returned."""
    options = Options(repo=proposal.repo, ref=proposal.ref, path=proposal.path, environment=proposal.environment)
    with tempfile.TemporaryDirectory(prefix="reconcile-") as cache:
        try:
            access = options.access(cache, create=True)
            desired = proposed.read(proposal, access)
        except ReconcileError as error:
            return Review(results=(Unplanned(target="", error=error),))
        broken = bool(desired.problems)
        targets = () if broken else proposal.targets or tuple(sorted(desired.repository.targets)) or ("",)
        return Review(
            revision=desired.revision,
            models=len(desired.models),
            problems=tuple(
                replace(found, file=posixpath.join(proposal.path, found.file)) for found in problems.of(desired)
            ),
            results=tuple(_planned(desired, replace(options, target=name or None), access, now) for name in targets),
            broken=broken,
            signed=desired.repository.policy.commit_signers is not None,
        )


def _planned(desired: Desired, options: Options, access: gitrepo.Access, now: datetime) -> Planned | Unplanned:
    try:
        look = recall_of(desired, options, access, now=now)
    except ReconcileError as error:
        return Unplanned(target=options.target or "", error=error)
    return Planned(target=look.target.name, plan=look.plan, new=not look.statuses)
