"""What fuzzing begins with and what it has found: no promise breaks for any of it any more (tests/fuzz/targets.py)."""

import pytest

from tests.fuzz.bounds import LONGEST, bounded
from tests.fuzz.targets import FOUND, TARGETS

CASES = [(path.parent.name, path.name) for path in sorted(FOUND.glob("*/*"))]


@pytest.mark.parametrize("name", TARGETS)
def test_every_input_that_fuzzing_begins_with_keeps_every_promise(name: str) -> None:
    for content in TARGETS[name].seeds():
        assert len(content) <= LONGEST
        bounded(TARGETS[name].check, content, TARGETS[name].memory)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_what_fuzzing_has_found_keeps_every_promise_now(name: str, case: str) -> None:
    bounded(TARGETS[name].check, (FOUND / name / case).read_bytes(), TARGETS[name].memory)
