"""A collector of traces for the tests: takes OTLP over HTTP and decodes its protobuf, or is as unwell as it is told."""

import contextlib
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(kw_only=True)
class Collector:
    """What came, as bytes and as spans. `status` is its answer; it gives none before `open` is set."""

    url: str = ""
    status: int = 200
    open: threading.Event = field(default_factory=threading.Event)
    raw: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        found = [resource.scope_spans for request in self.requests for resource in request.resource_spans]
        return [span for scopes in found for scope in scopes for span in scope.spans]

    def resource(self) -> dict[str, str]:
        (first, *_) = self.requests[0].resource_spans
        return {pair.key: pair.value.string_value for pair in first.resource.attributes}


@contextmanager
def collector(*, hangs: bool = False) -> Iterator[Collector]:
    """A real HTTP server in threads; one that hangs takes everything and answers nothing until the end."""
    one = Collector()
    if not hangs:
        one.open.set()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            one.raw.append(body)
            one.paths.append(self.path)
            one.headers.append({name.lower(): text for name, text in self.headers.items()})
            one.requests.append(ExportTraceServiceRequest.FromString(body))
            one.open.wait(60)
            with contextlib.suppress(OSError):  # whoever asked may have gone
                self.send_response(one.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        one.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield one
        finally:
            one.open.set()
            server.shutdown()
            thread.join()
