"""Sources that are files here: a plain path or file://.

Links inside the source are followed only while they stay inside it. A mounted ConfigMap's `..data` and `..2026_…`
directories are left out: its visible names are links through them.
"""

import os
import stat
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from reconciler.adapters.sources import faults
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.listing import Listed
from reconciler.core.errors import Reason, TerminalError

BLOCK = 1 << 20

_SETTLED = 2 * 10**9
"""Nanoseconds: a file changed less than this ago may change again within one tick of the filesystem's clock, so
its times prove nothing yet."""


class LocalStore:
    """Files below a directory, or one file."""

    reads_locally = True

    def __init__(self, uri: str) -> None:
        self.root = local_path(uri)

    def listing(self) -> tuple[Listed, ...]:
        """Every file, unfiltered. Raises TerminalError or TransientError."""
        with translated(self.root):
            if not os.path.isdir(self.root):
                return (_listed(os.path.basename(self.root), self.root, os.stat(self.root)),)
            real = os.path.realpath(self.root)
            return tuple(_walk(real, real, ""))

    def gives_ranges(self, file: Listed) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:  # noqa: ARG002
        """The file's content. Raises TransientError(SOURCE_CHANGED) if it is not what was listed."""
        with translated(file.locator):
            # O_NONBLOCK: a fifo put there since must not hang us
            descriptor = os.open(file.locator, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as stream:
                before = os.fstat(descriptor)
                _refuse_specials(file.locator, before)
                while block := stream.read(BLOCK):
                    yield block
                if _identity(os.fstat(descriptor)) != _identity(before) or before.st_size != file.size:
                    raise faults.changed(file.locator)


def local_path(uri: str) -> str:
    """The path that a plain path or a file:// URL names. Raises TerminalError(INVALID) if it names none."""
    if not uri.removeprefix("file://"):
        raise TerminalError(Reason.INVALID, f"the source {uri!r} names nothing", "Write a path or a URL as its `uri`.")
    if "://" not in uri:
        return uri.rstrip("/") or "/"
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        hint = "A local file is file:///path, with three slashes."
        raise TerminalError(Reason.INVALID, f"{uri} names the host {parts.netloc}, not this machine", hint)
    return unquote(parts.path).rstrip("/") or "/"


def _walk(root: str, directory: str, prefix: str, above: frozenset[str] = frozenset()) -> Iterator[Listed]:
    with os.scandir(directory) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith("..") or entry.name in (".git", "__pycache__"):
            continue
        real = _inside(root, entry.path)
        if os.path.isdir(real):
            if real in above or real == root:
                raise TerminalError(Reason.UNSAFE_PATH, f"{entry.path} links to a directory it lies in", "Remove it.")
            yield from _walk(root, real, f"{prefix}{entry.name}/", above | {real})
        else:
            yield _listed(prefix + entry.name, real, os.stat(real))


def _inside(root: str, path: str) -> str:
    real = os.path.realpath(path)
    if real != root and not real.startswith(root.rstrip("/") + "/"):
        hint = "Copy the file into the source, or leave it out of the directory."
        raise TerminalError(Reason.UNSAFE_PATH, f"{path} links out of its source, to {real}", hint)
    return real


def _listed(path: str, real: str, status: os.stat_result) -> Listed:
    _refuse_specials(real, status)
    settled = time.time_ns() - max(status.st_ctime_ns, status.st_mtime_ns) > _SETTLED
    fingerprint = _identity(status) if settled else None
    return Listed(path=path, locator=real, size=status.st_size, fingerprint=fingerprint)


def _refuse_specials(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        words = f"{path} is a device, a fifo or a socket, not a file"
        raise TerminalError(Reason.UNSAFE_PATH, words, "Remove it from the source.")


def _identity(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
