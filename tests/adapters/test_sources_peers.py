"""Cases observed in other systems (tests/cases/peers/sources.json), applied where they fit our contract.

Left out of the groups that are used: `exact-object-bypasses-filter` (here globs hold for a named object too);
`kserve-gcs/nested` (a listing that its own store would not give); archives behind a `Content-Type` of another kind (the
name decides here); an empty page as an error (an empty file is a file); names taken out of a query (the path names the
file); file shares (not a source here); patterns from the environment, and an empty list of them (the schema wants one);
absolute paths that a deny-list lets pass (a name in a source is never absolute here); renames, client caches and errors
of mocked clients (no such things here).

Left out as groups: kserve-s3-config and kserve-ca-bundle (their own variables; ours are in test_sources_accounts.py and
test_sources_http.py, and a bundle that is configured and missing is an error for every store alike);
kserve-error-messages (wording; ours are sorted by reason in test_sources_listing.py); kserve-local (where a peer copies
to); kserve-routing (clones git, and tells Azure by its https host); kserve-multi-download and kserve-oci (no such
sources here); modelmesh-puller and seldon-download (storage references and version choice of their servers);
torchserve-archive's rest (a model store with state). What is not about sources is no matter of this file.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.sources import Sources
from reconciler.adapters.sources.listing import fault_of
from reconciler.adapters.sources.patterns import wanted
from reconciler.adapters.volume.mounted import Volume
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Source
from tests.adapters.test_sources_archives import tar, zipped
from tests.buckets import Bucket, az_container, gs_bucket, s3_bucket
from tests.volume_world import World, spec
from tests.web import Page, Web

GROUPS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "cases/peers/sources.json").read_text(encoding="utf-8")
)


def cases(*groups: str) -> pytest.MarkDecorator:
    """One test for each case of these groups."""
    found = [case for group in groups for case in GROUPS[group]]
    return pytest.mark.parametrize("case", found, ids=[case["id"] for case in found])


@pytest.fixture
def bucket(request: pytest.FixtureRequest, case: Mapping[str, Any]) -> Bucket:
    """A new bucket of the store that the case is about."""
    match str(case["id"]).partition("/")[0]:
        case "kserve-azure":
            return az_container(request.getfixturevalue("azure"))
        case "kserve-gcs":
            return gs_bucket(request.getfixturevalue("moto"))
        case _:
            return s3_bucket(request.getfixturevalue("moto"))


def _keys(given: Mapping[str, Any]) -> list[str]:
    pages = [key for page in given.get("pages", []) for key in page]
    return pages or next(
        (list(given[name]) for name in ("bucket_keys", "objects", "blobs", "listing") if name in given), []
    )


def _place(given: Mapping[str, Any]) -> str:
    """The path in the bucket."""
    if "remote" in given:
        return "/" + str(given["remote"])
    if "uri" not in given:
        return "/model"
    _, slash, path = str(given["uri"]).partition("://")[2].partition("/")
    if str(given["uri"]).startswith("https://"):
        path = path.partition("/")[2]
    return slash + path


def _tree(given: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The paths that are expected below the prefix."""
    if "downloads" in expected:
        return [str(path).removeprefix("dest_path/") for path in expected["downloads"].values()]
    if "fetched" in expected:
        place = _place(given).strip("/")
        keys = [str(key) for key in expected["fetched"]]
        return [key.rpartition("/")[2] if key == place else key.removeprefix(place and place + "/") for key in keys]
    place = _place(given).strip("/")
    found = expected.get("tree") or expected.get("local") or [key.removeprefix(place + "/") for key in _keys(given)]
    return [str(path) for path in found]


LISTINGS = cases("kserve-s3-layout", "kserve-agent-s3", "kserve-gcs", "kserve-azure", "modelmesh-pullman")


