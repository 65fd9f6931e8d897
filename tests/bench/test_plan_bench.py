"""`make bench-plan` in small: it must not rot between releases; and how planning grows, which must not creep up."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.scaling import growth

_ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_benchmark_plans_twice_and_says_which_bars_hold(tmp_path: Path) -> None:
    words = ["--sizes", "10,20", "--rounds", "1", "--starts", "1", "--work", str(tmp_path)]
    command = [sys.executable, "-m", "bench.plan", *words]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith(("| 10 ", "| 20 "))] == ["10", "20"]
    assert "holds: peak memory under 400 MiB" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("share", [2.0, 0.75, 0.3])
def test_twice_the_models_take_hardly_more_than_twice_the_steps_whether_they_fit_or_not(share: float) -> None:
    assert growth(250, share) < 2.5
