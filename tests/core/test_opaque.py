"""Links and submodules where models are looked for: refused is not absent."""

import pytest

from reconciler.core.checking.opaque import Opaque
from reconciler.core.parsing.parse import parse

LINK = Opaque(b"a link to ../shared")


@pytest.mark.parametrize("path", ["models.d", "models.d/team", "models.d/deep/er", "models.d/v1.2"])
def test_what_may_hide_models_is_refused_under_its_path(path: str) -> None:
    desired = parse({path: LINK}, revision="r")
    assert desired.models == {}
    ((problem,),) = desired.rejected.values()
    assert [*desired.rejected] == [path]
    assert (problem.file, "a link to ../shared" in str(problem)) == (path, True)


@pytest.mark.parametrize("path", ["models.d/.hidden", "models.d/.git/x", ".reconciler/keys"])
def test_what_is_not_looked_into_anyway_does_not_matter(path: str) -> None:
    assert parse({"models.d/.keep": b"", path: LINK}, revision="r").rejected == {}


def test_a_link_with_the_name_of_a_models_file_is_a_rejected_file() -> None:
    assert [*parse({"models.d/a.yaml": LINK}, revision="r").rejected] == ["a"]


def test_other_files_do_not_matter() -> None:
    assert parse({"models.d/README.md": b"# a link to ../shared"}, revision="r").rejected == {}
