"""Sources that hardly answer: told after a while, and left behind at once by a run that is to stop."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.adapters.volume import pace
from reconciler.core.errors import Reason, TransientError
from reconciler.core.plan import Fetch
from tests.volume_world import open_world, spec

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\nETag: "1"\r\nConnection: close\r\n\r\n'


@contextmanager
def dripping(pause: float) -> Iterator[str]:
    """A server that sends a byte, waits, and sends the next."""
    over = threading.Event()

    def serve(one: socket.socket) -> None:
        with one:
            head = one.recv(65536)
            try:
                one.sendall(ANSWER)
                while not head.startswith(b"HEAD") and not over.wait(pause):
                    one.sendall(b"x")
            except OSError:
                return  # whoever asked has gone

    def accept() -> None:
        while not over.is_set():
            try:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/m.onnx"
        finally:
            over.set()


@pytest.mark.parametrize("pause", [0.05, 60.0])
def test_a_fetch_that_is_to_stop_does_not_wait_for_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    monkeypatch.setattr(pace, "_GRACE", 0.2)
    world, began = open_world(tmp_path / "volume"), time.monotonic()
    with dripping(pause) as url:
        model = spec(url)
        action = Fetch(model="m", sources=model.sources(), size=None)
        with pytest.raises(TransientError) as raised:
            world.volume.fetch(action, progress=lambda _: None, cancelled=lambda: time.monotonic() > began + 0.5)
    assert raised.value.reason is Reason.CANCELLED
    assert time.monotonic() < began + 20


def test_a_source_that_comes_too_slowly_ever_to_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_PATIENCE", 0.5)
    world = open_world(tmp_path / "volume")
    with dripping(0.05) as url, pytest.raises(TransientError, match="bytes a second, which would never end") as raised:
        world.fetch(spec(url))
    assert raised.value.reason is Reason.SOURCE_UNREADABLE
