"""The reading half of a pass: the desired state, and what the last status remembers."""

from dataclasses import replace

from reconciler.adapters import gitrepo
from reconciler.core.errors import Reason, TransientError
from reconciler.core.memo import Memo
from reconciler.core.parsing import parse
from reconciler.core.parsing.recalling import reading
from reconciler.core.spec import Desired, Target
from reconciler.core.statuses import status
from reconciler.core.statuses.remembered import Memory
from reconciler.core.statuses.status import ModelStatus
from reconciler.core.trust.signers import key_folders
from reconciler.passes.options import Options


def read_desired(options: Options, access: gitrepo.Access, memo: Memo | None = None) -> Desired:
    """The desired state at the ref. Raises ReconcileError where the repository cannot be read or must not be used."""
    checkout = gitrepo.read(options.repo, ref=options.ref, path=options.path, access=access, further=key_folders)
    if checkout.not_fresh and options.require_fresh:
        hint = "the next run tries again; without --require-fresh the last known revision is taken meanwhile"
        raise TransientError(Reason.REPOSITORY_UNREACHABLE, checkout.not_fresh, hint)
    root = gitrepo.work_tree(options.repo, options.path) if options.rooted else checkout.root
    desired = parse.parse_again(
        checkout.files, memo or Memo(), revision=checkout.revision, message=checkout.message, root=root
    )
    desired = replace(desired, commit=checkout.commit, not_fresh=checkout.not_fresh)
    if options.timeout is None:
        return desired
    models = {
        name: replace(model, load=replace(model.load, timeout=options.timeout))
        for name, model in desired.models.items()
    }
    return replace(desired, models=models)


def read_memory(desired: Desired, target: Target, options: Options, access: gitrepo.Access) -> Memory:
    """All that the status branch tells of this target, and what of it cannot be read."""
    files = status_folder(desired, target, options, access).files
    if not files:
        return Memory(statuses=None)
    statuses = status.from_files(files)
    return Memory(statuses=statuses, unreadable=status.unreadable(files, statuses))


def statuses_in(folder: gitrepo.Folder, memo: Memo) -> dict[str, ModelStatus]:
    """What the target's folder on the status branch says."""
    return dict(status.from_files(folder.files, reading(memo)))


def status_folder(desired: Desired, target: Target, options: Options, access: gitrepo.Access) -> gitrepo.Folder:
    """The target's folder on the status branch, an empty one where there is no branch (or nowhere to keep one).

    A remote that could not be reached for the desired state is not waited for once more.
    """
    if not gitrepo.can_publish(options.repo):
        return gitrepo.Folder()
    branch = desired.repository.status_branch
    access = replace(access, offline=bool(desired.not_fresh))
    return gitrepo.read_branch(options.repo, branch, prefix=target.name, access=access) or gitrepo.Folder()
