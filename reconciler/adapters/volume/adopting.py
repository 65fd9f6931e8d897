"""Making blobs of what a foreign directory holds, so that nothing is fetched that is here.

A file becomes a blob by a hard link where nothing else has a name for it, so that gigabytes are not copied; that makes
it read-only and old, and is no other change to the directory, which may yet come back.
"""

import os
import uuid
from dataclasses import replace

from reconciler.adapters.volume import directory, disk, resolve
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.content import Content, Known, Unavailable
from reconciler.core.digest import Digest, manifest, tree_digest
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.observed import ForeignEntry
from reconciler.core.plan import Adopt
from reconciler.core.spec import ModelSpec


def content(shelf: Shelf, model: ModelSpec) -> Content:
    """What the model's sources hold, of which what its own directory has need not be fetched."""
    try:
        entry = shelf.links.at(model.name)
        if not isinstance(entry, ForeignEntry) or not entry.adoptable:
            return resolve.resolve(shelf, model)
        own = directory.read(shelf, model.name)
    except ReconcileError as error:
        return Unavailable(reason=error.reason, message=str(error), terminal=isinstance(error, TerminalError))
    found = resolve.resolve(shelf, model, elsewhere=own.found)
    if not isinstance(found, Known):
        return found
    held = found.missing & frozenset(own.digests.values())
    return replace(found, missing=found.missing - held, held=held)


def adopt(shelf: Shelf, action: Adopt, workshop: str) -> None:
    """Makes blobs of what is held, and manifests of it all. Raises TransientError(SOURCE_CHANGED)."""
    if wanted := {digest for digest in action.held if not shelf.blobs.true(digest)}:
        sizes = {file.size for files in action.files.values() for file in files if file.digest in wanted}
        for file in directory.listed(shelf, action.model):
            if file.size in sizes:
                wanted -= _taken(shelf, file.locator, wanted, workshop)
        shelf.blobs.sync([*(action.held - wanted)])
    if wanted:
        words = f"models/{action.model} no longer holds {len(wanted)} of the files that were to be taken over"
        raise TransientError(Reason.SOURCE_CHANGED, words, "The next pass looks afresh.")
    for files in action.files.values():
        shelf.memory.keep_sizes(tree_digest(files), files, workshop)
        shelf.blobs.keep(manifest(files), workshop)


def _taken(shelf: Shelf, path: str, wanted: set[Digest], workshop: str) -> set[Digest]:
    before, digest = os.stat(path), disk.hash_file(path)
    if digest not in wanted:
        return set()
    beside = os.path.join(workshop, uuid.uuid4().hex)
    if not _linked(path, beside, before):
        with open(path, "rb") as stream:
            copied, _ = disk.receive(iter(lambda: stream.read(disk.BLOCK), b""), beside)
        if copied != digest:
            return set()
    shelf.blobs.place(beside, digest)
    return {digest}


def _linked(path: str, beside: str, before: os.stat_result) -> bool:
    """A second name for the file, made read-only and old; False where it must be copied.

    One with other names could be written to through them. Linking fails across filesystems and for others' files.
    """
    if before.st_nlink != 1:
        return False
    try:
        os.link(path, beside)
        descriptor = os.open(beside, os.O_RDONLY)
        try:
            now = os.fstat(descriptor)
            if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
                raise OSError
            disk.seal(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        disk.erase(beside)
        return False
    return True
