"""Runs a program and says what it took, all of its processes together, until everything it wrote is on the disk."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Seconds of the clock and of the processors, bytes of memory at the peak, and what it printed.

    `fault` says why it counts for nothing; it was stopped if `seconds` is what it was allowed.
    """

    seconds: float
    cpu: float
    memory: int
    output: str = ""
    fault: str = ""
    stopped: bool = False


def run(command: list[str], environment: Mapping[str, str], folder: str, allowed: float) -> Run:
    """Runs the command in the folder, which is on the filesystem that it writes to."""
    begin, peak = time.monotonic(), 0
    with open(os.path.join(folder, "..", "printed"), "w+b") as printed:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )
        ended = 0
        while not ended:
            peak = max(peak, sum(_resident(pid) for pid in _family(process.pid)))
            if time.monotonic() - begin > allowed:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_EVERY if time.monotonic() - begin > 1 else _EVERY / 10)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        _sync(folder)
        seconds = time.monotonic() - begin
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    stopped = seconds > allowed
    fault = f"exit code {process.returncode}" if process.returncode and not stopped else ""
    cpu = used.ru_utime + used.ru_stime
    return Run(
        seconds=seconds, cpu=cpu, memory=max(peak, used.ru_maxrss << 10), output=output, fault=fault, stopped=stopped
    )


def _sync(folder: str) -> None:
    """Waits until the folder's filesystem has written everything."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(descriptor)
    finally:
        os.close(descriptor)


def _family(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as stream:
                for child in stream.read().split():
                    yield from _family(int(child))
    except OSError:
        return  # it has ended


def _resident(pid: int) -> int:
    """Its memory, what it shares with others counted for each."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
