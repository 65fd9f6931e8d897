"""What a read of the configuration repository gives, and which files are asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest, FileDigest, of_bytes, tree_digest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.opaque import Opaque

Further = Callable[[Mapping[str, bytes]], Iterable[str]]
"""Which other folders belong to a configuration, by what its files say."""

FILE, FOLDER = "reconciler.yaml", "models.d"

SUBMODULE = Opaque(b"another repository (a submodule)")

LIMIT, LOCK_LIMIT = 1 << 20, 32 << 20


class Kind(StrEnum):
    """Where the files were taken from."""

    DIRECTORY = "directory"
    WORK_TREE = "work tree"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The configuration's files by path, as they are at `revision`.

    `revision` is the commit, `<commit>-dirty-<digits>` for a work tree that differs from it, or the tree digest of a
    plain directory's files. `message` is the commit's, empty if what was read is not just that commit. `root` is the
    folder that relative paths start from, None for a commit. `note` says why a repository was read as a directory.
    What is neither a file nor a folder is here under its name with a sentence for content, which no parser accepts:
    refused is not absent.
    """

    revision: str
    files: Mapping[str, bytes]
    kind: Kind
    message: str = ""
    root: str | None = None
    note: str = ""


def limit_of(path: str) -> int:
    """Bytes. Of a larger file one byte more is returned, so that whoever parses it sees that it is too large.

    Locks are written by a program, which has more patience than people.
    """
    return LOCK_LIMIT if path.endswith(".lock") else LIMIT


def nothing(files: Mapping[str, bytes]) -> Iterable[str]:  # noqa: ARG001
    """No other folders."""
    return ()


def content_digest(files: Mapping[str, bytes]) -> Digest:
    """The tree digest of the files: the same content, the same revision, wherever it is mounted."""
    rows = (FileDigest(path=path, size=len(content), digest=of_bytes(content)) for path, content in files.items())
    return tree_digest(rows)


def require(present: Iterable[str], where: str) -> None:
    """Raise TerminalError if neither of our two names is there: a missing directory is an error, not a statement."""
    if not {FILE, FOLDER} & set(present):
        raise TerminalError(
            Reason.REPOSITORY_UNREADABLE,
            f"{where} holds neither {FOLDER}/ nor {FILE}",
            "--repo names the repository or directory that holds them; for no models at all, keep an empty "
            f"{FOLDER}/ or a {FILE}",
        )


def link_words(target: str) -> str:
    """The content that stands for a symbolic link."""
    return f"a symbolic link to {target!r}"
