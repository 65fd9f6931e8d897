"""The server of bench.server as a process of its own."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Served:
    """A running server by its URL."""

    endpoint: str

    def sent(self) -> int:
        """Bytes of objects that it has sent so far."""
        with urllib.request.urlopen(f"{self.endpoint}/bench?tally") as answer:  # noqa: S310 - our own, on loopback
            return int(answer.read().split()[1])


@contextmanager
def served(folder: str, rate: float | None = None) -> Iterator[Served]:
    """Serves what is below the folder on loopback, over a line of so many bytes a second if that is said."""
    command = [sys.executable, "-m", "bench.server", folder, *([str(rate)] if rate else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield Served(f"http://127.0.0.1:{port}")
        finally:
            if process.stdin:
                process.stdin.close()
