"""The reading half of a pass: the desired state, and what the last status remembers."""

from dataclasses import replace

from reconciler.adapters import gitrepo
from reconciler.core import parse, status
from reconciler.core.signers import key_folders
from reconciler.core.spec import Desired, Target
from reconciler.core.status import ModelStatus
from reconciler.options import Options


def read_desired(options: Options, cache: str | None) -> Desired:
    """The desired state at the ref. Raises ReconcileError where the repository cannot be read or must not be used."""
    checkout = gitrepo.read(options.repo, ref=options.ref, cache=cache, access=options.access(), further=key_folders)
    desired = parse.parse(checkout.files, revision=checkout.revision, message=checkout.message, root=checkout.root)
    desired = replace(desired, commit=checkout.commit)
    if options.timeout is None:
        return desired
    models = {
        name: replace(model, load=replace(model.load, timeout=options.timeout))
        for name, model in desired.models.items()
    }
    return replace(desired, models=models)


def read_statuses(desired: Desired, target: Target, options: Options, cache: str | None) -> dict[str, ModelStatus]:
    """What the status branch says of this target, empty where there is no branch (or no repository to keep one)."""
    if not gitrepo.can_publish(options.repo):
        return {}
    branch = desired.repository.status_branch
    files = gitrepo.read_branch(options.repo, branch, prefix=target.name, cache=cache, access=options.access())
    return dict(status.from_files(files or {}))
