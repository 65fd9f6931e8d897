"""Every target of fuzzing, two at a time:  python -m tests.fuzz.campaign [--seconds N] [TARGET...]

A line for each tells how many inputs there were and how much of the code they reached. What was found is in
tests/fuzz/cases, and the exit code is 1.
"""

import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.targets import TARGETS


def run(name: str, seconds: int) -> tuple[bool, str]:
    """Whether the target kept its promises, and what to tell of it."""
    command = [sys.executable, "-m", "tests.fuzz.drive", name, "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=seconds + 600)
    said = done.stderr.decode(errors="replace")
    counts = re.findall(r"number_of_executed_units: (\d+)", said)
    reached = re.findall(r"cov: (\d+)", said)
    told = f"{name}: {counts[-1] if counts else '?'} inputs, {reached[-1] if reached else '?'} edges of the code"
    return done.returncode == 0, told if done.returncode == 0 else f"{said[-3000:]}\n{told}: FOUND SOMETHING"


def main() -> int:
    """All of them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []])
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda name: run(name, asked.seconds), asked.targets or TARGETS))
    print("\n".join(told for _, told in found))
    for folder in (Path(__file__).parent / "cases").iterdir():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return 0 if all(kept for kept, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
