"""Servers on loopback that sources come from: plain HTTP with faults on demand, and rclone speaking S3."""

import contextlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

KEY, SECRET = "AKIDTEST", "SECRETTEST"


@dataclass
class Page:
    """What a path answers with: `length` is what Content-Length claims, None for no such header, -1 for the truth.

    `on_get` answers GET differently from HEAD; `authorization` is the header that is wanted; `ranges`: given if asked.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = -1
    authorization: str | None = None
    on_get: "Page | None" = None
    ranges: bool = False

    def part(self, asked: str | None, condition: str | None) -> tuple[int, int] | None:
        """First byte and the one after the last, if a range is given for these headers."""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
        same = condition in (None, self.headers.get("ETag"), self.headers.get("Last-Modified"))
        if not self.ranges or found is None or not same:
            return None
        return int(found[1]), min(len(self.body), int(found[2] or len(self.body)) + 1)


@dataclass
class Web:
    """A web server: `pages` may be changed while it runs, `requests` is what it was asked, `headers` with what.

    `answered` is told each request once its answer is on the way.
    """

    url: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    answered: Callable[[str], None] = field(default=lambda _: None)

    def put(self, path: str, body: bytes, **headers: str) -> str:
        """Serves the body, and gives its URL."""
        self.pages[path] = Page(body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})
        return self.url + path


@contextmanager
def web_server(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A real HTTP server in a thread, behind TLS if there is a context for it."""
    web = Web()

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            web.requests.append(f"{self.command} {self.path}")
            web.headers.append(dict(self.headers))
            page = web.pages.get(self.path.partition("?")[0], Page(status=404))
            page = (with_body and page.on_get) or page
            if page.authorization is not None and self.headers.get("Authorization") != page.authorization:
                page = Page(status=401)
            _send(self, page, with_body=with_body)
            web.answered(f"{self.command} {self.path}")

        def handle(self) -> None:
            with contextlib.suppress(ssl.SSLError):  # whoever asked does not believe us
                super().handle()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        web.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()


def _send(answer: BaseHTTPRequestHandler, page: Page, *, with_body: bool) -> None:
    part = page.part(answer.headers.get("Range"), answer.headers.get("If-Range")) if with_body else None
    body = page.body[slice(*part)] if part else page.body
    answer.send_response(206 if part else page.status)
    if part:
        answer.send_header("Content-Range", f"bytes {part[0]}-{part[1] - 1}/{len(page.body)}")
    length = len(body) if page.length == -1 else page.length
    if length is not None:
        answer.send_header("Content-Length", str(length))
    for name, text in page.headers.items():
        answer.send_header(name, text)
    answer.end_headers()
    if with_body:
        with contextlib.suppress(ConnectionError):  # whoever asked may have seen enough
            answer.wfile.write(body)


def rclone() -> str | None:
    """The program, also where the environment's programs are not on the PATH."""
    return shutil.which("rclone", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]))


def s3_client(endpoint: str) -> Any:
    """AWS's own client, to fill the servers with."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}),
    )


@contextmanager
def moto_server(bucket: str) -> Iterator[str]:
    """A server that speaks S3 with ranges, conditions and versions, holding everything in memory; with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        s3_client(f"http://{host}:{port}").create_bucket(Bucket=bucket)
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def s3_server(directory: Path) -> Iterator[str]:
    """A real S3-speaking server over the directories below `directory`, each a bucket; gives its endpoint."""
    program = rclone()
    assert program is not None
    command = [program, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", "127.0.0.1:0", str(directory)]
    command += ["--vfs-cache-mode", "off", "--dir-cache-time", "0s", "--config", str(directory.parent / "none.conf")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                found = re.search(r"\[(http://[^/]+)/\]", line)
                if found:
                    yield found[1]
                    break
        finally:
            process.kill()
