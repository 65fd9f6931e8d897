"""`make bench-triton` in small: it must not rot between releases."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import embedded
from reconciler.core.errors import TerminalError

_ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.triton
def test_the_benchmark_loads_everything_reads_every_stamp_and_says_which_bars_hold(tmp_path: Path) -> None:
    try:
        embedded.prepare()
    except TerminalError as error:
        pytest.skip(str(error))
    words = ["--models", "30", "--rounds", "1", "--work", str(tmp_path)]
    command = [sys.executable, "-m", "bench.triton_scale", *words]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n- holds: ") + done.stdout.count("\n- **fails**: ") == 4
    assert "30 ensembles over a few Python models" in done.stdout
    assert not list(tmp_path.iterdir())
