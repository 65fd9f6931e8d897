"""What a delivery learns of its source, kept for the next: digests under fingerprints, and archives that are no use."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Recollection, Refused, Seen
from reconciler.core.digest import FileDigest
from reconciler.core.errors import ReconcileError


def recall(delivery: Delivery) -> Recollection:
    """What is known of the source."""
    return delivery.shelf.memory.recall(delivery.shelf.sources.identity(delivery.source))


def already_here(delivery: Delivery, files: Iterable[Listed]) -> dict[str, FileDigest]:
    """Files whose digest is remembered and whose content is a blob."""
    if delivery.afresh:
        return {}
    recollection = recall(delivery)
    seen = {file.path: recollection.digest_of(file) for file in files}
    here = {path: file for path, file in seen.items() if file and not delivery.shelf.lacking((file,))}
    delivery.trusted.update(here)
    return here


def remember(
    delivery: Delivery, listed: Iterable[Listed], seen: Mapping[str, Seen], members: tuple[FileDigest, ...] = ()
) -> None:
    """Keeps what was learnt now, and what was known of files that are still listed as they were.

    After the blobs it speaks of are durable.
    """
    _sync(delivery)
    _keep(delivery, recall(delivery).learnt(listed, seen, members))


def remember_besides(delivery: Delivery) -> None:
    """Keeps what was learnt now beside all that was known: not all of the source was looked at."""
    _sync(delivery)
    before = recall(delivery)
    _keep(delivery, replace(before, files={**before.files, **delivery.arrivals.seen}))


def remember_refused(delivery: Delivery, archive: Listed, error: ReconcileError) -> None:
    """Keeps that this archive cannot be unpacked, so that it is not fetched again until it changes."""
    if archive.fingerprint is not None:
        refused = Refused(fingerprint=archive.fingerprint, words=error.message, hint=error.hint)
        _keep(delivery, Recollection(refused=refused))


def _sync(delivery: Delivery) -> None:
    if delivery.arrivals.placed:
        delivery.shelf.blobs.sync(delivery.arrivals.placed)


def _keep(delivery: Delivery, found: Recollection) -> None:
    shelf = delivery.shelf
    shelf.memory.keep(shelf.sources.identity(delivery.source), found, delivery.workshop)
