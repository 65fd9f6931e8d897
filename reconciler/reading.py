"""The reading half of a pass: the desired state, and what the last status remembers."""

from dataclasses import replace

from reconciler.adapters import gitrepo
from reconciler.core import parse, status
from reconciler.core.errors import Reason, RefusedError, TransientError
from reconciler.core.signers import key_folders
from reconciler.core.spec import Desired, Target
from reconciler.core.status import ModelStatus
from reconciler.options import Options


def read_desired(options: Options, access: gitrepo.Access) -> Desired:
    """The desired state at the ref. Raises ReconcileError where the repository cannot be read or must not be used."""
    checkout = gitrepo.read(options.repo, ref=options.ref, path=options.path, access=access, further=key_folders)
    if checkout.not_fresh and options.require_fresh:
        hint = "the next run tries again; without --require-fresh the last known revision is taken meanwhile"
        raise TransientError(Reason.REPOSITORY_UNREACHABLE, checkout.not_fresh, hint)
    desired = parse.parse(checkout.files, revision=checkout.revision, message=checkout.message, root=checkout.root)
    desired = replace(desired, not_fresh=checkout.not_fresh)
    if desired.repository.policy.verify_commits != "none":
        message = "reconciler.yaml asks to verify commits (policy.verifyCommits), which this version cannot do yet"
        raise RefusedError(Reason.COMMIT_NOT_VERIFIED, message, "nothing is trusted until it can; or set mode: none")
    if options.timeout is None:
        return desired
    models = {
        name: replace(model, load=replace(model.load, timeout=options.timeout))
        for name, model in desired.models.items()
    }
    return replace(desired, models=models)


def read_statuses(desired: Desired, target: Target, options: Options, access: gitrepo.Access) -> dict[str, ModelStatus]:
    """What the status branch says of this target, empty where there is no branch (or no repository to keep one).

    A remote that could not be reached for the desired state is not waited for once more.
    """
    if not gitrepo.can_publish(options.repo):
        return {}
    branch = desired.repository.status_branch
    access = replace(access, offline=bool(desired.not_fresh))
    files = gitrepo.read_branch(options.repo, branch, prefix=target.name, access=access)
    return dict(status.from_files(files or {}))
