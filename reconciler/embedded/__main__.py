"""`python -m reconciler.embedded FOLDER`: a local Triton to play with, started as ssh-agent is, by `eval`.

Promise: it is on loopback, in explicit mode, and runs until somebody ends it: `kill $TRITON_PID`.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler import embedded
from reconciler.core.errors import ReconcileError

_SAYS = """\
Starts the local Triton of `reconcile demo` in the background, on the model repository FOLDER (made if it is not there),
in explicit mode, on free ports of loopback. Prints the lines that tell a shell where it is, so:

  eval "$(python -m reconciler.embedded volume/models)"
  reconcile plan --volume volume
  kill $TRITON_PID
"""


def main(arguments: Sequence[str]) -> int:
    """Its exit code: 1 where the local Triton cannot be had or does not start."""
    parser = argparse.ArgumentParser(
        prog="python -m reconciler.embedded", description=_SAYS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    folder: Path = parser.parse_args(arguments).folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        info = embedded.start(folder, detached=True).info
    except (ReconcileError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    told = {
        "RECONCILE_SERVER": info.grpc_url,
        "TRITON_URL": info.http_url,
        "TRITON_LOG": str(info.log),
        "TRITON_PID": str(info.pid),
    }
    sys.stdout.write("".join(f"export {name}={shlex.quote(value)}\n" for name, value in told.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
