"""What a volume can tell of a source without reading it: for `reconcile lock`."""

from reconciler.adapters.sources import Listed, Remembered
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import Digest, FileDigest
from reconciler.core.spec import Source


def remembered(shelf: Shelf, source: Source) -> Remembered:
    """The digests that were noted when the source was fetched, and the contents that are blobs.

    Raises TerminalError or TransientError if the volume cannot be read.
    """
    with disk.translated(f"read the volume {shelf.places.root}"):
        recollection = shelf.memory.recall(shelf.sources.identity(source))

    def members(archive: Listed) -> tuple[FileDigest, ...]:
        return recollection.members if recollection.digest_of(archive) is not None else ()

    def content(digest: Digest) -> bytes | None:
        with disk.translated(f"read the volume {shelf.places.root}"):
            return shelf.blobs.read(digest)

    return Remembered(digest_of=recollection.digest_of, members=members, content=content)
