"""Many small objects over a few connections of our own; whatever does not come that way comes by obstore."""

import hashlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import obstore
import pytest

from reconciler.adapters.sources import Bulk, Listed, Sources, Turns, buckets, flock, small, straight
from reconciler.adapters.volume import Limits
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.digest import Digest, of_bytes
from reconciler.core.errors import Reason, TransientError
from reconciler.core.plan import Fetch
from reconciler.core.progress import Moved
from reconciler.core.spec import Credentials, Source
from tests.buckets import Bucket, s3_bucket
from tests.certificates import authority
from tests.fault_proxy import Fault, Proxy, fault_proxy
from tests.scripted import CLOSE, Answer, Scripted, plain, scripted
from tests.volume_world import World, spec

OBJECTS = {f"m/{n % 3}/{n:03} ü+&%.bin": f"{n}".encode() * (1 + n * 7) for n in range(70)}
KEYS = {"T_AWS_ACCESS_KEY_ID": "AKIDTEST", "T_AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module")
def bucket(moto: str) -> Bucket:
    made = s3_bucket(moto)
    made.put(OBJECTS)
    return made


@pytest.fixture
def road(moto: str) -> Iterator[Proxy]:
    with fault_proxy(moto) as proxy:
        yield proxy


@pytest.fixture
def asked_of_obstore(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys whose content obstore was asked for."""
    found: list[str] = []
    get = obstore.get

    def counted(store: Any, path: str, **more: Any) -> Any:
        if not (more.get("options") or {}).get("head"):
            found.append(path)
        return get(store, path, **more)

    monkeypatch.setattr(obstore, "get", counted)
    return found


def opened(root: Path, bucket: Bucket, endpoint: str, **limits: Any) -> World:
    root.mkdir()
    credentials = {"test": Credentials(endpoint_url=endpoint, from_env="T_")}
    sources = Sources(credentials, bucket.environment)
    return World(root=root, volume=Volume(str(root), sources=sources, limits=Limits(**limits)))


def digests(objects: Mapping[str, bytes]) -> dict[str, Digest]:
    return {key.removeprefix("m/"): of_bytes(content) for key, content in objects.items()}


def fetched(world: World, bucket: Bucket) -> dict[str, Digest]:
    model = spec(bucket.source("/m/"))
    world.fetch(model)
    found = {file.path: file.digest for file in world.known(model).files[None]}
    for digest in found.values():
        assert of_bytes((world.ours / "blobs" / digest[7:9] / digest[7:]).read_bytes()) == digest
    world.volume.close()
    return found


def test_many_small_objects_come_without_obstore(tmp_path: Path, bucket: Bucket, asked_of_obstore: list[str]) -> None:
    assert fetched(opened(tmp_path / "v", bucket, bucket.endpoint), bucket) == digests(OBJECTS)
    assert asked_of_obstore == []


def test_few_or_big_ones_are_not_worth_it() -> None:
    def listed(count: int, size: int | None, tag: str | None = "v") -> list[Listed]:
        return [Listed(path=f"{n}", locator=f"{n}", size=size, fingerprint=tag) for n in range(count)]

    assert len(small(listed(flock.MANY, flock.SMALL))) == flock.MANY
    assert small(listed(flock.MANY - 1, 10)) == []
    assert small(listed(flock.MANY, flock.SMALL + 1)) == []
    assert small(listed(flock.MANY, 0)) == []
    assert small(listed(flock.MANY, None)) == []
    assert small(listed(flock.MANY, 10, None)) == []


FAULTS = [each for each in Fault if each not in (Fault.NONE, Fault.HANGS, Fault.WRONG_BYTES, Fault.CHANGED)]


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_what_does_not_come_as_it_should_comes_by_obstore(
    tmp_path: Path, bucket: Bucket, road: Proxy, asked_of_obstore: list[str], fault: Fault
) -> None:
    world = opened(tmp_path / "v", bucket, road.url)
    listing = len(world.volume._shelf.sources.store(bucket.source("/m/")).listing())
    assert listing == len(OBJECTS)
    road.faults = [Fault.NONE] * 31 + [fault]
    assert fetched(world, bucket) == digests(OBJECTS)
    assert len(asked_of_obstore) < len(OBJECTS) / 2


def test_a_server_that_refuses_all_of_it_is_asked_by_obstore(
    tmp_path: Path, bucket: Bucket, asked_of_obstore: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def astray(*more: Any) -> Any:
        found = straight.straight(*more)
        return found and replace(found, path="/no-such-bucket/")

    monkeypatch.setattr(buckets, "straight", astray)
    assert fetched(opened(tmp_path / "v", bucket, bucket.endpoint), bucket) == digests(OBJECTS)
    assert len(asked_of_obstore) == len(OBJECTS)


def files(count: int, size: int = 10) -> list[Listed]:
    return [Listed(path=f"{n}", locator=f"m/{n}", size=size, fingerprint="v") for n in range(count)]


def never() -> bool:
    return False


def given(
    server: Scripted,
    wanted: list[Listed],
    at_once: int = 4,
    stop: Callable[[], bool] = never,
    bundle: Path | None = None,
) -> dict[str, bytes]:
    scheme = "https" if bundle else "http"
    credentials = {"t": Credentials(endpoint_url=f"{scheme}://127.0.0.1:{server.port}", from_env="T_")}
    environment = KEYS | ({"AWS_CA_BUNDLE": str(bundle)} if bundle else {})
    sources = Sources(credentials, environment)
    store = sources.store(Source(uri="s3://bucket/m/", credentials="t"))
    assert isinstance(store, Bulk)
    turns = threading.BoundedSemaphore(at_once)
    found = {file.path: bytes(body) for file, body in store.contents(wanted, Turns(at_once, turns, stop))}
    assert turns._value == at_once
    sources.close()
    return found


def body_of(head: str) -> bytes:
    return head.split(" ")[1].rpartition("/")[2].ljust(10, ".").encode()


def test_no_more_are_under_way_than_may_be() -> None:
    def slowly(head: str) -> Answer:
        time.sleep(0.002)
        return plain(body_of(head), ETag='"v"')

    with scripted(slowly) as server:
        assert len(given(server, files(200), at_once=3)) == 200
    assert 1 < server.most <= 3
    assert server.connections == 3


def test_a_turn_that_somebody_else_has_is_waited_for() -> None:
    turns = threading.BoundedSemaphore(1)
    turns.acquire()
    with scripted(lambda head: plain(body_of(head))) as server:
        credentials = {"t": Credentials(endpoint_url=f"http://127.0.0.1:{server.port}", from_env="T_")}
        store = Sources(credentials, KEYS).store(Source(uri="s3://bucket/m/", credentials="t"))
        assert isinstance(store, Bulk)
        threading.Timer(0.3, turns.release).start()
        begun = time.monotonic()
        assert len([*store.contents(files(3), Turns(1, turns, never))]) == 3
    assert time.monotonic() - begun >= 0.25


def test_a_connection_that_the_server_ends_is_done_without() -> None:
    left = threading.Semaphore(10)

    def answer(head: str) -> Answer:
        closing = left.acquire(blocking=False)
        return plain(body_of(head), Connection="close") + CLOSE if closing else plain(body_of(head))

    with scripted(answer) as server:
        found = given(server, files(50), at_once=16)
    assert len(found) == 50
    assert all(body == path.ljust(10, ".").encode() for path, body in found.items())


def test_a_connection_of_which_the_server_has_had_enough_is_made_anew() -> None:
    numbers = itertools.count(1)

    def answer(head: str) -> Answer:
        return plain(body_of(head)) + (CLOSE if next(numbers) % 10 == 0 else b"")

    with scripted(answer) as server:
        assert len(given(server, files(200), at_once=4)) >= 180
    assert server.connections > 10


def test_who_never_gives_anything_is_not_asked_for_ever() -> None:
    with scripted(lambda _: None) as server:
        assert given(server, files(200), at_once=4) == {}
    assert server.connections == 4


def test_an_answer_to_nothing_ends_the_connection_only() -> None:
    """Also one of the length that nothing has."""
    with scripted(lambda head: plain(body_of(head)) + plain(b"")) as server:
        found = given(server, files(20), at_once=2)
    assert all(body == path.ljust(10, ".").encode() for path, body in found.items())


def test_objects_that_come_slowly_but_steadily_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flock, "STALL", 0.4)
    body = bytes(100_000)

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(plain(b"")[: -len("Content-Length: 0\r\n\r\n")] + b"Content-Length: 100000\r\n\r\n")
        for start in range(0, len(body), 10_000):
            connection.sendall(body[start : start + 10_000])
            time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                drip(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        found = given(Scripted(port=listener.getsockname()[1]), files(1, len(body)), at_once=1)
        thread.join()
    assert found == {"0": body}


def test_who_waits_for_a_turn_hears_a_stop_and_asks_for_nothing() -> None:
    turns, stop = threading.BoundedSemaphore(1), threading.Event()
    turns.acquire()
    threading.Timer(0.3, stop.set).start()
    with scripted(lambda head: plain(body_of(head))) as server:
        credentials = {"t": Credentials(endpoint_url=f"http://127.0.0.1:{server.port}", from_env="T_")}
        store = Sources(credentials, KEYS).store(Source(uri="s3://bucket/m/", credentials="t"))
        assert isinstance(store, Bulk)
        assert [*store.contents(files(3), Turns(1, turns, stop.is_set))] == []
    assert (server.asked, server.connections) == ([], 0)


def test_whoever_is_given_a_file_has_not_its_turn_any_more() -> None:
    turns = threading.BoundedSemaphore(1)
    with scripted(lambda head: plain(body_of(head))) as server:
        credentials = {"t": Credentials(endpoint_url=f"http://127.0.0.1:{server.port}", from_env="T_")}
        store = Sources(credentials, KEYS).store(Source(uri="s3://bucket/m/", credentials="t"))
        assert isinstance(store, Bulk)
        for _ in store.contents(files(3), Turns(1, turns, never)):
            assert turns.acquire(blocking=False)
            turns.release()


@pytest.mark.parametrize(
    "variable", ["AWS_ENDPOINT", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_REQUEST_PAYER", "AWS_SSE_CUSTOMER_KEY"]
)
def test_what_only_obstore_knows_of_is_left_to_it(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    settings = {"config": {"region": "r"}, "credential_provider": dict}
    assert straight.straight("bucket", settings, {}) is None
    monkeypatch.delenv(variable)
    assert straight.straight("bucket", settings, {}) is not None


@pytest.mark.parametrize("fault", [Fault.RESET_INSIDE, Fault.SHORT], ids=["reset", "short"])
def test_a_big_object_that_breaks_off_goes_on_from_there_by_obstore(
    bucket: Bucket, road: Proxy, asked_of_obstore: list[str], fault: Fault
) -> None:
    content = bytes(range(256)) * 8192
    bucket.put({"big/model.tar": content})
    store = replace(bucket, endpoint=road.url).store("/big/model.tar")
    (file,) = store.listing()
    road.faults = [fault]
    assert b"".join(map(bytes, store.blocks(file))) == content
    assert asked_of_obstore == ["big/model.tar"]
    assert [line for line in road.sent if line.lower().startswith("range: bytes=")] != []


def test_what_a_server_never_sends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flock, "STALL", 0.5)
    ended = threading.Event()

    def answer(head: str) -> Answer:
        if head.startswith("GET /bucket/m/7 "):
            ended.wait(20)
        return plain(body_of(head))

    with scripted(answer) as server:
        found = given(server, files(30))
        ended.set()
    assert found.keys() == {f"{n}" for n in range(30)} - {"7"}


def test_who_is_to_stop_does_not_wait_for_the_server() -> None:
    stop, ended = threading.Event(), threading.Event()
    threading.Timer(0.3, stop.set).start()

    def answer(_: str) -> Answer:
        ended.wait(20)
        return None

    with scripted(answer) as server:
        begun = time.monotonic()
        assert given(server, files(30), stop=stop.is_set) == {}
        assert time.monotonic() - begun < 10
        ended.set()


def test_it_goes_over_tls_and_versions_are_asked_for(tmp_path: Path) -> None:
    bundle, context = authority(tmp_path)
    assert isinstance(context, ssl.SSLContext)
    body = hashlib.sha256(b"").digest() * 2000
    wanted = [Listed(path="a", locator="m/a b", size=len(body), fingerprint=None, version="v 1")] * 5
    with scripted(lambda _: plain(body), context) as server:
        assert given(server, wanted, bundle=bundle) == {"a": body}
    assert {head.split("\r\n")[0] for head in server.asked} == {"GET /bucket/m/a%20b?versionId=v%201 HTTP/1.1"}


def test_where_a_proxy_is_between_it_is_left_to_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with scripted(lambda head: plain(body_of(head))) as server:
        assert given(server, files(5)) == {}
    assert server.asked == []


def test_requests_that_are_not_to_be_signed_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "T_AWS_SKIP_SIGNATURE", "true")
    with scripted(lambda head: plain(body_of(head))) as server:
        assert len(given(server, files(5))) == 5
    assert not [head for head in server.asked if "authorization" in head.lower()]


def refusing() -> dict[str, Any]:
    raise PermissionError("the token has run out")


@pytest.mark.parametrize(
    "provider",
    [refusing, lambda: {"access_key_id": "A\r\nX: y", "secret_access_key": "s", "token": None}],
    ids=["none", "not printable"],
)
def test_keys_that_cannot_be_had_or_sent_are_obstores_matter(
    monkeypatch: pytest.MonkeyPatch, provider: Callable[[], dict[str, Any]]
) -> None:
    monkeypatch.setattr(straight.Keyring, "__call__", straight.Keyring(provider).__call__)
    with scripted(lambda head: plain(body_of(head))) as server:
        assert given(server, files(5)) == {}
    assert server.asked == []


def test_a_version_that_would_be_a_header_of_its_own_is_not_sent() -> None:
    wanted = [Listed(path="1", locator="m/1", size=10, fingerprint='v"\r\nX: "')]
    with scripted(lambda head: plain(body_of(head))) as server:
        assert given(server, wanted) == {}
    assert server.asked == []


def test_keys_are_asked_for_again_before_they_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    keys = straight.Keyring(lambda: {"access_key_id": f"{next(numbers)}", "secret_access_key": "s", "token": None})
    assert [keys().access, keys().access] == ["0", "0"]
    monkeypatch.setattr(straight, "_REFRESH", -1.0)
    keys._known = None
    assert [keys().access, keys().access] == ["1", "2"]


def test_a_fetch_of_small_objects_stops_on_request(tmp_path: Path, bucket: Bucket) -> None:
    world = opened(tmp_path / "v", bucket, bucket.endpoint, transfers=2)
    moved: list[Moved] = []
    model = spec(bucket.source("/m/"))
    action = Fetch(model=model.name, sources=model.sources(), size=None)
    with pytest.raises(TransientError) as raised:
        world.volume.fetch(action, progress=moved.append, cancelled=lambda: len(moved) > 20)
    assert raised.value.reason is Reason.CANCELLED
    assert 20 < len(moved) < 40
    assert fetched(world, bucket) == digests(OBJECTS)


def test_small_objects_keep_within_the_bandwidth(tmp_path: Path, bucket: Bucket) -> None:
    size = sum(map(len, OBJECTS.values()))
    begun = time.monotonic()
    assert fetched(opened(tmp_path / "v", bucket, bucket.endpoint, bandwidth=size), bucket) == digests(OBJECTS)
    assert time.monotonic() - begun >= 0.9
