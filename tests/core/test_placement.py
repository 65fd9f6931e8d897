"""Which models a pass on a target is about, and what a target may be called."""

from dataclasses import replace

import pytest

from reconciler.core.judging.placement import asked_for
from reconciler.core.names import is_target_name
from reconciler.core.selector import Selector
from reconciler.core.spec import Desired, Target
from tests.core.status_worlds import spec

GOLD = Target(name="gold", selector=Selector(match_labels={"tier": "gold"}))
DESIRED = Desired(
    revision="f" * 40,
    models={
        "a": replace(spec(), name="a", labels={"tier": "gold"}),
        "b": replace(spec(), name="b", labels={"tier": "gold"}),
        "c": replace(spec(), name="c", labels={"tier": "silver"}),
    },
)


def test_a_pass_is_about_the_models_that_its_target_selects() -> None:
    assert set(asked_for(DESIRED, GOLD, ())) == {"a", "b"}


def test_models_that_were_asked_for_narrow_what_the_target_selects() -> None:
    assert set(asked_for(DESIRED, GOLD, ("b", "c"))) == {"b"}


@pytest.mark.parametrize("name", ["prod", "default", "eu-1.prod", "models.d2", "x" * 128])
def test_a_target_is_called_as_anything_else_is(name: str) -> None:
    assert is_target_name(name)


@pytest.mark.parametrize("name", ["", ".", "a/b", ".git", "models.d", "reconciler.yaml", "a\n", "x" * 129])
def test_a_target_is_not_called_like_what_is_no_folder_of_its_own(name: str) -> None:
    assert not is_target_name(name)
