"""Pages that are run as they stand: every command in a shell, in order, against the real Triton where they start one.

A block that is followed by a `text` block must have printed these lines, in this order. `…` stands for
whatever changes from run to run.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks_of, executed_pages

pytestmark = pytest.mark.slow

SECONDS = 280
_MARK = "=== block "
_END = """
for pid in ${TRITON_PID:-} ${RUN_PID:-}; do kill "$pid" 2>/dev/null || true; done
for pid in ${TRITON_PID:-} ${RUN_PID:-}; do
  for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
done
[ -z "${TRITON_LOG:-}" ] || rm -rf "$(dirname "$TRITON_LOG")"
"""


def script(page: list[Block]) -> str:
    """All of its shell, each block under a mark of its own; what it started is ended, however it ends."""
    return "\n".join(["end() {", _END, "}", "trap end EXIT", "set -euo pipefail", *_marked(page)])


def _marked(page: list[Block]) -> Iterator[str]:
    for number, block in enumerate(page):
        if block.language == "sh":
            yield f"printf '\\n{_MARK}{number}\\n'"  # what curl prints ends without a line break
            yield block.text


def expected(text: str) -> list[str]:
    """A pattern for each of its lines."""
    return [re.escape(line.rstrip()).replace("…", ".*") for line in text.splitlines() if line.strip(" …")]


def environment(home: Path) -> dict[str, str]:
    """Nothing of whoever runs the tests, but where the program and the local Triton are."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("RECONCILE_", "GIT_", "AWS_"))}
    me = {f"GIT_{who}_{what}": "you@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "NO_PROXY": "*", "COLUMNS": "100"}
    return kept | me | own | {"CHECKOUT": str(ROOT), "TMPDIR": str(home)}


@pytest.mark.parametrize("page", executed_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_that_is_run_as_it_stands_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    parts = [block for block in blocks_of(page) if block.executed and not block.excuse]
    done = subprocess.run(
        ["bash", "-c", script(parts)],
        cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    printed = dict(re.findall(rf"^{_MARK}(\d+)\n(.*?)(?=^{_MARK}|\Z)", done.stdout, re.DOTALL | re.MULTILINE))
    for number, block in enumerate(parts):
        if block.language == "text":
            lines = iter(printed[str(number - 1)].splitlines())
            for pattern in expected(block.text):
                assert any(re.fullmatch(pattern, line.rstrip()) for line in lines), (
                    f"{block.place}: {pattern}\n{done.stdout}"
                )
