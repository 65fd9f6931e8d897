"""What a volume can tell of a source without reading it: for `reconcile lock`."""

from reconciler.adapters.sources import Listed, Remembered
from reconciler.adapters.volume.shelf import Shelf
from reconciler.core.digest import FileDigest
from reconciler.core.spec import Source


def remembered(shelf: Shelf, source: Source) -> Remembered:
    """The digests that were noted when the source was fetched, and the contents that are blobs."""
    recollection = shelf.memory.recall(shelf.sources.identity(source))

    def members(archive: Listed) -> tuple[FileDigest, ...]:
        return recollection.members if recollection.digest_of(archive) is not None else ()

    return Remembered(digest_of=recollection.digest_of, members=members, content=shelf.blobs.read)
