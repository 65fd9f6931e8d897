"""Digests that anybody can check with sha256sum."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.digest import FileDigest, hexdigits, is_digest, manifest, of_bytes, parse_manifest, tree_digest

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
paths = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\\"), min_size=1)
files = st.dictionaries(paths, st.binary(max_size=4), max_size=6).map(
    lambda found: [FileDigest(path=path, size=len(body), digest=of_bytes(body)) for path, body in found.items()]
)


def test_a_digest_says_its_algorithm() -> None:
    assert of_bytes(b"") == "sha256:" + EMPTY
    assert hexdigits(of_bytes(b"")) == EMPTY


@pytest.mark.parametrize("text", ["", EMPTY, "sha256:" + EMPTY.upper(), "sha256:" + EMPTY + "0", "md5:" + EMPTY[:32]])
def test_anything_else_is_no_digest(text: str) -> None:
    assert not is_digest(text)
    assert is_digest("sha256:" + EMPTY)


def test_the_tree_digest_is_what_the_shell_makes_of_the_directory(tmp_path: Path) -> None:
    contents = {"b.txt": b"two\n", "a/Z.bin": b"\x00", "a/a b.txt": b"", "ä.txt": b"umlaut", "A.txt": b"upper"}
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    command = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    shell = subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = [FileDigest(path=path, size=len(body), digest=of_bytes(body)) for path, body in contents.items()]
    assert tree_digest(found) == "sha256:" + shell.stdout.split()[0]


@given(found=files)
def test_the_order_of_the_files_does_not_matter(found: list[FileDigest]) -> None:
    assert tree_digest(found) == tree_digest(found[::-1])


@given(found=files)
def test_a_manifest_is_read_back_as_it_was_written(found: list[FileDigest]) -> None:
    assert parse_manifest(manifest(found)) == {file.path: file.digest for file in found}


@pytest.mark.parametrize("text", [b"x", EMPTY.encode() + b" one-space", EMPTY.encode() + b"  ", b"\n"])
def test_what_sha256sum_would_not_print_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a line of sha256sum"):
        parse_manifest(text)