@pytest.mark.slow
@LISTINGS
def test_a_listing_becomes_the_tree_that_it_becomes_elsewhere(bucket: Bucket, case: Mapping[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    contents = given["objects"] if isinstance(given.get("objects"), dict) else {key: key for key in _keys(given)}
    for key, content in contents.items():
        if key.endswith("/"):
            bucket.folder(key.rstrip("/"))
        else:
            bucket.put({key: content.encode()})
    filters = {
        ours: tuple(given[theirs]) for theirs, ours in (("allow", "include"), ("ignore", "exclude")) if theirs in given
    }
    if expected.get("error"):
        with pytest.raises(TerminalError) as raised:
            bucket.read(_place(given), **filters)
        assert raised.value.reason is Reason.SOURCE_EMPTY
        return
    found = bucket.read(_place(given), **filters)
    assert sorted(found) == sorted(_tree(given, expected))
    assert set(found.values()) <= {content.encode() for content in contents.values()}


@cases("kserve-patterns")
def test_a_glob_chooses_what_it_chooses_elsewhere(case: Mapping[str, Any]) -> None:
    given = case["input"]
    assert wanted(given["path"], given["allow"] or ["**"], given["ignore"] or []) is case["expect"]["download"]


@cases("kserve-http", "torchserve-archive")
def test_a_web_file_has_the_name_and_content_that_it_has_elsewhere(
    web: Web, world: World, case: Mapping[str, Any]
) -> None:
    given, expected = case["input"], case["expect"]
    uri = str(given.get("uri") or given["url"])
    path, _, query = ("/" + uri.partition("://")[2].partition("/")[2]).partition("?")
    files = {"model.pth": b""}
    body = gzip.compress(tar(files)) if path.endswith(".gz") else zipped(files) if path.endswith(".zip") else b"x"
    web.pages[path] = Page(
        body=body,
        status=given.get("status", 200),
        headers={"Content-Type": given.get("content_type", ""), "ETag": '"1"'},
    )
    model = spec(f"{web.url}{path}?{query}")
    if expected.get("error"):
        with pytest.raises(TerminalError):
            world.fetch(model)
        return
    world.fetch(model)
    assert [file.path for file in world.known(model).files[None]] == (expected.get("tree") or [expected["filename"]])


@cases("kserve-hf", "kserve-agent-downloader")
def test_a_uri_that_names_nothing_elsewhere_names_nothing_here(case: Mapping[str, Any]) -> None:
    assert case["expect"]["error"]
    with pytest.raises(TerminalError) as raised:
        Sources({}, {}).store(Source(uri=case["input"]["uri"])).listing()
    assert raised.value.reason in (Reason.INVALID, Reason.SOURCE_NOT_FOUND)


@cases("kserve-agent-path-guard")
def test_a_path_that_a_peer_guards_against_is_no_name_of_a_file(case: Mapping[str, Any]) -> None:
    assert (fault_of(case["input"]["path"]) is None) is case["expect"]["allowed"]


@cases("modelmesh-securejoin")
def test_a_path_that_a_peer_bends_back_into_its_root_is_refused(case: Mapping[str, Any]) -> None:
    joined = case["input"]["parts"]
    bent = "/".join(joined) != case["expect"]["path"] or joined[0].startswith("/")
    assert any(fault_of(part) is not None for part in joined) is bent


@pytest.mark.slow
@cases("issue-derived")
def test_what_users_of_peers_complained_of_is_right_here(moto: str, tmp_path: Path, case: Mapping[str, Any]) -> None:
    bucket = s3_bucket(moto)
    files = {"saved_model.pb": b"1", "assets/x": b"2", "variables/x": b"3"}
    match str(case["id"]).partition("/")[2]:
        case "empty-source":
            with pytest.raises(TerminalError) as raised:
                bucket.read("/does-not-exist/")
            assert raised.value.reason is Reason.SOURCE_EMPTY
        case "name-repeats-prefix":
            bucket.put({"model/model.pkl": b"x"})
            assert bucket.read("/model") == {"model.pkl": b"x"}
        case name:
            archive = "m/model.tar.gz" if name == "tgz-from-object-store" else "m/model.tar"
            bucket.put({archive: gzip.compress(tar(files)) if archive.endswith(".gz") else tar(files)})
            (tmp_path / "volume").mkdir()
            volume = Volume(str(tmp_path / "volume"), sources=Sources(bucket.credentials, bucket.environment))
            world = World(root=tmp_path / "volume", volume=volume)
            model = spec(bucket.source(f"/{archive}"))
            world.fetch(model)
            assert sorted(file.path for file in world.known(model).files[None]) == sorted(files)
