"""Load and read back, unload and wait.

What a load's success is worth was measured on Triton 2.51 (tests/adapters/test_triton_*.py hold on to it):
- A load with the `config` parameter whose stamp differs reloads, also where the tree behind the link is an older one,
  which a plain load would pass over with a 200. The same config again with unchanged files is no reload.
- The load of a composing model returns after the ensembles above it were reloaded, with a 200 also if that took them
  down; they come back by themselves with a load that fits.
- A failed reload of an ensemble takes it and the ensembles above it down; a load with the former config and tree
  brings all of them back.
"""

import json
import time

from reconciler.adapters.triton import faults
from reconciler.adapters.triton.looking import Deadline, index, served_config
from reconciler.adapters.triton.wire import CallFailed, Wire
from reconciler.core.artifact import CONFIG_FILE, mend_marked, resource_marked, stamp_of
from reconciler.core.configs.modelconfig import strangers
from reconciler.core.digest import Generation
from reconciler.core.errors import Reason, TerminalError, TransientError
from reconciler.core.plan import Expected, Load, Unload

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_DEPENDENT_GRACE, _ANSWER = 2.0, 10.0
_LOADS = 2
_REST = 0.1
_UNLOADS = 6
"""Times that a model which is up again is unloaded once more."""
_RELOADED = "versions that are still available"
_LIVE = ("READY", "LOADING", "UNLOADING")

PROBE_MODEL = "reconcile-no-such-model"


def check_explicit(wire: Wire, deadline: Deadline) -> None:
    """Raises CallFailed if the server does not let others load.

    To unload a model that does not exist is a success in explicit mode only, and leaves no trace: no row in the index,
    no statistics, no line in the log.
    """
    wire.unload(PROBE_MODEL, deadline.left)


def load(server: str, wire: Wire, action: Load) -> frozenset[str]:
    """Loads and reads back the stamps of the model and of its dependents; those that came back only after a while."""
    try:
        _load_and_read_back(server, wire, action)
        return frozenset(
            dependent.model
            for dependent in action.dependents
            if _check_dependent(server, wire, dependent, action.model)
        )
    except CallFailed as failure:
        raise faults.of_load(server, action.model, failure, action.timeout, strangers(action.tree.config)) from failure
    finally:
        if action.dependents:
            # Triton 2.51 crashed when operations followed closely on a reload under ensembles (triton-facts §4.4); it
            # reloads them after a load that failed, too.
            time.sleep(_REST)


def reload(server: str, wire: Wire, model: str, timeout: float) -> None:
    """Loads what is on the disk, which has to be newer than what was loaded (triton-facts §0.1)."""
    try:
        wire.load(model, None, timeout)
    except CallFailed as failure:
        raise faults.of_load(server, model, failure, timeout) from failure


def unload(server: str, wire: Wire, action: Unload) -> None:
    """Unloads and waits until nothing of it runs any more: only then may its directory go.

    Where Triton reloads ensembles at that moment (§4.4) it may bring the model up again, and then count it as one that
    nobody has asked for: each further unload is a success that does nothing, until the model is loaded by its name.
    """
    deadline, again = Deadline(action.timeout), iter(range(_UNLOADS))
    try:
        _ask_to_unload(wire, action.model, deadline)
        pause = _FIRST_PAUSE
        while state := _state(wire, action.model, deadline):
            if deadline.passed or (state == "READY" and next(again, None) is None):
                raise faults.still_there(server, action.model, action.timeout, state)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            if state == "READY":
                wire.load(action.model, None, deadline.left)
                _ask_to_unload(wire, action.model, deadline)
    except CallFailed as failure:
        raise faults.of_unload(server, action.model, failure, action.timeout) from failure


def _ask_to_unload(wire: Wire, model: str, deadline: Deadline) -> None:
    """That it is up again already is not told here, but seen afterwards."""
    try:
        wire.unload(model, deadline.left)
    except CallFailed as failure:
        if _RELOADED not in failure.words:
            raise


def _load_and_read_back(server: str, wire: Wire, action: Load) -> None:
    """The config goes with the request, so that it takes effect whatever the files' times say (triton-facts §0.1).

    One that cannot be told in JSON is read from the disk; activation has touched it.
    """
    deadline = Deadline(action.timeout)
    stamped = action.tree.configs()[CONFIG_FILE]
    told = json.dumps(resource_marked(mend_marked(stamped, action.mends), action.resources))
    config = None if action.tree.loads_from_disk else told
    served: Generation | None = None
    for _ in range(_LOADS):
        wire.load(action.model, config, deadline.left)
        served = _settled_stamp(wire, action, deadline)
        if served == action.tree.generation:
            return
    raise _mismatch(server, action, served)


def _settled_stamp(wire: Wire, action: Load, deadline: Deadline) -> Generation | None:
    """The stamp that serves. The index, slow on a server with many models, is asked only if that is not the wanted."""
    pause = _FIRST_PAUSE
    while True:
        config = served_config(wire, action.model, deadline)
        stamp = None if config is None else stamp_of(config)
        if stamp == action.tree.generation or deadline.passed:
            return stamp
        if "LOADING" not in _states(wire, action.model, deadline):
            return stamp
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _states(wire: Wire, model: str, deadline: Deadline) -> list[str]:
    return [row.state for row in index(wire, deadline) if row.model == model]


def _state(wire: Wire, model: str, deadline: Deadline) -> str:
    """READY, LOADING or UNLOADING; empty once the model is gone. Some that serve are not in the index."""
    live = [state for state in _states(wire, model, deadline) if state in _LIVE]
    if live:
        return live[0]
    return "" if served_config(wire, model, deadline) is None else "READY"


def _mismatch(server: str, action: Load, served: Generation | None) -> TransientError:
    found = "it is not up" if served is None else f"it serves {served}"
    return TransientError(
        Reason.STAMP_MISMATCH,
        f"{server} says that it loaded {action.model}, but {found} instead of {action.tree.generation}",
        "somebody else may be loading or unloading it; the next run looks again",
    )


def _check_dependent(server: str, wire: Wire, dependent: Expected, model: str) -> bool:
    """Whether it was down at first: Triton takes an ensemble down in silence when a model below it no longer fits."""
    grace, was_down = Deadline(_DEPENDENT_GRACE), False
    while True:
        config = served_config(wire, dependent.model, Deadline(_ANSWER))
        if config is not None and stamp_of(config) == dependent.generation:
            return was_down
        was_down = was_down or config is None
        if grace.passed:
            break
        time.sleep(_LONGEST_PAUSE / 5)
    message = f"after the load of {model} on {server}, {dependent.model} above it"
    if config is None:
        hint = f"the inputs and outputs of {model} and the steps of {dependent.model} have to fit each other"
        raise TerminalError(Reason.DEPENDENT_DOWN, f"{message} is down", hint)
    raise TransientError(
        Reason.DEPENDENT_DOWN,
        f"{message} serves {stamp_of(config)} instead of {dependent.generation}",
        "somebody else may be loading it; the next run looks again",
    )
