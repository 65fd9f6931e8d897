"""This program: a volume's fetch of one source, as `reconcile apply` does it. Prints bytes moved and seconds."""

import json
import os
import sys
import threading
import time

from reconciler.adapters.sources import Sources
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.plan import Fetch
from reconciler.core.progress import Moved
from reconciler.core.spec import Source


def main(prefix: str, destination: str) -> None:
    """Fetches what is below the prefix into the destination."""
    os.makedirs(destination, exist_ok=True)
    moved, guard = 0, threading.Lock()

    def progress(more: Moved) -> None:
        nonlocal moved
        with guard:
            moved += more.count

    volume = Volume(destination, sources=Sources({}, os.environ))
    action = Fetch(model="bench", sources={None: Source(uri=f"s3://{prefix}")}, size=None)
    start = time.monotonic()
    volume.fetch(action, progress=progress, cancelled=lambda: False)
    print(json.dumps({"moved": moved, "seconds": round(time.monotonic() - start, 3)}))
    volume.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
