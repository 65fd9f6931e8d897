"""The last trusted revision, and who may sign the next: what a volume remembers of git, for git cannot say it itself.

Promise: who may sign changes only with a commit that is trusted and not older than the one that said it last. A commit
that was trusted once may come back (a rollback), but its signers do not.
"""

import base64
import json
from dataclasses import dataclass
from typing import cast

from reconciler.core.errors import Reason, RefusedError
from reconciler.core.jsonvalue import JsonObject, parsed
from reconciler.core.spec import CommitSigners, Desired, Target
from reconciler.core.trust.signed_commit import take_apart

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """`revision` was trusted last. `signers`, None for no need of any, are those of `since`, committed at `committed`.

    `target` and `branch`: where its status is. Time in seconds since 1970.
    """

    revision: str
    since: str
    committed: int
    signers: CommitSigners | None
    target: str
    branch: str


class UntrustedError(RefusedError):
    """The revision is not trusted; `held` is the one that stays, None where there was none before."""

    def __init__(self, message: str, hint: str, *, held: Trusted | None, volume: str, revision: str) -> None:
        super().__init__(Reason.COMMIT_NOT_VERIFIED, message, hint)
        self.held = held
        self.volume = volume
        self.revision = revision


def is_rollback(before: Trusted, desired: Desired) -> bool:
    """Whether the commit is older than the one that said who may sign. A child is younger, whatever its clock said."""
    commit = take_apart(desired.commit)
    child = {before.revision, before.since} & set(commit.parents)
    return desired.revision != before.since and commit.committed < before.committed and not child


def successor(before: Trusted | None, desired: Desired, target: Target) -> Trusted:
    """What is remembered once the desired state is trusted."""
    now = Trusted(
        revision=desired.revision,
        since=desired.revision,
        committed=take_apart(desired.commit).committed,
        signers=desired.repository.policy.commit_signers,
        target=target.name,
        branch=desired.repository.status_branch,
    )
    if before is None:
        return now
    kept = bool(desired.problems) or is_rollback(before, desired)
    last = before if kept else now
    return Trusted(
        revision=now.revision,
        since=last.since,
        committed=max(before.committed, last.committed),
        signers=last.signers,
        target=now.target,
        branch=last.branch,
    )


def to_bytes(trusted: Trusted) -> bytes:
    """As it is kept; the same value, the same bytes."""
    document = {
        "version": _VERSION,
        "revision": trusted.revision,
        "since": trusted.since,
        "committed": trusted.committed,
        "target": trusted.target,
        "branch": trusted.branch,
        "signers": None if trusted.signers is None else _signers_document(trusted.signers),
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def from_bytes(content: bytes) -> Trusted:
    """As it was. Raises ValueError for anything else: what cannot be read must not count as nothing."""
    try:
        raw = cast("JsonObject", parsed(content))
        if raw["version"] != _VERSION:
            raise ValueError(f"it is of version {raw['version']}")
        return Trusted(
            revision=_text(raw, "revision"),
            since=_text(raw, "since"),
            committed=int(cast("int", raw["committed"])),
            signers=None if raw["signers"] is None else _read_signers(cast("JsonObject", raw["signers"])),
            target=_text(raw, "target"),
            branch=_text(raw, "branch"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is not what this program writes") from error


def _signers_document(signers: CommitSigners) -> JsonObject:
    files = {path: base64.b64encode(content).decode() for path, content in signers.files.items()}
    return {"file": signers.file, "revoked": signers.revoked, "folder": signers.folder, "files": dict(files)}


def _read_signers(raw: JsonObject) -> CommitSigners:
    files = cast("dict[str, str]", raw["files"])
    return CommitSigners(
        file=_text(raw, "file"),
        revoked=_text(raw, "revoked"),
        folder=_text(raw, "folder"),
        files={path: base64.b64decode(text, validate=True) for path, text in files.items()},
    )


def _text(raw: JsonObject, name: str) -> str:
    value = raw[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value
