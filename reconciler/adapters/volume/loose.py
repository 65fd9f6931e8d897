"""Sources that are files as they lie there: those that are not here already come side by side."""

from reconciler.adapters.sources import Listed
from reconciler.adapters.volume.delivery import Delivery
from reconciler.adapters.volume.memory import Seen
from reconciler.adapters.volume.parallel import together
from reconciler.adapters.volume.recollecting import recall, remember
from reconciler.core.digest import FileDigest


def fetch_loose(delivery: Delivery, files: tuple[Listed, ...]) -> tuple[FileDigest, ...]:
    """Makes blobs of those that are not here. Raises TransientError or TerminalError."""
    known = _already_here(delivery, files)
    todo = [file for file in files if file.path not in known]
    delivery.check_space(todo)
    try:
        arrived = {file.path: file for file in together(delivery, todo)}
    finally:
        prints = {file.path: file.fingerprint or "" for file in files}
        seen = {path: Seen(fingerprint=prints[path], file=file) for path, file in known.items()}
        remember(delivery, seen)
    everything = known | arrived
    return tuple(everything[file.path] for file in files)


def _already_here(delivery: Delivery, files: tuple[Listed, ...]) -> dict[str, FileDigest]:
    """Files whose digest is remembered and whose content is a blob."""
    recollection = recall(delivery)
    seen = {file.path: recollection.digest_of(file) for file in files}
    return {path: file for path, file in seen.items() if file and not delivery.shelf.lacking((file,))}
