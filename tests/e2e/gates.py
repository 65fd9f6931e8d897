"""A web server that sends half of a file, and the other half once its gate is open."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HALF = 5000
_PATIENCE = 0.05


@dataclass(slots=True)
class Gates:
    """By path. `asked`: every GET. What has `large` in its name is said to be a gigabyte, and never comes whole."""

    url: str = ""
    gates: dict[str, threading.Event] = field(default_factory=lambda: defaultdict(threading.Event))
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def file(self, name: str) -> str:
        """The address of a file that has a gate of its own."""
        return f"{self.url}/{name}.onnx"

    def open(self, name: str) -> None:
        """Lets it through."""
        self.gates[f"/{name}.onnx"].set()


@contextmanager
def gated() -> Iterator[Gates]:
    """A server on a free port."""
    gates = Gates()

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.head()

        def do_GET(self) -> None:
            gates.asked.append(self.path)
            self.head()
            try:
                self.wfile.write(b"x" * HALF)
                while not gates.gates[self.path].wait(_PATIENCE) and not gates.over.is_set():
                    pass
                self.wfile.write(b"x" * HALF)
            except OSError:
                return  # whoever asked has gone

        def head(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 30 if "large" in self.path else 2 * HALF))
            self.send_header("ETag", '"1"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        gates.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield gates
        finally:
            gates.over.set()
            server.shutdown()
            thread.join()
