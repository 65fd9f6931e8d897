"""A remote that goes in the middle of a push, whose history is another one, or whose branch is gone."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.bad_world import ME, Ground, document, mentions
from tests.git_remotes import bare, branch_files, daemon, git

STATUS = "reconciler-status"
pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Wire:
    """Hands bytes on to a git daemon. `cuts`: where a push is broken off, "before" it arrives or "after" it has."""

    port: int
    listener: socket.socket
    cuts: str = ""
    cut: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"git://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._between, args=(client,), daemon=True).start()

    def _between(self, client: socket.socket) -> None:
        """Until both sides are gone, however they go."""
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.port)) as server:
            lost = threading.Event()
            back = threading.Thread(target=_hand_on, args=(server, client, lost), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                self._forth(client, server, lost)
            back.join()

    def _forth(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        """The pack is what a push sends last."""
        while block := client.recv(65536):
            if self.cuts and b"PACK" in block:
                self.cut.append(self.cuts)
                lost.set()
                if self.cuts == "before":
                    server.close()
                    return
            server.sendall(block)
        server.shutdown(socket.SHUT_WR)


def _hand_on(server: socket.socket, client: socket.socket, lost: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while block := server.recv(65536):
            if not lost.is_set():
                client.sendall(block)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A ground whose repository is behind a wire, and its home."""

    ground: Ground
    home: Path
    wire: Wire

    def push(self) -> None:
        git(self.ground.repository, "push", "--quiet", "--force", str(self.home), "HEAD:main")

    def want(self, factor: int) -> None:
        self.ground.want({"good": document("good", str(self.ground.source(f"good-{factor}", factor)))})
        self.push()

    def run(self, command: str, *more: str) -> tuple[int, str]:
        answer = self.ground.run(command, *more, repo=f"{self.wire.url}/home.git")
        return answer.code, answer.said

    @property
    def linked(self) -> bytes:
        return (self.ground.volume / "models/good/1/model.py").read_bytes()


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    """A model that was applied once, from a remote with a cache on the volume."""
    ground = Ground(folder=tmp_path).begin()
    home = bare(tmp_path / "served/home.git")
    with daemon(tmp_path / "served") as url, socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(port=int(url.rpartition(":")[2]), listener=listener)
        threading.Thread(target=wire.serve, daemon=True).start()
        made = Remote(ground=ground, home=home, wire=wire)
        made.want(2)
        git(home, "symbolic-ref", "HEAD", "refs/heads/main")
        code, said = made.run("apply")
        assert code == 0, said
        yield made


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_remote_that_goes_in_the_middle_of_a_push_leaves_what_was_applied_and_the_next_run_tells_it(
    remote: Remote, moment: str
) -> None:
    before = git(remote.home, "rev-parse", STATUS)
    remote.want(3)
    remote.wire.cuts = moment
    code, said = remote.run("apply")
    assert remote.wire.cut, "the push was broken off"
    assert b"* 3" in remote.linked
    if moment == "before":
        assert code == 6
        mentions(said, "The status could not be written: ")
        assert git(remote.home, "rev-parse", STATUS) == before
    else:
        assert code in (0, 6)
        assert git(remote.home, "rev-parse", f"{STATUS}^") == before
    remote.wire.cuts = ""
    assert remote.run("apply")[0] == 0
    assert git(remote.home, "rev-parse", f"{STATUS}^") == before, "one commit, whether its push was answered or not"
    assert git(remote.home, "rev-parse", "main").encode() in branch_files(remote.home, STATUS)["default/good.yaml"]
    git(remote.home, "fsck", "--strict")


def test_a_history_that_was_rewritten_to_the_root_with_the_status_lost_is_followed(remote: Remote) -> None:
    remote.want(3)
    git(remote.ground.repository, "checkout", "--quiet", "--orphan", "anew")
    git(remote.ground.repository, *ME, "commit", "--quiet", "--message", "From the beginning")
    remote.push()
    git(remote.home, "update-ref", "-d", f"refs/heads/{STATUS}")
    git(remote.home, "gc", "--quiet", "--prune=now")
    assert remote.run("apply")[0] == 0
    assert b"* 3" in remote.linked
    assert git(remote.home, "rev-list", "--count", STATUS) == "1"
    assert git(remote.home, "rev-list", "--count", "main") == "1"
    assert remote.run("plan", "--detailed-exitcode")[0] == 0


def test_a_branch_that_is_gone_is_an_error_and_not_an_empty_state_nor_the_last_known_one(remote: Remote) -> None:
    assert remote.run("apply", "--ref", "main")[0] == 0
    git(remote.home, "update-ref", "-d", "refs/heads/main")
    before = remote.ground.snapshot()
    for command in ("plan", "apply"):
        code, said = remote.run(command, "--ref", "main")
        assert code == 1
        mentions(said, "RefNotFound", "has no commit 'main'")
    assert remote.ground.snapshot() == before
