"""Whether git's revision is trusted: by those whom the last trusted one names, or who are pinned on the command line.

The first revision that a volume sees is judged by its own policy, unless somebody is pinned.
"""

import logging

from reconciler.adapters.commits import doubt
from reconciler.adapters.volume import trusted
from reconciler.core.errors import Reason, RefusedError
from reconciler.core.spec import CommitSigners, Desired, Target
from reconciler.core.trust.signed_commit import take_apart
from reconciler.core.trust.trusted import Trusted, UntrustedError, from_bytes, is_rollback, successor, to_bytes
from reconciler.passes.options import Options

_log = logging.getLogger(__name__)


def admitted(desired: Desired, target: Target, options: Options) -> Trusted | None:
    """What is to be remembered of a trusted revision, None if nothing is. Writes nothing.

    Raises UntrustedError, and RefusedError for what the volume remembers but nobody can read.
    """
    before = _remembered(target.volume)
    signers = _judges(before, desired, options)
    if signers is not None and not _was_trusted(before, desired, options):
        _require(signers, before, desired, target)
        if before is not None and is_rollback(before, desired):
            words = "commit %s is older than the trusted %s: it is taken, but who may sign stays as that one says"
            _log.warning(words, desired.revision[:12], before.since[:12])
    return None if signers is None and before is None else successor(before, desired, target)


def remember(desired: Desired, target: Target, options: Options) -> None:
    """Judges once more, by what the volume remembers now that it is locked, and notes that the revision is trusted."""
    found = admitted(desired, target, options)
    if found is not None:
        trusted.keep(target.volume, to_bytes(found))


def _judges(before: Trusted | None, desired: Desired, options: Options) -> CommitSigners | None:
    if options.pinned is not None:
        return options.pinned
    if before is not None and before.signers is not None:
        return before.signers
    return desired.repository.policy.commit_signers


def _was_trusted(before: Trusted | None, desired: Desired, options: Options) -> bool:
    """Once trusted is trusted, also where that very commit took its own signer away."""
    same = before is not None and before.signers is not None and desired.revision in (before.revision, before.since)
    return same and options.pinned is None


def _remembered(volume: str) -> Trusted | None:
    content = trusted.read(volume) if volume else None
    try:
        return None if content is None else from_bytes(content)
    except ValueError as error:
        path = trusted.path_of(volume)
        message = f"{path}, which says whose commits are trusted, cannot be read: {error}"
        hint = "restore it; or delete it, and the next revision is judged by its own policy; --allowed-signers pins one"
        raise RefusedError(Reason.COMMIT_NOT_VERIFIED, message, hint) from error


def _require(signers: CommitSigners, before: Trusted | None, desired: Desired, target: Target) -> None:
    stays = "" if before is None else f"; {target.name} stays at {before.revision[:12]}"
    if not desired.commit:
        message = (
            f"{desired.revision} is not trusted: only a commit can be signed, and this is not just a commit{stays}"
        )
        hint = "commit what differs, signed, or give --ref; --repo must name a git repository"
    else:
        found = doubt(desired.commit, signers)
        if found is None:
            return
        author = take_apart(desired.commit).author
        message = f"commit {desired.revision[:12]} by {author} is not trusted: {found.words}{stays}"
        hint = found.hint
    raise UntrustedError(message, hint, held=before, volume=target.volume, revision=desired.revision)
