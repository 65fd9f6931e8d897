"""What a read of the configuration repository gives, and which files are asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.checking.opaque import Opaque
from reconciler.core.digest import Digest, FileDigest, of_bytes, tree_digest
from reconciler.core.errors import Reason, TerminalError

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


def nothing(files: Mapping[str, bytes]) -> Iterable[str]:  # noqa: ARG001
    """No other folders."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """What of a repository is read: a ref, None for what is there; a folder in it, empty for all of it."""

    ref: str | None = None
    path: str = ""
    further: Further = nothing

    def within(self, where: str) -> str:
        """A repository's name with that of the folder in it."""
        return f"{where} in {self.path}/" if self.path else where


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The configuration's files by path, as they are at `revision`.

    `revision` is the commit, `<commit>-dirty-<digits>` for a work tree that differs from it, or the tree digest of a
    plain directory's files. `message` is the commit's, empty if what was read is not just that commit. `root` is the
    folder that relative paths start from, None for a commit. `note` says why a repository was read as a directory,
    `not_fresh` why a remote could not be asked whether this is its latest. Paths are relative to the folder asked for.
    `commit` is the commit object whose signature speaks for the files, empty if what was read is not just that commit.
    What is neither a file nor a folder is here under its name with a sentence for content, which no parser accepts:
    refused is not absent.
    """

    revision: str
    files: Mapping[str, bytes]
    kind: Kind
    message: str = ""
    root: str | None = None
    note: str = ""
    commit: bytes = field(default=b"", repr=False)
    not_fresh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of a branch: its files by path in it, and what git calls all of it, empty where there is none."""

    id: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


def limit_of(path: str) -> int:
    """Bytes. Of a larger file one byte more is returned, so that whoever parses it sees that it is too large.

    Locks are written by a program, which has more patience than people.
    """
    return LOCK_LIMIT if path.endswith(".lock") else LIMIT


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


def no_folder(path: str, where: str) -> TerminalError:
    """The error for a folder that is not in the repository."""
    hint = "--path names a folder of the repository that holds reconciler.yaml or models.d/"
    return TerminalError(Reason.REPOSITORY_UNREADABLE, f"there is no folder {path!r} in {where}", hint)
