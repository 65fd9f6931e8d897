"""Sources that are one archive: unpacked while it streams, its members beside until it has ended well."""

from reconciler.adapters.sources import Listed, members, select_members, verify, whole
from reconciler.adapters.volume import disk
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Recollection, Seen
from reconciler.adapters.volume.recollecting import recall, remember, remember_refused
from reconciler.core.digest import FileDigest
from reconciler.core.errors import Reason, TerminalError


def fetch_packed(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...]:
    """Makes blobs of the members that are wanted, unless they are here. Raises TransientError or TerminalError."""
    recalled = _unpacked_before(delivery, archive)
    if recalled is not None:
        return recalled
    delivery.check_space([archive])
    try:
        unpacked = _unpack(delivery, archive)
    except TerminalError as error:
        if error.reason is Reason.BAD_ARCHIVE:
            remember_refused(delivery, archive, error)
        raise
    return _kept(delivery, archive, unpacked)


def _unpacked_before(delivery: Delivery, archive: Listed) -> tuple[FileDigest, ...] | None:
    """The members that are wanted, if the archive is remembered and all of them are blobs."""
    recollection = Recollection() if delivery.afresh else recall(delivery)
    if recollection.digest_of(archive) is None or not recollection.members:
        return None
    chosen = select_members(recollection.members, delivery.source)
    if delivery.shelf.lacking(chosen):
        return None
    delivery.trusted.add(archive.path)
    return chosen


def _unpack(delivery: Delivery, archive: Listed) -> list[tuple[FileDigest, str]]:
    """Every member with where it lies, beside."""
    unpacked: list[tuple[FileDigest, str]] = []
    room = disk.free_bytes(delivery.workshop)
    with disk.translated(f"unpack {archive.path}"), delivery.watch.pace.turns:
        blocks = delivery.watched(archive, whole(delivery.store, archive))
        for member in members(blocks, archive.path, delivery.workshop, room):
            beside = delivery.arrivals.bench()
            digest, size = disk.receive(member.blocks, beside, sync=False)
            unpacked.append((FileDigest(path=member.path, size=size, digest=digest), beside))
    return unpacked


def _kept(delivery: Delivery, archive: Listed, unpacked: list[tuple[FileDigest, str]]) -> tuple[FileDigest, ...]:
    """Gives the members that are wanted their names, and remembers all of them."""
    found = tuple(file for file, _ in unpacked)
    chosen = select_members(found, delivery.source)
    try:
        verify(delivery.source, chosen)
    except TerminalError:
        remember(delivery, (), _seen(archive, found), found)
        raise
    wanted = {file.digest for file in chosen}
    for file, beside in unpacked:
        if file.digest in wanted:
            delivery.arrivals.add(beside, file, None)
    delivery.arrivals.settle()
    remember(delivery, (), _seen(archive, found), found)
    return chosen


def _seen(archive: Listed, found: tuple[FileDigest, ...]) -> dict[str, Seen]:
    """The archive under its fingerprint; the digest in its row means nothing, its members' do."""
    if archive.fingerprint is None or archive.size is None:
        return {}
    packed = FileDigest(path=archive.path, size=archive.size, digest=found[0].digest)
    return {archive.path: Seen(fingerprint=archive.fingerprint, file=packed)}
