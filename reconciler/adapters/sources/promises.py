"""What came of a source, held against what it, its digest or its lock promised."""

from collections.abc import Iterator

from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.shown import shown
from reconciler.adapters.sources.store import Store
from reconciler.core.digest import Digest, FileDigest, tree_digest
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.spec import Source

LOCKED_HINT = "If the change is meant, run `reconcile lock` and commit the lock; else put back what was there."

_AGAIN = "Nothing of it was kept; the next pass fetches it again."


def verify(source: Source, files: tuple[FileDigest, ...]) -> Digest:
    """The tree digest. Raises TerminalError(DIGEST_MISMATCH) if the source is pinned or locked to another."""
    found = tree_digest(files)
    if source.locked is not None and found != source.locked.digest:
        words = f"{shown(source.uri)} holds {found}, but {source.locked.digest} is locked"
        raise TerminalError(Reason.DIGEST_MISMATCH, words, LOCKED_HINT)
    if source.digest is not None and found != source.digest:
        words = f"{shown(source.uri)} holds {found}, but {source.digest} is expected"
        hint = "Either the source was changed, or `digest` in the spec is out of date: then write the one found there."
        raise TerminalError(Reason.DIGEST_MISMATCH, words, hint)
    return found


def whole(store: Store, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
    """The file's blocks, or those of a part. Raises TransientError if they are not as many bytes as were listed."""
    expected = file.size if past is None else past
    count = first
    for block in store.blocks(file, first, past):
        count += len(block)
        if expected is not None and count > expected:  # before they are written: beyond a range lies the next one
            words = f"more bytes of {file.path} came than the {expected} that were expected"
            raise TransientError(Reason.SOURCE_UNREADABLE if file.identified else Reason.SOURCE_CHANGED, words, _AGAIN)
        yield block
    if expected is not None and count < expected:
        words = f"{file.path} came truncated: {count} of {expected} bytes"
        raise TransientError(Reason.SOURCE_UNREADABLE, words, _AGAIN)
