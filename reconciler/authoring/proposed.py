"""A pull request as what it is here: a commit of a repository, which is read and never checked out.

Promise: what it holds is data out of git's objects; nothing of it is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.adapters import gitrepo
from reconciler.core.parsing.parse import parse
from reconciler.core.spec import Desired
from reconciler.core.trust.signers import key_folders

ROOT = "/checkout"
"""Where relative sources start from, when they may be relative: where the checkout will be, nobody knows here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
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


def read(proposal: Proposal, access: gitrepo.Access) -> Desired:
    """The desired state that it comes to. Raises ReconcileError where git cannot be read."""
    checkout = gitrepo.read(proposal.repo, ref=proposal.ref, path=proposal.path, access=access, further=key_folders)
    message = checkout.message if proposal.message is None else proposal.message
    root = checkout.root or (ROOT if proposal.relative else None)
    desired = parse(checkout.files, revision=checkout.revision, message=message, root=root)
    return replace(desired, commit=checkout.commit, not_fresh=checkout.not_fresh)
