"""Runs the real `reconcile` command line as a person would, in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 30
_PLAN_ENDS = ("Plan: ", "No changes.")


@contextmanager
def without_the_plan(heard: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """What `reconcile apply` prints, without the plan at its head: `reconcile plan` has just shown the same."""
    plan: list[str] = []
    over = False

    def filtered(line: str) -> None:
        nonlocal over
        if not over and line.startswith(_PLAN_ENDS):
            over = True
            heard("[the plan, as above]")
        (heard if over else plan.append)(line)

    yield filtered
    for line in () if over else plan:  # there was no plan: then all of it is news
        heard(line)


def run(arguments: Sequence[str], folder: Path, environ: Mapping[str, str], heard: Callable[[str], None]) -> int:
    """Its exit code; `heard` gets each line that it prints while it prints it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is ours to pass on, once
    )
    with _ended(child):
        for line in child.stdout or ():
            heard(line.rstrip("\n"))
        return child.wait()


@contextmanager
def _ended(child: "subprocess.Popen[str]") -> Iterator[None]:
    """Whatever happens, the child is not there afterwards."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child.stdout is not None:
            child.stdout.close()
