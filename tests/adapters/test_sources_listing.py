"""What sources list, what is left out, and which names are refused."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from reconciler.adapters.sources import Loose, Sources, select, shown
from reconciler.adapters.sources.listing import check_paths
from reconciler.adapters.sources.patterns import wanted
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.spec import Credentials, Source
from tests.volume_world import write
from tests.web import Page, Web


@pytest.fixture
def sources() -> Iterator[Sources]:
    opened = Sources({"site": Credentials(from_env="SITE_")}, {"SITE_HTTP_TOKEN": "t0ken"})
    yield opened
    opened.close()


def contents(sources: Sources, source: Source | str) -> dict[str, bytes]:
    """Everything in a source that is no archive."""
    given = source if isinstance(source, Source) else Source(uri=source)
    store = sources.store(given)
    selection = select(store.listing(), given)
    assert isinstance(selection, Loose)
    return {file.path: b"".join(store.blocks(file)) for file in selection.files}


@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("**", ["a", "a/b/c"], []),
        ("*", ["a", "a/b"], []),
        ("*.onnx", ["m.onnx", "1/m.onnx"], ["m.onnx.txt"]),
        ("1/*.onnx", ["1/m.onnx"], ["2/1/m.onnx", "1/x/m.onnx"]),
        ("1", ["1/m.onnx", "a/1/b"], ["11/m"]),
        ("1/", ["1/m.onnx"], ["1"]),
        ("/1", ["1/m.onnx"], ["11"]),
        ("**/m.onnx", ["m.onnx", "a/b/m.onnx"], ["xm.onnx"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["az", "b/a/z"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("m?del", ["model"], ["m/del", "mdel"]),
        ("[ab].txt", ["a.txt"], ["c.txt", "[ab].txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("a+(b).txt", ["a+(b).txt"], ["aab.txt"]),
        ("[a-c&&-].txt", ["b.txt", "&.txt", "-.txt"], ["d.txt"]),
        ("[z-a].txt", [], ["a.txt", "z.txt", "-.txt"]),
        ("[!z-a].txt", [], ["a.txt", "z.txt"]),
        ("*a*b*c", ["abc", "x/1a2b3c", "abc/d", "aabbcc/d/e"], ["acb", "a/b/c", "abcd"]),
        ("**/a/**/b/**/c/", ["a/b/c/d", "x/a/y/b/z/c/d"], ["a/b/c", "ab/c/d", "a/b/cd/e"]),
        ("a/**/**/[bc]*?*", ["a/bd", "a/x/cd/y"], ["a/b", "b/bd", "a/xbd"]),
    ],
)
def test_globs_mean_what_gitignore_means(pattern: str, matched: list[str], not_matched: list[str]) -> None:
    assert [path for path in matched + not_matched if wanted(path, [pattern], [])] == matched
    assert [path for path in matched + not_matched if wanted(path, ["**"], [pattern])] == not_matched


def test_a_pattern_of_many_stars_is_decided_as_soon_as_one_of_few() -> None:
    deep = "/".join("a" * 200)
    assert not wanted(deep, ["**/a/" * 12 + "b"], ["*a" * 40 + "b"])
    assert wanted(f"{deep}/b", ["**/a/" * 12 + "b"], ["*a" * 40 + "b"])


@pytest.mark.parametrize("path", ["__pycache__/m.pyc", "1/x.pyc", ".git/config", "1/.DS_Store", "a/__pycache__/b"])
def test_what_machines_leave_lying_about_is_always_left_out(path: str) -> None:
    assert not wanted(path, ["**"], [])


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["../x"], "leaves its directory"),
        (["a/../../x"], "leaves its directory"),
        (["/etc/passwd"], "absolute"),
        (["a//b"], "empty"),
        (["a/./b"], "'.' segment"),
        ([""], "empty"),
        (["a/"], "empty"),
        (["a\\b"], "backslash"),
        (["a\nb"], "control character"),
        (["a\x7f"], "control character"),
        (["a\x85b"], "control character"),
        (["a\u2028b"], "control character"),
        ([os.fsdecode(b"a\xff")], "not UTF-8"),
        (["x" * 256], "longer than 255"),
        (["/".join(["x" * 200] * 6)], "longer than 1024"),
        (["a", "A"], "differ only in case"),
        (["a/x", "A/y"], "differ only in case"),
        (["é", "e\u0301"], "the same text in two Unicode forms"),
        (["a", "a"], "twice"),
        (["a", "a/b"], "both as a file and as a directory"),
        (["A", "a/b"], "both as a file and as a directory"),
    ],
)
def test_unsafe_names_are_refused_and_told(paths: list[str], words: str) -> None:
    with pytest.raises(TerminalError, match=words) as raised:
        check_paths(paths, "s3://b/m")
    assert raised.value.reason is Reason.UNSAFE_PATH


def test_ordinary_names_pass() -> None:
    check_paths(["a", "b/c", "b/d e", "ü/ß", "..a", "a..b", "1/..."], "here")


def test_a_directory_gives_its_files_and_a_file_itself(sources: Sources, tmp_path: Path) -> None:
    root = write(tmp_path / "m", {"config.pbtxt": b"", "1/model.py": b"x", "1/x.pyc": b"no", "readme.md": b"no"})
    source = Source(uri=root, exclude=("*.md",))
    assert contents(sources, source) == {"1/model.py": b"x", "config.pbtxt": b""}
    assert contents(sources, f"{root}/1/model.py") == {"model.py": b"x"}
    assert contents(sources, f"file://{root}/1/model.py") == {"model.py": b"x"}
    assert contents(sources, f"{root}/1/") == {"model.py": b"x"}


def test_a_file_url_is_unquoted(sources: Sources, tmp_path: Path) -> None:
    write(tmp_path / "a b%20c", {"f": b"x"})
    assert contents(sources, f"file://{tmp_path}/a%20b%2520c") == {"f": b"x"}


def test_links_are_followed_inside_a_source_only(sources: Sources, tmp_path: Path) -> None:
    root = Path(write(tmp_path / "m", {"real/model.py": b"x"}))
    (root / "1").symlink_to("real")
    (root / "file.py").symlink_to("real/model.py")
    assert contents(sources, str(root)) == {"1/model.py": b"x", "real/model.py": b"x", "file.py": b"x"}
    (root / "out").symlink_to("/etc/hostname")
    with pytest.raises(TerminalError, match="links out of its source") as raised:
        contents(sources, str(root))
    assert raised.value.reason is Reason.UNSAFE_PATH


def test_a_link_to_a_directory_above_it_is_refused(sources: Sources, tmp_path: Path) -> None:
    root = Path(write(tmp_path / "m", {"a/b/f": b"x"}))
    (root / "a/b/loop").symlink_to("..")
    with pytest.raises(TerminalError, match="directory it lies in"):
        contents(sources, str(root))


def test_a_mounted_config_map_is_read_once_through_its_visible_names(sources: Sources, tmp_path: Path) -> None:
    root = Path(write(tmp_path / "cm", {"..2026_11_21/model.py": b"x"}))
    (root / "..data").symlink_to("..2026_11_21")
    (root / "model.py").symlink_to("..data/model.py")
    assert contents(sources, str(root)) == {"model.py": b"x"}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


@pytest.mark.parametrize("make", [_fifo, _socket])
def test_what_is_no_file_is_refused(sources: Sources, tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "m").mkdir()
    make(tmp_path / "m/odd")
    with pytest.raises(TerminalError, match="not a file"):
        contents(sources, str(tmp_path / "m"))


def test_a_missing_source_is_told_from_an_empty_one(sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="does not exist") as missing:
        contents(sources, str(tmp_path / "nowhere"))
    assert missing.value.reason is Reason.SOURCE_NOT_FOUND
    with pytest.raises(TerminalError, match="is empty") as empty:
        contents(sources, str(tmp_path))
    assert empty.value.reason is Reason.SOURCE_EMPTY
    write(tmp_path, {"a.txt": b""})
    with pytest.raises(TerminalError, match="leave nothing of that") as filtered:
        contents(sources, Source(uri=str(tmp_path), include=("*.onnx",)))
    assert filtered.value.reason is Reason.SOURCE_EMPTY


def test_memory_is_a_source_like_others(sources: Sources) -> None:
    files = fsspec.filesystem("memory")
    files.pipe({"/reconcile-test/m/a": b"1", "/reconcile-test/m/b/c": b"2", "/reconcile-test/m2/d": b"3"})
    try:
        assert contents(sources, "memory://reconcile-test/m") == {"a": b"1", "b/c": b"2"}
        assert contents(sources, "memory://reconcile-test/m/a") == {"a": b"1"}
        with pytest.raises(TerminalError, match="does not exist"):
            contents(sources, "memory://reconcile-test/nothing")
    finally:
        files.rm("/reconcile-test", recursive=True)


@pytest.mark.parametrize(
    ("uri", "reason", "words"),
    [
        ("gopher://x/y", Reason.INVALID, "nothing here can read"),
        ("simplecache::s3://b/m", Reason.INVALID, "chains several schemes"),
        ("zip://m::http://[::1]/m.zip", Reason.INVALID, "chains several schemes"),
        ("dir:///tmp", Reason.INVALID, "only looks into another source"),
        ("http://[::1]/", Reason.INVALID, "names no file"),
        ("file://host/path", Reason.INVALID, "names the host"),
        ("http://127.0.0.1/", Reason.INVALID, "names no file"),
        ("hdfs://x/y", Reason.EXTRA_MISSING, "not installed"),
    ],
)
def test_what_cannot_be_a_source_is_told_at_once(sources: Sources, uri: str, reason: Reason, words: str) -> None:
    with pytest.raises(TerminalError, match=words) as raised:
        contents(sources, uri)
    assert raised.value.reason is reason


def test_an_unknown_credentials_profile_is_told(sources: Sources) -> None:
    with pytest.raises(TerminalError, match="'gone', which does not exist") as raised:
        contents(sources, Source(uri="s3://b/m", credentials="gone"))
    assert raised.value.reason is Reason.CREDENTIALS_MISSING


def test_a_web_file_is_listed_by_its_name(sources: Sources, web: Web) -> None:
    assert contents(sources, web.put("/a/model%201.onnx", b"abc", ETag='"1"')) == {"model 1.onnx": b"abc"}


def test_a_web_file_without_a_length_is_read_to_its_end(sources: Sources, web: Web) -> None:
    url = web.put("/m.onnx", b"x" * 3_000_000, ETag='"1"')
    web.pages["/m.onnx"].length = None
    assert contents(sources, url) == {"m.onnx": b"x" * 3_000_000}


def test_an_empty_web_file_is_a_file(sources: Sources, web: Web) -> None:
    assert contents(sources, web.put("/m.txt", b"", ETag='"1"')) == {"m.txt": b""}


def test_a_redirect_is_followed(sources: Sources, web: Web) -> None:
    web.put("/real", b"abc", ETag='"1"')
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": "/real"})
    assert contents(sources, f"{web.url}/m.onnx") == {"m.onnx": b"abc"}


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, Reason.SOURCE_UNREADABLE, TerminalError),
        (403, Reason.SOURCE_UNREADABLE, TerminalError),
        (404, Reason.SOURCE_NOT_FOUND, TerminalError),
        (410, Reason.SOURCE_NOT_FOUND, TerminalError),
        (418, Reason.SOURCE_UNREADABLE, TerminalError),
        (429, Reason.SOURCE_UNREACHABLE, TransientError),
        (500, Reason.SOURCE_UNREACHABLE, TransientError),
        (503, Reason.SOURCE_UNREACHABLE, TransientError),
    ],
)
def test_a_web_servers_refusal_is_sorted_by_what_to_do(
    sources: Sources, web: Web, status: int, reason: Reason, kind: type[ReconcileError]
) -> None:
    web.pages["/m.onnx"] = Page(status=status)
    with pytest.raises(kind) as raised:
        contents(sources, f"{web.url}/m.onnx?signature=s3cret".replace("http://", "http://user:pa55@"))
    assert raised.value.reason is reason
    assert "s3cret" not in str(raised.value)
    assert "pa55" not in str(raised.value)
    assert "/m.onnx" in str(raised.value)


def test_a_refusal_between_head_and_get_is_told_too(sources: Sources, web: Web) -> None:
    url = web.put("/m.onnx", b"abc", ETag='"1"')
    web.pages["/m.onnx"].on_get = Page(status=503)
    with pytest.raises(TransientError, match="503"):
        contents(sources, url)


def test_a_web_server_that_is_not_there_is_out_of_reach(sources: Sources) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(TransientError) as raised:
            contents(sources, f"http://127.0.0.1:{bound.getsockname()[1]}/m.onnx")
    assert raised.value.reason is Reason.SOURCE_UNREACHABLE


def test_a_token_from_the_environment_opens_a_web_source(sources: Sources, web: Web) -> None:
    url = web.put("/m.onnx", b"abc", ETag='"1"')
    web.pages["/m.onnx"].authorization = "Bearer t0ken"
    assert contents(sources, Source(uri=url, credentials="site")) == {"m.onnx": b"abc"}
    with pytest.raises(TerminalError, match="401"):
        contents(sources, url)


@pytest.mark.parametrize(
    ("uri", "seen"),
    [
        ("https://u:p@h:8/a/b?sig=x#f", "https://h:8/a/b?…"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("/plain/path", "/plain/path"),
        ("ssh://tok@h/x", "ssh://h/x"),
        ("http://[broken", "http://…"),
    ],
)
def test_urls_are_shown_without_secrets(uri: str, seen: str) -> None:
    assert shown(uri) == seen
