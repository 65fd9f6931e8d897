"""The sockets: a thread for each connection, so many at most, each cut off when its time is up."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconciler.adapters.web.answers import Answer, Asked, Pages, answered, one_line, packed, plain
from reconciler.core.errors import Reason, TerminalError, UsageError

_log = logging.getLogger(__name__)

_BODY = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Connections at once; seconds that one may be silent, and that it may take in all."""

    connections: int = 32
    silence: float = 5.0
    whole: float = 30.0


class _Server(ThreadingHTTPServer):
    """One connection too many takes the place of the oldest: a program that scrapes is quick, one that hangs is not."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, pages: Pages, bounds: Bounds) -> None:
        self.address_family = family
        self.pages, self.bounds = pages, bounds
        self._open: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(bounds.connections)
        super().__init__(address, _Asking)

    def server_bind(self) -> None:
        """Without asking a name server for the name of this machine."""
        if self.address_family is socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can connect."""
        host = str(self.server_address[0])
        return host == "::1" or host.startswith("127.")

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves it in a thread of its own, once there is room."""
        if not self._slots.acquire(blocking=False):
            self._cut(oldest=True)
            if not self._slots.acquire(timeout=1.0):
                self.shutdown_request(request)
                return
        with self._lock:
            self._open[request] = time.monotonic() + self.bounds.whole
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Gives its place back at the end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def shutdown_request(self, request: Any) -> None:
        """Closes it; from then on nobody cuts it off."""
        with self._lock:
            self._open.pop(request, None)
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cuts off whoever is late, a few times a second."""
        self._cut(oldest=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever goes away or is cut off is no news; a bug is logged, and ends that request alone."""
        del request, client_address
        _log.debug("a request ended early", exc_info=True)

    def server_close(self) -> None:
        """Leaves nobody connected."""
        with self._lock:
            for request in self._open:
                _end(request)
        super().server_close()

    def _cut(self, *, oldest: bool) -> None:
        with self._lock:
            now = time.monotonic()
            late = [request for request, until in self._open.items() if until < now]
            first = sorted(self._open, key=lambda request: self._open[request])[:1] if oldest else []
            for request in {*late, *first}:
                _end(request)


def _end(request: socket.socket) -> None:
    """Its thread finds the connection closed."""
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Asking(BaseHTTPRequestHandler):
    """One request on one connection, whose method is judged by its path."""

    server: _Server
    protocol_version = "HTTP/1.0"
    server_version, sys_version = "reconcile", ""

    def setup(self) -> None:
        """Silence is bounded."""
        super().setup()
        self.connection.settimeout(self.server.bounds.silence)

    def version_string(self) -> str:
        """No versions."""
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Not on stderr."""
        _log.debug(format, *args)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses, in our form, and without what was sent."""
        del message, explain
        self._send(plain(code, HTTPStatus(code).phrase))

    def do_GET(self) -> None:
        """Answers it, whatever its method is."""
        self._drain()
        headers = {name.lower(): one_line(value) for name, value in self.headers.items()}
        asked = Asked(method=self.command, path=self.path.partition("?")[0], headers=headers)
        try:
            answer = answered(asked, self.server.pages, local=self.server.is_local)
        except Exception:  # noqa: BLE001 - logged, and the next request is another one
            _log.exception("%s cannot be answered", asked.path if asked.path in self.server.pages else "a request")
            answer = plain(500, "this is a bug of reconcile; its log says more")
        self._send(packed(answer, asked))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815 - the library's names

    def _drain(self) -> None:
        """A body is of no use, but one that stays unread would take the answer with it."""
        size = self.headers.get("content-length", "")
        if size.isdecimal() and len(size) < 10 and int(size) <= _BODY:
            self.rfile.read(int(size))

    def _send(self, answer: Answer) -> None:
        self.close_connection = True
        self.request_version = self.protocol_version  # of what is no request the library thinks that it is HTTP/0.9
        self.send_response(answer.status)
        for name, value in answer.told().items():
            self.send_header(name, one_line(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


@contextlib.contextmanager
def listening(listen: str, pages: Pages, bounds: Bounds = Bounds()) -> Iterator[str]:
    """Serves at `HOST:PORT` until the end of the block; port 0 is any free one. Gives the address it is bound to.

    Raises UsageError for what is no such address, TerminalError where it cannot be had.
    """
    host, port = _address(listen)
    try:
        family, _, _, _, place = socket.getaddrinfo(host or _anywhere(), port, type=socket.SOCK_STREAM)[0]
        server = _Server((str(place[0]), port), socket.AddressFamily(family), pages, bounds)
    except OSError as error:
        hint = "take another one with --listen, or end the program that has it"
        raise TerminalError(Reason.USAGE, f"{listen} cannot be listened on: {error.strerror}", hint) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="http", daemon=True)
    thread.start()
    try:
        yield _shown(server.server_address)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _anywhere() -> str:
    return "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - asked for by an empty host


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UsageError(Reason.USAGE, f"{listen!r} is no address like 127.0.0.1:9090 or [::]:9090")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _shown(address: Any) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
