"""The one answer that is taken from a connection of our own, and all those that are left to a library."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.adapters.sources import line as lines
from reconciler.adapters.sources.line import Address, Line, UnfitError, Wanted
from tests.certificates import authority
from tests.scripted import CLOSE, plain, scripted

BODY = bytes(range(256)) * 4
WANTED = Wanted(size=len(BODY), etag="v1")
PART = Wanted(size=100, first=50, etag="v1")
WHOLE = plain(BODY, ETag='"v1"')


def asked(answer: bytes | None, wanted: Wanted = WANTED, times: int = 1) -> tuple[list[bytes], bool]:
    """What came, each time, and whether the connection ends with it."""
    with scripted(lambda _: answer) as server:
        line = Line(Address(host="127.0.0.1", port=server.port, encrypted=False), 4096)
        try:
            return [one(line, wanted) for _ in range(times)], line.last
        finally:
            line.close()


def one(line: Line, wanted: Wanted) -> bytes:
    line.ask(b"GET / HTTP/1.1\r\n\r\n", wanted)
    line.head()
    return b"".join(map(bytes, line.stream()))


@pytest.mark.parametrize(
    ("answer", "wanted", "body"),
    [
        (WHOLE, WANTED, BODY),
        (plain(BODY), WANTED, BODY),
        (plain(BODY, ETag="v1"), WANTED, BODY),
        (plain(BODY, etag='"v1"', x_amz_meta_note="content-length: 3"), WANTED, BODY),
        (plain(BODY * 40), Wanted(size=len(BODY) * 40), BODY * 40),
        (plain(b"p" * 100, "206 Partial Content", Content_Range="bytes 50-149/1024"), PART, b"p" * 100),
        (plain(b"p" * 100, "206 Partial Content", Content_Range="bytes 50-149/*"), PART, b"p" * 100),
    ],
)
def test_what_was_asked_for_comes_and_the_connection_can_be_asked_again(
    answer: bytes, wanted: Wanted, body: bytes
) -> None:
    assert asked(answer, wanted, times=3) == ([body] * 3, False)


@pytest.mark.parametrize("word", ["close", "Close", "keep-alive, close"])
def test_an_answer_that_ends_the_connection_is_taken_and_told(word: str) -> None:
    assert asked(plain(BODY, Connection=word) + CLOSE) == ([BODY], True)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (plain(BODY, "404 Not Found"), WANTED),
        (plain(BODY, "301 Moved Permanently", Location="/"), WANTED),
        (plain(BODY, "503 Slow Down"), WANTED),
        (plain(BODY, "206 Partial Content", Content_Range="bytes 0-1023/1024"), WANTED),
        (plain(BODY, "200 OK"), PART),
        (plain(b"p" * 100, "200 OK"), PART),
        (plain(b"p" * 100, "206 Partial Content", Content_Range="bytes 51-150/1024"), PART),
        (plain(b"p" * 100, "206 Partial Content"), PART),
        (plain(BODY[:-1]), WANTED),
        (plain(BODY, ETag='"v2"'), WANTED),
        (plain(BODY, Content_length="7"), WANTED),
        (plain(BODY, Transfer_Encoding="chunked"), WANTED),
        (WHOLE.replace(b"Content-Length", b"X-Length"), WANTED),
        (WHOLE.replace(b"Content-Length: ", b"Content-Length: +"), WANTED),
        (WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"), WANTED),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 20_000, WANTED),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", WANTED),
        (b"HTTP/1.1 200 OK\r\nContent-Le" + CLOSE, WANTED),
        (None, WANTED),
        (WHOLE + b"more", WANTED),
        (WHOLE.replace(b"ETag", b"Transfer-Encoding:\r\n chunked\r\nETag"), WANTED),
    ],
)
def test_every_other_answer_is_left_to_a_library(answer: bytes | None, wanted: Wanted) -> None:
    with pytest.raises((UnfitError, ConnectionError)):
        asked(answer, wanted)


def test_the_rest_of_an_answer_is_never_taken_for_the_next() -> None:
    body = BODY * 40

    def twice(_: str) -> bytes:
        return plain(body) + plain(body)

    with scripted(twice) as server:
        line = Line(Address(host="127.0.0.1", port=server.port, encrypted=False), 1)
        line.ask(b"GET / HTTP/1.1\r\n\r\n", Wanted(size=len(body)))
        line.head()
        assert sum(map(len, line.stream())) == len(body)
        time.sleep(0.1)
        with pytest.raises(UnfitError, match="more than was asked for"):
            line.ask(b"GET / HTTP/1.1\r\n\r\n", Wanted(size=len(body)))
        line.close()


def test_a_head_that_comes_byte_by_byte_has_a_stall_s_time_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "STALL", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Line(Address(host="127.0.0.1", port=listener.getsockname()[1], encrypted=False), 4096)
        served, _ = listener.accept()
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.1):
                served.sendall(b"H")

        dripping = threading.Thread(target=drip)
        dripping.start()
        line.ask(b"GET / HTTP/1.1\r\n\r\n", WANTED)
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            line.head()
        assert time.monotonic() - begun < 5
        ended.set()
        dripping.join()
        line.close()
        served.close()


def test_a_body_that_ends_early_gives_what_came_and_tells() -> None:
    with scripted(lambda _: WHOLE[:-100] + CLOSE) as server:
        line = Line(Address(host="127.0.0.1", port=server.port, encrypted=False), 4096)
        line.ask(b"GET / HTTP/1.1\r\n\r\n", WANTED)
        line.head()
        stream, found, whole = line.stream(), b"", None
        while whole is None:
            try:
                found += next(stream)
            except StopIteration as end:
                whole = end.value
        assert (found, whole) == (BODY[:-100], False)
        line.close()


def test_who_says_nothing_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "STALL", 0.2)
    with pytest.raises(TimeoutError):
        asked(b"HTTP/1.1 200 OK\r\n")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return authority(tmp_path_factory.mktemp("tls"))


def over_tls(server_port: int, bundle: str | None, use: Callable[[Line], bytes]) -> bytes:
    line = Line(Address(host="127.0.0.1", port=server_port, encrypted=True, bundle=bundle), 65536)
    try:
        return use(line)
    finally:
        line.close()


def test_over_tls_a_server_is_believed_by_the_bundle_only(tls: tuple[Path, ssl.SSLContext]) -> None:
    bundle, context = tls
    with scripted(lambda _: WHOLE, context) as server:
        assert over_tls(server.port, str(bundle), lambda line: one(line, WANTED)) == BODY
        with pytest.raises(ssl.SSLCertVerificationError):
            over_tls(server.port, None, lambda line: one(line, WANTED))


def test_over_tls_what_the_socket_does_not_tell_of_is_taken(tls: tuple[Path, ssl.SSLContext]) -> None:
    """A record may hold more than was read of it: then no `select` would ever tell."""
    bundle, context = tls
    body = BODY * 50

    def whole(line: Line) -> bytes:
        line.socket.setblocking(False)
        line.ask(b"GET / HTTP/1.1\r\n\r\n", Wanted(size=len(body)))
        while True:
            found = line.more()
            if found is not None:
                return bytes(found)

    with scripted(lambda _: plain(body), context) as server:
        assert over_tls(server.port, str(bundle), whole) == body
