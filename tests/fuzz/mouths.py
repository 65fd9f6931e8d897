"""A server on loopback that answers everything with the same words, whatever is asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mouth:
    """What it says, and where; twenty times a content at most, for pages may lead to each other for ever."""

    url: str = ""
    says: bytes = b""
    media_type: str = "application/json"


@contextmanager
def mouth() -> Iterator[Mouth]:
    """Until the end of the block."""
    said = Mouth()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", said.media_type)
            self.send_header("Content-Length", str(len(said.says)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.says)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        said.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield said
        finally:
            server.shutdown()
            thread.join()
