"""`make bench-fetch` in small, with what needs no installing: it must not rot between releases."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_benchmark_fetches_every_set_and_says_which_bars_hold(tmp_path: Path) -> None:
    words = ["--own", "--scale", "0.005", "--rounds", "1", "--work", str(tmp_path / "work")]
    command = [sys.executable, "-m", "bench.fetch", *words]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| **reconcile** |") == 3, done.stdout
    assert done.stdout.count("| raw limit |") == 3
    assert "failed" not in done.stdout
    assert done.stdout.count("holds: peak memory under 300 MiB") == 3
    assert done.stdout.count("sends nothing and takes under a second: 0 bytes") == 3
    assert not list((tmp_path / "work").iterdir())
