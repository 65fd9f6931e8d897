"""hf:// against a stand-in for the hub's HTTP API on loopback (tests/hub.py): the real hub cannot be reached here."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants

from reconciler.adapters.sources import NOTHING, Loose, Sources, measure, select
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.spec import Credentials, Source
from tests.hub import Hub, hub_server
from tests.volume_world import World, spec
from tests.web import Web

FILES = {"config.pbtxt": b"x", "1/model.onnx": b"w" * 5000, "1/empty": b"", "2/ü b.txt": b"u"}


@pytest.fixture
def hub(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with hub_server(web) as server:
        server.push("models/org/repo", FILES)
        yield server


def sources(hub: Hub, **environment: str) -> Sources:
    return Sources({"p": Credentials(from_env="P_")}, {"HF_ENDPOINT": hub.url, **environment})


def read(opened: Sources, uri: str, credentials: str | None = None) -> dict[str, bytes]:
    source = Source(uri=uri, credentials=credentials)
    store = opened.store(source)
    selection = select(store.listing(), source)
    assert isinstance(selection, Loose)
    found = {file.path: b"".join(store.blocks(file)) for file in selection.files}
    opened.close()
    return found


def test_a_repository_is_a_source_whole_or_below_a_path_or_one_file_of_it(hub: Hub) -> None:
    assert read(sources(hub), "hf://org/repo") == FILES
    assert read(sources(hub), "hf://org/repo@main/1/") == {"model.onnx": b"w" * 5000, "empty": b""}
    assert read(sources(hub), "hf://org/repo/1") == {"model.onnx": b"w" * 5000, "empty": b""}
    assert read(sources(hub), "hf://org/repo/1/model.onnx") == {"model.onnx": b"w" * 5000}


def test_data_sets_and_spaces_are_repositories_too(hub: Hub) -> None:
    hub.push("datasets/org/repo", {"a": b"data"})
    hub.push("spaces/org/repo", {"a": b"s" * 2000})
    assert read(sources(hub), "hf://datasets/org/repo") == {"a": b"data"}
    assert read(sources(hub), "hf://spaces/org/repo@main/a") == {"a": b"s" * 2000}


def test_a_revision_is_a_branch_a_tag_or_a_commit(hub: Hub) -> None:
    old = hub.refs["models/org/repo", "main"]
    hub.push("models/org/repo", {"a": b"branch"}, ref="some/branch")
    hub.push("models/org/repo", {"a": b"pull"}, ref="refs/pr/1")
    hub.push("models/org/repo", {"a": b"new"})
    assert read(sources(hub), f"hf://org/repo@{old}") == FILES
    assert read(sources(hub), "hf://org/repo@some%2Fbranch") == {"a": b"branch"}
    assert read(sources(hub), "hf://org/repo@refs/pr/1") == {"a": b"pull"}
    assert read(sources(hub), "hf://org/repo") == {"a": b"new"}


def test_what_is_listed_is_read_also_where_the_branch_has_moved_on_since(hub: Hub) -> None:
    store = sources(hub).store(Source(uri="hf://org/repo/1/model.onnx"))
    (file,) = store.listing()
    hub.push("models/org/repo", {"1/model.onnx": b"v" * 5000})
    assert b"".join(store.blocks(file)) == b"w" * 5000
    (later,) = store.listing()
    assert later.fingerprint != file.fingerprint
    assert b"".join(store.blocks(later)) == b"v" * 5000


def test_files_are_told_apart_by_what_the_hub_says_of_their_content(hub: Hub) -> None:
    listed = {file.path: file for file in sources(hub).store(Source(uri="hf://org/repo")).listing()}
    big, small = listed["1/model.onnx"], listed["config.pbtxt"]
    assert (big.size, big.fingerprint) == (5000, of_bytes(b"w" * 5000))
    git = hashlib.sha1(b"blob 1\0x", usedforsecurity=False).hexdigest()
    assert (small.size, small.fingerprint) == (1, f"git:{git}")


def test_big_files_are_given_in_ranges(hub: Hub) -> None:
    hub.push("models/org/repo", {"a": bytes(range(256)) * 10})
    store = sources(hub).store(Source(uri="hf://org/repo/a"))
    (file,) = store.listing()
    assert store.gives_ranges(file)
    assert b"".join(store.blocks(file, 100, 300)) == (bytes(range(256)) * 10)[100:300]


def test_the_token_goes_to_the_hub_and_not_to_where_it_keeps_big_files(
    hub: Hub, web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub.token = "hf_s3cret"
    monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
    assert read(sources(hub), "hf://org/repo") == FILES
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "token").write_text("hf_s3cret")
    assert read(sources(hub), "hf://org/repo") == FILES
    (tmp_path / "token").unlink()
    assert read(sources(hub, P_HF_TOKEN="hf_s3cret"), "hf://org/repo", "p") == FILES
    assert {header for _, header in hub.asked} == {"Bearer hf_s3cret"}
    assert web.headers
    assert not any("Authorization" in headers for headers in web.headers)


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("hf://org/other", Reason.SOURCE_NOT_FOUND),
        ("hf://org/repo@nowhere", Reason.SOURCE_NOT_FOUND),
        ("hf://org/repo/nothing", Reason.SOURCE_NOT_FOUND),
        ("hf://", Reason.INVALID),
        ("hf://repo_only", Reason.INVALID),
        ("hf:///model_only", Reason.INVALID),
        ("hf://org/", Reason.INVALID),
        ("hf://org/repo:revision", Reason.INVALID),
        ("hf://buckets/org/bucket", Reason.INVALID),
    ],
)
def test_what_the_hub_does_not_have_is_told(hub: Hub, uri: str, reason: Reason) -> None:
    with pytest.raises(TerminalError) as raised:
        read(sources(hub), uri)
    assert raised.value.reason is reason


def test_a_repository_that_wants_a_token_is_told_without_the_wrong_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "hf_right"
    monkeypatch.setenv("HF_TOKEN", "hf_wr0ng")
    with pytest.raises(ReconcileError) as raised:
        read(sources(hub), "hf://org/repo")
    assert raised.value.reason is Reason.SOURCE_UNREADABLE
    assert "hf_wr0ng" not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_is_busy_is_looked_at_again(hub: Hub, status: int) -> None:
    hub.busy = [status]
    assert read(sources(hub), "hf://org/repo/1/model.onnx") == {"model.onnx": b"w" * 5000}


def test_without_its_package_the_extra_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(TerminalError, match=r"triton-reconcile\[hf\]") as raised:
        read(sources(hub), "hf://org/repo")
    assert raised.value.reason is Reason.EXTRA_MISSING


def test_only_what_changed_is_fetched_again(hub: Hub, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.volume.close()
    model = spec("hf://org/repo")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert sum(World(root=world.root, volume=_volume(world, hub)).fetch(model)) == sum(map(len, FILES.values()))
    hub.push("models/org/repo", FILES | {"config.pbtxt": b"yy"})
    assert sum(World(root=world.root, volume=_volume(world, hub)).fetch(model)) == 2


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("hf://org/repo", FILES),
        ("hf://org/repo@main/1/", {"model.onnx": b"w" * 5000, "empty": b""}),
        ("hf://org/repo/1/model.onnx", {"model.onnx": b"w" * 5000}),
    ],
)
def test_a_lock_holds_the_commit_and_gets_it_also_where_the_branch_has_moved_on(
    hub: Hub, world: World, uri: str, expected: dict[str, bytes]
) -> None:
    source, opened = Source(uri=uri), sources(hub)
    lock = measure(opened.store(source), source, NOTHING)
    commit = hub.refs["models/org/repo", "main"]
    assert {each.file.path: each.pin.version for each in lock.files} == dict.fromkeys(expected, commit)
    hub.push("models/org/repo", {"1/model.onnx": b"v" * 5000, "config.pbtxt": b"y"})
    assert measure(opened.store(source), source, NOTHING) != lock
    opened.close()
    hub.asked.clear()
    world.volume.close()
    moved = World(root=world.root, volume=_volume(world, hub))
    model = spec(replace(source, locked=lock))
    assert sum(moved.fetch(model)) == sum(map(len, expected.values()))
    assert moved.known(model).missing == frozenset()
    assert not [path for path, _ in hub.asked if commit not in path and "paths-info" not in path]
    moved.volume.close()


def _volume(world: World, hub: Hub) -> Volume:
    return Volume(str(world.root), sources=Sources({}, {"HF_ENDPOINT": hub.url}))
