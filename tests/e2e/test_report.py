"""`reconcile report` by the command line: from the volume, or from git alone; to a file, or to standard output."""

from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import reconcile


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """`a` is there as wanted, `b` is wanted since, and `c` is no model."""
    made = Ground(folder=tmp_path).begin()
    made.want({"a": document("a", str(made.source("a")))})
    assert made.run("apply").code == 0
    made.want({
        "a": document("a", str(made.source("a")), dependsOn="[b]"),
        "b": document("b", str(made.source("b"))),
        "c": document("c", "[1, 2]"),
    })  # fmt: skip
    return made


def test_the_page_is_written_whole_with_what_is_and_what_would_be_done(ground: Ground) -> None:
    before, file = (ground.refs(), ground.served_files()), ground.folder / "report.html"
    answer = ground.run("report", "--out", str(file))
    assert answer.code == 65
    assert answer.out == ""
    mentions(answer.err, "models.d/c.yaml:")
    text = file.read_text()
    mentions(text, "<!DOCTYPE html>", 'id="m-a"', 'id="m-b"', "What would be done", "models.d/c.yaml", "Dependencies")
    assert (ground.refs(), ground.served_files()) == before
    assert sorted(path.name for path in ground.folder.iterdir()) == ["report.html", "repository", "sources", "volume"]


def test_it_goes_to_standard_output_too(ground: Ground) -> None:
    assert ground.run("report", "--out", "-").out.endswith("</html>\n")


def test_from_git_alone_it_shows_what_was_written_last(ground: Ground) -> None:
    answer = reconcile("report", "--repo", str(ground.repository), "--observed", "status", "--out", "-")
    mentions(answer.out, "when the status branch was last written", 'id="m-a"', "1 of 1 model ready")
    assert 'id="m-b"' not in answer.out
    assert answer.code == 65


def test_what_cannot_be_written_is_said_and_nothing_is_left(ground: Ground) -> None:
    answer = ground.run("report", "--out", str(ground.folder / "nowhere" / "report.html"))
    assert answer.code == 64
    mentions(answer.err, "report.html cannot be written: No such file or directory")
    assert reconcile("report", "--repo", str(ground.repository)).code == 64
