"""Any other fsspec URL, as the slow general way: ftp:// against a real FTP server, whose one connection is shared."""

import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyftpdlib uses asyncore
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

from reconciler.adapters.sources import Loose, Sources, select
from reconciler.core.errors import Reason, ReconcileError, TransientError
from reconciler.core.spec import Source
from tests.volume_world import World, spec, write


@dataclass(frozen=True)
class Ftp:
    """A server over a directory, with one user."""

    directory: Path
    address: str

    def uri(self, path: str, user: str = "ann:s3cret") -> str:
        return f"ftp://{user}@{self.address}/{path}"


@contextmanager
def ftp_server(directory: Path) -> Iterator[Ftp]:
    """A real FTP server in a thread."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("ann", "s3cret", str(directory), perm="elr")

    class Handler(FTPHandler):  # type: ignore[misc]
        log_prefix = ""
        auth_failed_timeout = 0

    Handler.authorizer = authorizer
    server = FTPServer(("127.0.0.1", 0), Handler)
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            server.serve_forever(timeout=0.05, blocking=False, handle_exit=False)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Ftp(directory, f"127.0.0.1:{server.address[1]}")
    finally:
        stopping.set()
        thread.join()
        server.close_all()


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[Ftp]:
    (tmp_path / "site").mkdir()
    with ftp_server(tmp_path / "site") as server:
        yield server


def read(uri: str) -> dict[str, bytes]:
    sources, source = Sources({}, {}), Source(uri=uri)
    store = sources.store(source)
    selection = select(store.listing(), source)
    assert isinstance(selection, Loose)
    found = {file.path: b"".join(store.blocks(file)) for file in selection.files}
    sources.close()
    return found


def test_a_directory_and_a_file_are_sources(ftp: Ftp) -> None:
    write(ftp.directory, {"m/1/model.py": b"x" * 300_000, "m/config.pbtxt": b"c", "m2/no": b"no"})
    assert read(ftp.uri("m")) == {"1/model.py": b"x" * 300_000, "config.pbtxt": b"c"}
    assert read(ftp.uri("m/")) == read(ftp.uri("m"))
    assert read(ftp.uri("m/config.pbtxt")) == {"config.pbtxt": b"c"}


def test_files_that_are_wanted_at_once_take_turns_on_the_one_connection(ftp: Ftp) -> None:
    files = {f"m/{number}": bytes([number]) * 50_000 for number in range(12)}
    write(ftp.directory, files)
    sources = Sources({}, {})
    store = sources.store(Source(uri=ftp.uri("m")))
    listed = store.listing()
    with ThreadPoolExecutor(6) as pool:
        found = dict(zip(listed, pool.map(lambda file: b"".join(store.blocks(file)), listed), strict=True))
    assert {f"m/{file.path}": content for file, content in found.items()} == files
    sources.close()


def test_a_fetched_file_is_known_by_its_time_and_not_read_by_every_plan(ftp: Ftp, world: World) -> None:
    write(ftp.directory, {"m/config.pbtxt": b"c", "m/1/model.py": b"x"})
    model = spec(ftp.uri("m"))
    world.fetch(model)
    assert world.known(model).missing == frozenset()
    assert sum(world.fetch(model)) == 0


@pytest.mark.parametrize(
    ("path", "user", "reason"),
    [
        ("nothing", "ann:s3cret", Reason.SOURCE_NOT_FOUND),
        ("m", "ann:wr0ng", Reason.SOURCE_UNREADABLE),
    ],
)
def test_a_refusal_is_sorted_and_tells_no_password(ftp: Ftp, path: str, user: str, reason: Reason) -> None:
    write(ftp.directory, {"m/a": b"x"})
    with pytest.raises(ReconcileError) as raised:
        read(ftp.uri(path, user))
    assert raised.value.reason is reason
    assert not [part for part in ("s3cret", "wr0ng") if part in f"{raised.value} {raised.value!r}"]


def test_a_server_that_is_not_there_is_out_of_reach() -> None:
    with pytest.raises(TransientError) as raised:
        read("ftp://ann:s3cret@127.0.0.1:9/m")
    assert raised.value.reason is Reason.SOURCE_UNREACHABLE
    assert "s3cret" not in str(raised.value)
