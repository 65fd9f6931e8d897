"""The small HTTP server: what is answered, what is refused, and who cannot keep others waiting."""

import contextlib
import gzip
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from reconciler.adapters.web import Bounds, listening
from reconciler.core.errors import Reason, TerminalError, UsageError
from reconciler.core.views.board import Board, Health, readiness
from reconciler.core.views.tally import Ending
from reconciler.looping.serving import Views, serving
from tests.boards import NOW, board, everything, model


@dataclass(slots=True, kw_only=True)
class World:
    """What stands behind the pages, and how often a pass was asked for."""

    board: Board = field(default_factory=everything)
    health: Health = field(default_factory=lambda: Health(well=True, says="the loop turns"))
    asked: int = 0

    def ask(self) -> None:
        self.asked += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(slots=True, kw_only=True)
class Site:
    world: World
    place: str

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Got:
        connection = http.client.HTTPConnection(self.place, timeout=20)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=told)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        content = gzip.decompress(content) if found.get("content-encoding") == "gzip" else content
        return Got(status=answer.status, headers=found, body=content.decode())

    def raw(self, sent: bytes, *, half: bool = False) -> bytes:
        """What comes back for these bytes."""
        with self.connected() as connection:
            connection.sendall(sent)
            if not half:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def connected(self) -> socket.socket:
        host, _, port = self.place.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=20)


@contextmanager
def opened(world: World, bounds: Bounds | None = None) -> Iterator[Site]:
    views = Views(
        board=lambda: world.board,
        health=lambda: world.health,
        ready=lambda: readiness(world.board),
        ask=world.ask,
    )
    with serving("127.0.0.1:0", views, bounds) as place:
        yield Site(world=world, place=place)


@pytest.fixture
def site() -> Iterator[Site]:
    with opened(World()) as found:
        yield found


def test_each_page_is_there_with_its_type(site: Site) -> None:
    types = {path: site.ask(path).headers["content-type"] for path in ("/", "/metrics", "/status.json", "/healthz")}
    assert types == {
        "/": "text/html; charset=utf-8",
        "/metrics": "text/plain; version=0.0.4; charset=utf-8",
        "/status.json": "application/json",
        "/healthz": "text/plain; charset=utf-8",
    }
    assert "prod: 3 of 7 models ready" in site.ask("/").body
    assert json.loads(site.ask("/status.json").body)["target"] == "prod"
    assert 'reconcile_model_ready{model="densenet",target="prod"} 1.0' in site.ask("/metrics").body


def test_the_pages_follow_the_board(site: Site) -> None:
    assert "prod: 3 of 7" in site.ask("/").body
    site.world.board = replace(
        site.world.board, target="canary", tally=site.world.board.tally.with_run(Ending.ERROR, 1, NOW)
    )
    assert "canary: 3 of 7" in site.ask("/").body
    assert json.loads(site.ask("/status.json").body)["target"] == "canary"
    assert 'reconcile_runs_total{result="error",target="canary"} 1.0' in site.ask("/metrics").body


