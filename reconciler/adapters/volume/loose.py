"""Sources that are files as they lie there: those that are not here already come side by side."""

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.parallel import together
from reconciler.adapters.volume.recollecting import already_here, remember
from reconciler.core.digest import FileDigest


def fetch_loose(delivery: Delivery, files: tuple[Listed, ...], listed: tuple[Listed, ...]) -> tuple[FileDigest, ...]:
    """Makes blobs of those that are not here; `listed` is all that the source holds. Raises as `fetch`."""
    known = already_here(delivery, files)
    todo = [file for file in files if file.path not in known]
    delivery.check_space(todo)
    try:
        arrived = {file.path: file for file in together(delivery, todo)}
    finally:
        remember(delivery, listed, delivery.arrivals.seen)
    everything = known | arrived
    return tuple(everything[file.path] for file in files)
