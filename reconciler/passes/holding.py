"""What the status says while git's revision is not trusted: that the target is held at the last one that was.

Which branch and folder the status is in, the volume knows: what the refused revision says of it does not count either.
"""

import logging
from datetime import datetime

from reconciler.adapters import gitrepo
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.errors import ReconcileError
from reconciler.core.statuses.held import Held, held_files
from reconciler.core.trust.trusted import Trusted, UntrustedError
from reconciler.passes.options import Options
from reconciler.passes.pacing import pace

_log = logging.getLogger(__name__)


def tell_held(error: UntrustedError, options: Options, now: datetime) -> None:
    """Writes a refusal to the status, where there is one already. That this fails is only logged."""
    if error.held is None or not gitrepo.can_publish(options.repo):
        return
    try:
        with Volume(error.volume).lock("reconcile apply"):
            _publish(error, error.held, options, now)
    except ReconcileError as failed:
        _log.warning("the status cannot say that the target is held: %s", failed)


def _publish(error: UntrustedError, held: Trusted, options: Options, now: datetime) -> None:
    before = gitrepo.read_branch(options.repo, held.branch, held.target, access=options.access(error.volume))
    told = Held(target=held.target, revision=held.revision, refused=error.revision, message=error.message)
    change = gitrepo.StatusCommit(
        branch=held.branch,
        prefix=held.target,
        files=held_files(before.files if before else {}, told, now=now.strftime("%Y-%m-%dT%H:%M:%SZ")),
        message=f"{held.target} is held at {held.revision[:12]}\n",
        now=int(now.timestamp()),
    )
    gitrepo.publish(options.repo, change, pace(), access=options.access(error.volume))
