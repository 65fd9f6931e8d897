"""How `make soak` judges whether something grows."""

import pytest

from bench.flatness import Gauge, course

MEMORY = Gauge(name="memory", unit="MiB", share=0.1, slack=4)


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ([10, 50, 90, 100, 100, 100, 100, 100, 100], True),
        ([100, 100, 100, 100, 100, 100, 113, 114, 115], True),
        ([100, 100, 100, 100, 100, 100, 114, 115, 116], False),
        ([100, 100, 100, 100, 100, 100, 100, 100, 999], True),
        ([100, 100, 100, 100, 100, 100, 50, 50, 50], True),
    ],
    ids=["only the first third is lower", "within what is allowed", "more than that", "one peak", "less at last"],
)
def test_what_grows_from_the_second_third_to_the_last_is_told(values: list[float], flat: bool) -> None:
    found = course(MEMORY, values)
    assert found.flat is flat
    assert found.most == max(values)
    assert found.row().endswith("| flat |" if flat else "| **grows** |")
    assert "| 10% + 4 |" in found.row()
