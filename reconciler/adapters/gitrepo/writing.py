"""What is written into a configuration, where people keep their work: whole files, each by one rename."""

import contextlib
import os

import pygit2

from reconciler.adapters.gitrepo.access import Local, locate
from reconciler.adapters.gitrepo.checkout import FILE, FOLDER, no_folder
from reconciler.adapters.gitrepo.repository import is_bare
from reconciler.core.errors import Reason, TerminalError, UsageError


def folder_of(location: str, path: str = "") -> str:
    """The absolute path of a work tree or plain directory, or of a folder in it.

    Raises UsageError for what is no folder of files, TerminalError if it is not there.
    """
    place = locate(location)
    hint = "clone it, and name the work tree with --repo"
    if not isinstance(place, Local):
        raise UsageError(Reason.USAGE, f"{place.shown} is a remote: locks are written beside the models' files", hint)
    folder = os.path.join(place.path, path)
    present = [name for name in (FILE, FOLDER) if os.path.lexists(os.path.join(folder, name))]
    if not present and is_bare(place.path):
        raise UsageError(Reason.USAGE, f"{place.path} is a bare repository: it has no files to write beside", hint)
    if path and not os.path.isdir(folder):
        raise no_folder(path, place.path)
    return os.path.abspath(folder)


def write_file(root: str, path: str, content: bytes) -> None:
    """Writes a file of the configuration. Raises TerminalError, and leaves what was there, if that cannot be done."""
    final = os.path.join(root, path)
    beside = os.path.join(os.path.dirname(final), f".{os.path.basename(final)}.{os.getpid()}")
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        with open(beside, "xb") as stream:  # through no link that a repository of somebody else's brings along
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, final)
    except OSError as error:
        raise TerminalError(
            Reason.REPOSITORY_UNWRITABLE,
            f"{path} cannot be written: {error.strerror}",
            "let the user this runs as write there, and make room if the disk is full",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(beside)


def around(folder: str) -> str:
    """The work tree that a folder is in, or is; empty if it is in none."""
    found = pygit2.discover_repository(os.path.abspath(folder))
    return "" if found is None else os.path.dirname(found.rstrip("/"))


def begin(folder: str) -> bool:
    """Makes a folder a git repository without a commit; False where it is part of one. Raises TerminalError."""
    if around(folder):
        return False
    try:
        pygit2.init_repository(folder, initial_head="main")
    except pygit2.GitError as error:
        message = f"{folder} cannot be made a git repository: {error}"
        raise TerminalError(Reason.REPOSITORY_UNWRITABLE, message, "do it by hand: git init") from error
    return True