def test_metrics_come_in_the_format_that_prometheus_asks_for(site: Site) -> None:
    got = site.ask("/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert got.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert got.body.endswith("# EOF\n")
    assert got.headers["vary"] == "Accept"


def test_what_is_large_is_packed_for_those_who_take_it(site: Site) -> None:
    packed, whole = site.ask("/metrics", Accept_Encoding="gzip"), site.ask("/metrics")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept, Accept-Encoding"
    assert int(packed.headers["content-length"]) < int(whole.headers["content-length"]) / 3
    assert "content-encoding" not in site.ask("/healthz", Accept_Encoding="gzip").headers


def test_health_is_200_or_503_with_the_reason(site: Site) -> None:
    assert (site.ask("/healthz").status, site.ask("/healthz").body) == (200, "the loop turns\n")
    site.world.health = Health(well=False, says="no pass has begun for 500 seconds")
    assert (site.ask("/healthz").status, site.ask("/healthz").body) == (503, "no pass has begun for 500 seconds\n")
    assert (site.ask("/readyz").status, site.ask("/readyz").body) == (503, "1 of 2 servers do not answer\n")
    site.world.board = replace(site.world.board, servers=())
    assert (site.ask("/readyz").status, site.ask("/readyz").body) == (200, "converged\n")


def test_a_pass_is_asked_for_by_post_alone(site: Site) -> None:
    got = site.ask("/reconcile", "POST")
    assert (got.status, site.world.asked) == (202, 1)
    assert site.ask("/reconcile", "POST", body=b"x" * 5000).status == 202
    assert "Back to the status" in site.ask("/reconcile", "POST", Accept="text/html,*/*").body
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        refused = site.ask("/reconcile", method)
        assert (refused.status, refused.headers["allow"]) == (405, "POST"), method
    assert site.world.asked == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://evil.example@HOST"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://HOST"}, 202),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, 202),
        ({"Origin": "http://HOST"}, 202),
        ({"Sec_Fetch_Site": "none"}, 202),
        ({}, 202),
    ],
)
def test_a_page_of_another_site_cannot_ask_for_a_pass(site: Site, headers: dict[str, str], status: int) -> None:
    told = {name: value.replace("HOST", site.place) for name, value in headers.items()}
    assert site.ask("/reconcile", "POST", None, **told).status == status
    assert site.world.asked == (status == 202)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example.",
        "[",
        "a@b",
    ],
)
def test_where_only_this_machine_connects_a_name_that_somebody_led_here_reads_nothing_and_asks_for_nothing(
    site: Site, host: str
) -> None:
    for path, method in (("/", "GET"), ("/status.json", "GET"), ("/metrics", "GET"), ("/reconcile", "POST")):
        got = site.ask(path, method, None, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
        assert got.status == 421, path
        assert "prod" not in got.body
    assert site.world.asked == 0


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8080", "loop.localhost", "127.0.0.1", "[::1]:8080", "10.0.0.7"]
)
def test_where_only_this_machine_connects_it_is_asked_by_address_or_as_localhost(site: Site, host: str) -> None:
    assert site.ask("/status.json", Host=host).status == 200
    assert site.raw(b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")


def test_where_others_may_connect_any_name_is_that_of_somebody_s_service() -> None:
    world = World()
    views = Views(board=lambda: world.board, health=lambda: world.health, ready=lambda: world.health, ask=world.ask)
    with serving("0.0.0.0:0", views) as place:
        site = Site(world=world, place=f"127.0.0.1:{place.rpartition(':')[2]}")
        assert site.ask("/status.json", Host="reconcile.models.svc").status == 200
        assert site.ask("/reconcile", "POST", None, Host="a.example", Origin="http://evil.example").status == 403


def test_what_is_not_there_is_404_and_how_it_cannot_be_asked_405(site: Site) -> None:
    for path in ("/nothing", "/metrics/", "/../etc/passwd", "/%2e%2e/etc/passwd", "/status.json/x", "*", "/\xff"):
        answer = site.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
        assert answer.startswith(b"HTTP/1.0 404 "), path
    assert site.ask("/healthz?verbose=1").status == 200
    for path in ("/", "/metrics", "/healthz", "/readyz", "/status.json"):
        got = site.ask(path, "POST")
        assert (got.status, got.headers["allow"]) == (405, "GET, HEAD"), path


def test_head_has_the_headers_of_get_and_no_body(site: Site) -> None:
    for path in ("/", "/metrics", "/healthz", "/status.json"):
        head, whole = site.ask(path, "HEAD"), site.ask(path)
        assert (head.status, head.body) == (200, ""), path
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert site.ask("/", "HEAD").headers["content-length"] == site.ask("/").headers["content-length"]


def test_every_answer_is_safe_for_a_browser_and_tells_no_versions(site: Site) -> None:
    for path, method in (("/", "GET"), ("/metrics", "GET"), ("/nothing", "GET"), ("/reconcile", "POST"), ("/", "PUT")):
        headers = site.ask(path, method).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["server"] == "reconcile"


@pytest.mark.parametrize(
    ("sent", "begins"),
    [
        (b"\r\n\r\n", b""),
        (b"nonsense\r\n\r\n", b"HTTP/1.0 400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"HTTP/1.0 505"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"HTTP/1.0 414"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n", b"HTTP/1.0 431"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"HTTP/1.0 431"),
        (b"FROB / HTTP/1.1\r\n\r\n", b"HTTP/1.0 501"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""),
        (
            b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; version=1.0.0;\r\n x=y\r\n\r\n",
            b"HTTP/1.0 200",
        ),
    ],
)
def test_what_is_no_request_is_refused_in_a_line_of_text(site: Site, sent: bytes, begins: bytes) -> None:
    answer = site.raw(sent)
    assert answer.startswith(begins)
    assert b"<" not in answer.partition(b"\r\n\r\n")[2][:200]
    assert site.ask("/healthz").status == 200


def test_a_length_that_no_body_has_is_no_reason_not_to_answer(site: Site) -> None:
    asked = f"GET /healthz HTTP/1.0\r\nHost: localhost\r\nContent-Length: {'9' * 5000}\r\n\r\n"
    assert site.raw(asked.encode()).startswith(b"HTTP/1.0 200 ")


def test_what_a_request_says_ends_no_line_of_the_answer(site: Site) -> None:
    sent = b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\tEvil: yes\r\n\r\n"
    assert b"\nevil:" not in site.raw(sent).partition(b"\r\n\r\n")[0].lower().replace(b"\t", b"")


def test_a_bug_in_one_page_is_500_and_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    with opened(world) as site, caplog.at_level(logging.ERROR):
        world.board = None  # type: ignore[assignment]
        got = site.ask("/status.json")
        assert (got.status, got.body) == (500, "this is a bug of reconcile; its log says more\n")
        assert "/status.json cannot be answered" in caplog.text
        assert site.ask("/healthz").status == 200


def test_who_sends_nothing_is_cut_off() -> None:
    with opened(World(), Bounds(silence=0.3)) as site, site.connected() as silent:
        assert silent.recv(100) == b""


def test_who_drips_is_cut_off_when_the_time_is_up() -> None:
    with opened(World(), Bounds(silence=5, whole=0.6)) as site, site.connected() as slow:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 15:
                slow.sendall(b"G")
                time.sleep(0.05)
        assert 0.5 < time.monotonic() - began < 5


def answering() -> int:
    """How many threads answer somebody; other tests' come and go as they like."""
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def soon(holds: Callable[[], bool]) -> bool:
    """Whether it holds within ten seconds."""
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_who_does_not_read_the_answer_is_cut_off() -> None:
    more_than_buffers_take = board(*(model(f"m{n}", Reason.LOAD_FAILED, "x" * 900) for n in range(2000)))
    with opened(World(board=more_than_buffers_take), Bounds(silence=0.5, whole=1)) as site, site.connected() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.sendall(b"GET /status.json HTTP/1.0\r\n\r\n")
        assert soon(lambda: answering() > 0)
        assert soon(lambda: answering() == 0)


def test_however_many_are_silent_the_next_is_answered() -> None:
    with opened(World(), Bounds(connections=4, silence=60, whole=60)) as site:
        silent = [site.connected() for _ in range(12)]
        try:
            assert [site.ask("/healthz").status for _ in range(3)] == [200, 200, 200]
            assert answering() <= 4
        finally:
            for one in silent:
                one.close()


def test_many_at_once_are_all_answered(site: Site) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(site.ask("/metrics").status)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 20


def test_at_the_end_the_port_is_free_and_no_thread_is_left() -> None:
    with opened(World()) as site:
        place = site.place
        assert site.ask("/healthz").status == 200
    with listening(place, {}) as again:
        assert again == place
    assert answering() == 0
    assert "http" not in {thread.name for thread in threading.enumerate()}


def test_where_it_listens_may_be_any_address_of_either_kind() -> None:
    for listen in ("[::1]:0", ":0", "localhost:0"):
        with listening(listen, {}) as place:
            port = int(place.rpartition(":")[2])
            host = "::1" if listen.startswith("[") else "localhost"
            connection = http.client.HTTPConnection(host, port, timeout=10)
            connection.request("GET", "/")
            assert connection.getresponse().status == 404
            connection.close()


@pytest.mark.parametrize("listen", ["", "9090", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"])
def test_what_is_no_address_is_a_usage_error(listen: str) -> None:
    with pytest.raises(UsageError, match="is no address like"), listening(listen, {}):
        pass


def test_an_address_that_is_taken_says_so(site: Site) -> None:
    with pytest.raises(TerminalError, match="Address already in use"), listening(site.place, {}):
        pass
