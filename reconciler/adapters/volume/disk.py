"""The few things that we do to a filesystem, each durable when it returns, and what its refusals mean.

Promise: a file or tree gets its final name by one rename, after its content is on the disk.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator

from reconciler.core.digest import Digest
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError

BLOCK = 1 << 20

PAST = 946_684_800 * 10**9
"""The mtime of all our files in nanoseconds (2000-01-01): the same everywhere, never in the future, and proof that
nobody wrote to the file since. Triton takes a future mtime for newer than every later change (triton-facts §0.1)."""

WRITABLE, READ_ONLY = 0o755, 0o555
"""Modes of directories."""

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of linux/fs.h and fcntl.h."""

_CANNOT_EXCHANGE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EOPNOTSUPP})
_NOT_OURS = "it is a link, or no plain file that this program made"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raises TransientError or TerminalError for an OSError inside; `doing` reads after "could not"."""
    try:
        yield
    except OSError as error:
        raise explained(error, doing) from error


def explained(error: OSError, doing: str) -> ReconcileError:
    """Our error for the operating system's."""
    reason = error.strerror or type(error).__name__
    words = f"could not {doing}: {reason}" + (f" ({error.filename})" if error.filename else "")
    if error.errno in _FULL:
        hint = "Make room: enlarge the volume, or remove models from the desired state; the next pass tries again."
        return TransientError(Reason.NO_SPACE, words, hint)
    if error.errno == errno.ELOOP:
        hint = "Somebody else put it there: see who may write to the volume, then remove it."
        return TerminalError(Reason.VOLUME_UNUSABLE, words, hint)
    if error.errno in _FORBIDDEN:
        hint = "The volume must be writable for this program's user: check the mount and its owner."
        return TerminalError(Reason.VOLUME_UNUSABLE, words, hint)
    return TransientError(Reason.VOLUME_UNUSABLE, words, "The next pass tries again; check the volume if it stays so.")


def own(path: str, flags: int) -> int:
    """Opens a file of ours whose name anybody can foretell, for us alone where it is made; an opener for open().

    Raises OSError for what somebody may have put there to have us write elsewhere, or wait for ever.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, _NOT_OURS, path) from error
        raise
    if not _is_plain(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.ELOOP, _NOT_OURS, path)
    return descriptor


def is_file(path: str) -> bool:
    """Whether there is a file, and no link to one."""
    return os.path.lexists(path) and stat.S_ISREG(os.lstat(path).st_mode)


def is_plain(path: str) -> bool:
    """Whether there is a file, and no link to one by any other name."""
    return os.path.lexists(path) and _is_plain(os.lstat(path))


def _is_plain(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def receive(blocks: Iterable[bytes | memoryview], path: str, *, sync: bool = True) -> tuple[Digest, int]:
    """Writes a new read-only file, and gives its digest and size; there is none if that fails."""
    running, size = hashlib.sha256(), 0
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for block in blocks:
                write(descriptor, block)
                running.update(block)
                size += len(block)
            seal(descriptor, sync=sync)
        finally:
            os.close(descriptor)
    except BaseException:
        erase(path)  # on a full disk, what has arrived whole can be noted only in this room
        raise
    return Digest("sha256:" + running.hexdigest()), size


def write(descriptor: int, block: bytes | memoryview, at: int | None = None) -> None:
    """Writes the whole block, here or at a place. Raises OSError (ENOSPC) if there is no room for all of it."""
    rest = memoryview(block)
    while rest:
        count = os.write(descriptor, rest) if at is None else os.pwrite(descriptor, rest, at)
        rest, at = rest[count:], at if at is None else at + count


def seal(descriptor: int, *, sync: bool = True) -> None:
    """Makes the file read-only and old."""
    os.fchmod(descriptor, READ_ONLY & 0o444)
    os.utime(descriptor, ns=(PAST, PAST))
    if sync:
        os.fsync(descriptor)


def sync_filesystem(path: str) -> None:
    """Makes everything on this filesystem durable: for many small files far cheaper than each by itself."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        os.sync()
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if call(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(descriptor)


def exchange(one: str, other: str) -> bool:
    """Swaps what two names stand for, at once; False where kernel, library or filesystem cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), one, None, other)


def hash_file(path: str) -> Digest:
    """The digest of a file's content."""
    with open(path, "rb") as stream:
        return Digest("sha256:" + hashlib.file_digest(stream, "sha256").hexdigest())


def sync_directory(path: str) -> None:
    """Makes the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: str) -> None:
    """Makes the names in a directory and all below it durable."""
    for directory, _, _ in os.walk(path, topdown=False):
        sync_directory(directory)


def set_modes(path: str, mode: int) -> None:
    """Gives a directory and all below it this mode; links are not followed."""
    os.chmod(path, mode)
    for directory, names, _ in os.walk(path):
        for name in names:
            below = os.path.join(directory, name)
            if not os.path.islink(below):
                os.chmod(below, mode)


def erase(path: str) -> None:
    """Removes a file, a link or a whole directory, read-only ones too; nothing is followed."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        set_modes(path, WRITABLE)
        shutil.rmtree(path)
    else:
        os.unlink(path)


def take_out(path: str) -> None:
    """Removes what is in a read-only directory."""
    with _open_for_a_moment(os.path.dirname(path)):
        erase(path)


def put_in(path: str) -> None:
    """Makes an empty file in a read-only directory."""
    with _open_for_a_moment(os.path.dirname(path)), open(path, "xb", opener=own) as stream:
        seal(stream.fileno(), sync=False)


@contextlib.contextmanager
def _open_for_a_moment(folder: str) -> Iterator[None]:
    before = stat.S_IMODE(os.stat(folder).st_mode)
    os.chmod(folder, WRITABLE)
    try:
        yield
    finally:
        os.chmod(folder, before)


def free_bytes(path: str) -> int:
    """What an ordinary user may still write."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def taken_bytes(path: str) -> int:
    """What a file takes on the disk, 0 if there is none."""
    try:
        return os.stat(path).st_blocks * 512
    except FileNotFoundError:
        return 0


def read_or_none(path: str) -> bytes | None:
    """The file's content, None if there is no such file."""
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _without_waiting(path: str, flags: int) -> int:
    """A pipe that somebody put there would keep us for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def entries(path: str) -> tuple[os.DirEntry[str], ...]:
    """A directory's entries by name, none if there is no such directory."""
    try:
        with os.scandir(path) as found:
            return tuple(sorted(found, key=lambda entry: entry.name))
    except FileNotFoundError:
        return ()


def size_of(path: str) -> int:
    """Bytes of a file."""
    return os.stat(path).st_size
