"""A folder of archives behind a small http server on loopback, for the model that comes over http."""

import functools
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are not news."""


def pack(source: Path, archive: Path) -> None:
    """A model's folder as a tar.gz."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as packed:
        for child in sorted(source.iterdir()):
            packed.add(child, child.name)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The URL, with a slash at its end, under which the folder's files are to be had meanwhile."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Silent, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, name="archives", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
