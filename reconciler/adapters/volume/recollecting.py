"""What a delivery learns of its source, kept for the next: digests under fingerprints, and archives that are no use."""

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Recollection, Refused, Seen
from reconciler.core.digest import FileDigest
from reconciler.core.errors import ReconcileError


def recall(delivery: Delivery) -> Recollection:
    """What is known of the source."""
    return delivery.shelf.memory.recall(delivery.shelf.sources.identity(delivery.source))


def remember(delivery: Delivery, known: dict[str, Seen], members: tuple[FileDigest, ...] = ()) -> None:
    """Keeps what was learnt of the source, once the blobs it speaks of are durable."""
    arrivals = delivery.arrivals
    if arrivals.placed:
        delivery.shelf.blobs.sync(arrivals.placed)
    _keep(delivery, Recollection(files=known | arrivals.seen, members=members))


def remember_refused(delivery: Delivery, archive: Listed, error: ReconcileError) -> None:
    """Keeps that this archive cannot be unpacked, so that it is not fetched again until it changes."""
    if archive.fingerprint is not None:
        refused = Refused(fingerprint=archive.fingerprint, words=error.message, hint=error.hint)
        _keep(delivery, Recollection(refused=refused))


def _keep(delivery: Delivery, found: Recollection) -> None:
    shelf = delivery.shelf
    shelf.memory.keep(shelf.sources.identity(delivery.source), found, delivery.workshop)
