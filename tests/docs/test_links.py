"""Links and pictures of the pages that are read in the repository itself; `make docs` checks those inside docs/."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"]
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
SIZE, ALL = 120_000, 600_000
"""Bytes: a repository is cloned by everybody, whole."""


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        path, _, anchor = (link[0] or link[1]).partition("#")
        if "://" not in path:
            there = ROOT / path if path else ROOT / name
            assert there.exists(), path
            assert not anchor or anchor in anchors(there), link


def test_pictures_are_small_and_each_is_shown_somewhere() -> None:
    pages = "".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    assert max(picture.stat().st_size for picture in PICTURES) < SIZE
    assert sum(picture.stat().st_size for picture in PICTURES) < ALL
    assert [picture.name for picture in PICTURES if picture.name not in pages] == []


@pytest.mark.parametrize("picture", [one for one in PICTURES if one.suffix == ".svg"], ids=lambda one: one.name)
def test_a_drawn_terminal_loads_nothing_from_elsewhere_and_names_nobodys_machine(picture: Path) -> None:
    text = picture.read_text()
    assert re.findall(r"url\((?!#)|@import|@font-face|<image|<script|href=", text) == []
    assert re.findall(r"/tmp/|/root|/home/|127\.0\.0\.1", text) == []
