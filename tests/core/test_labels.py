"""Label selectors on the command line."""

import pytest

from reconciler.core.judging.placement import selects
from reconciler.core.labels import selector

LABELS = {"tier": "gold", "stage": "prod", "app.io/team": "nlp"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("tier=gold", True),
        ("tier==gold", True),
        (" tier = gold , stage = prod ", True),
        ("tier=gold,stage=canary", False),
        ("tier!=gold", False),
        ("owner!=me", True),
        ("stage in (prod, canary)", True),
        ("stage in (canary)", False),
        ("stage notin (canary,dev)", True),
        ("owner notin (me)", True),
        ("tier", True),
        ("owner", False),
        ("!owner", True),
        ("! tier", False),
        ("app.io/team=nlp", True),
        ("tier=", False),
    ],
)
def test_a_selector_means_what_kubectl_means_by_it(text: str, *, selected: bool) -> None:
    assert selects(selector(text), LABELS) is selected


@pytest.mark.parametrize("text", ["", ",", "tier=gold,,", "=gold", "tier=go ld", "in (a)", "!tier=gold", "tier in ("])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a label selector"):
        selector(text)
