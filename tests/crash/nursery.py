"""A process that has the program imported and no threads, and forks a child for each command line that it is told.

Started with effects.c loaded before libc: each child counts what it does, its requests to Triton included, and dies at
the number that it is told. Reads orders from stdin, a JSON document on each line; answers with the child's exit code.
"""

import ctypes
import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
import traceback
from typing import Any

from tritonclient.grpc import InferenceServerClient

import reconciler
from reconciler.cli import invoke

_SOON = 0.004
"""Seconds: a request on its way, neither answered nor lost, when the process dies."""

EFFECTS = ctypes.CDLL(None)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _counted(call: Any, what: str) -> Any:
    """A request is two effects: it is not sent any more; it is sent, and nobody is there for the answer."""

    def counting(client: Any, model: str, *arguments: Any, **more: Any) -> Any:
        if EFFECTS.effects_point(what.encode(), str(model).encode()):
            _die()
        if not EFFECTS.effects_point(f"{what}-sent".encode(), str(model).encode()):
            return call(client, model, *arguments, **more)
        threading.Timer(_SOON, _die).start()
        call(client, model, *arguments, **more)
        return _die()

    return counting


def _be_born(order: dict[str, Any]) -> None:
    """Never returns: ends as the command line ends."""
    for name in ("load_model", "unload_model", "infer"):
        setattr(InferenceServerClient, name, _counted(getattr(InferenceServerClient, name), name.partition("_")[0]))
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, standard in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(ours, standard)
    os.environ.update(order["environ"])
    EFFECTS.effects_refuse(order["refusal"], order["for_good"])
    EFFECTS.effects_begin(order["root"].encode(), log, order["fatal"])
    sys.exit(invoke(order["arguments"]))


def _forked(order: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        _be_born(order)
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - a fork has nobody above it to tell
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _imported() -> None:
    """All that a command imports only when it is called, too."""
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


if __name__ == "__main__":
    os.environ.pop("LD_PRELOAD")
    _imported()
    assert threading.active_count() == 1
    for line in sys.stdin:
        print(json.dumps(_forked(json.loads(line))), flush=True)
