"""The figures of docs/scaling.md can be made again."""

import pytest

from bench import growth


@pytest.mark.slow
def test_a_size_is_measured_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(["--sizes", "10"]) == 0
    head, rule, row = capsys.readouterr().out.splitlines()
    assert row.startswith("| 10 | ")
    assert len({line.count("|") for line in (head, rule, row)}) == 1
