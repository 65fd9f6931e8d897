"""The process between us and a local Triton: starts it, ends it when told or when we die, clears up after it.

Run as a script: `supervise.py attached|detached GRACE_SECONDS SHM_PREFIX LOG COMMAND…`. Prints the server's pid.
Attached, standard input is a pipe whose other end only our process holds: its end of file is our death, whatever the
cause and whichever thread started us (a parent-death signal would come at the death of the *thread*). The server
itself gets such a signal, SIGKILL, for the case that this process is killed first.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Runs the server to its end; the exit code is the server's, as a shell would give it."""
    mode, grace, prefix, log, *command = arguments
    server = _start(command, log)
    signal.signal(signal.SIGTERM, lambda *_: _end(server, float(grace)))
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    if mode == "attached":
        threading.Thread(target=_end_after_us, args=(server, float(grace)), daemon=True).start()
    code = server.wait()
    _clear(server.pid, prefix)
    return code if code >= 0 else 128 - code


def _start(command: list[str], log: str) -> "subprocess.Popen[bytes]":
    ours = os.getpid()

    def die_with_us() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != ours:
            os._exit(1)

    with Path(log).open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            process_group=0,
            preexec_fn=die_with_us,  # noqa: PLW1509  no thread has been started yet
        )


def _end_after_us(server: "subprocess.Popen[bytes]", grace: float) -> None:
    os.read(sys.stdin.fileno(), 1)
    _end(server, grace)


def _end(server: "subprocess.Popen[bytes]", grace: float) -> None:
    """Asks the server to stop, and kills it if it has not after `grace` seconds."""
    server.terminate()
    timer = threading.Timer(grace, server.kill)
    timer.daemon = True
    timer.start()


def _clear(group: int, prefix: str) -> None:
    """Ends stubs that the server left behind, and removes the shared memory that a killed one leaks (1 MB each)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    for region in Path("/dev/shm").glob(f"{prefix}*"):  # noqa: S108
        region.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
