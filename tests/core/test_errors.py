"""An error on one line: what happened; what to do."""

import pytest

from reconciler.core.errors import Reason, TerminalError


@pytest.mark.parametrize(
    ("message", "hint", "told"),
    [
        ("x does not exist", "", "x does not exist"),
        ("x does not exist", "Check `uri`.", "x does not exist; check `uri`"),
        ("Nothing was done.", "try again", "Nothing was done; try again"),
        (
            "x is broken",
            "It was dropped. The next pass fetches it.",
            "x is broken; it was dropped. The next pass fetches it",
        ),
        ("x is broken", "--repo names it", "x is broken; --repo names it"),
    ],
)
def test_message_and_hint_are_one_sentence(message: str, hint: str, told: str) -> None:
    assert str(TerminalError(Reason.INVALID, message, hint)) == told
