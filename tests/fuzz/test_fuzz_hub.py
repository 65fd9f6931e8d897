"""Answers of a hub that is none: looked at a few times each, with rests between, so it is no target of fuzzing."""

import pytest

from tests.fuzz.seeds import hub_answers
from tests.fuzz.wires import hub

pytestmark = pytest.mark.slow

_WRONG = (b"", b"[]", b'{"sha": 1}', b'{"id": "org/repo", "sha": "\xff"}', b"[" * 100_000)


@pytest.mark.parametrize("content", [*hub_answers(), *_WRONG])
def test_whatever_answers_for_the_hub_is_read_or_refused_in_words(content: bytes) -> None:
    hub(content)
