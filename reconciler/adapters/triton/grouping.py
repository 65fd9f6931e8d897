"""Many loads in one request (docs/adr/0013), because every load pays for all models that the server knows.

The request is for an ensemble that exists in it alone, and whose steps name the models. Measured on Triton 2.51
(tests/adapters/test_triton_group.py holds on to it): Triton loads the models that an ensemble names before it looks
whether their tensors fit; whoever fails there fails alone. So the group asks each model for a tensor that none has, and
is always refused: it needs to know nothing of their tensors and batching, it never serves, is in no list, and leaves
readiness and metrics as they are. What came up is read back, as after any load.

The trap: until it is unloaded Triton remembers the refused ensemble, asks again at each change of one of its models
and complains in its log; and nobody can see that it does. So it has one name, of a kind that no model of ours can have,
it is unloaded at once, and once more before a run's first load of something new, for a run before may have been killed.
One of the models is always left for a load by itself, after that: where all are up, no group is remembered.
"""

import contextlib
import json
import threading
from collections.abc import Sequence

from reconciler.adapters.triton.looking import Deadline, served_config, stamps
from reconciler.adapters.triton.wire import CallFailed, Kind, Wire
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.plan import Load

NAME = "_reconcile-group"

_NO_TENSOR = "REFUSED_ON_PURPOSE_BY_RECONCILE"
"""What Triton's log says of the refusal names it."""

_FILES = {"file:1/none": b"-"}
"""With a file in the request Triton asks for no directory."""

_PATIENCE = 60.0
"""Seconds for a group, at most: who takes longer has them by itself afterwards, and the others need not wait."""

_UNLOAD, _MOMENT = 30.0, 1.0


class Groups:
    """The groups of one server; safe to use from several threads."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self._clean = False  # nothing is remembered of a group, as far as we know
        self._stuck = False  # one did not end in time, and the next would wait for it

    def load(self, actions: Sequence[Load]) -> frozenset[str]:
        """Loads all but the last, and gives those that are up with their stamp. Raises nothing."""
        patience = min(_PATIENCE, max(action.timeout for action in actions))
        wanted = {action.model: action.tree.generation for action in actions[:-1]}
        with self._lock, contextlib.suppress(CallFailed):
            if not self._stuck and not self._is_taken():
                self._ask_for(list(wanted), patience)
                found = stamps(self._wire, list(wanted), Deadline(patience))
                return frozenset(model for model, generation in wanted.items() if found[model] == generation)
        return frozenset()

    def sweep(self) -> None:
        """Once for a connection: what a killed run may have left is unloaded. Raises nothing."""
        with self._lock, contextlib.suppress(CallFailed):
            if not self._clean and not self._is_taken():
                self._forget()

    def _ask_for(self, models: Sequence[str], patience: float) -> None:
        """Whatever the answer, what counts is what is up afterwards."""
        self._clean = False
        try:
            self._wire.load(NAME, request(models), patience, _FILES)
        except CallFailed as failure:
            self._stuck = failure.kind is Kind.TIMEOUT
        with contextlib.suppress(CallFailed):
            self._forget()

    def _forget(self) -> None:
        """Where the server is still at the group, it does this afterwards, also when nobody waits for it any more."""
        try:
            self._wire.unload(NAME, _MOMENT if self._stuck else _UNLOAD)
        except CallFailed as failure:
            if failure.kind is not Kind.TIMEOUT:
                raise
        self._clean = True

    def _is_taken(self) -> bool:
        """Whether a model of that name serves: a group never does, so it is somebody else's."""
        return served_config(self._wire, NAME, Deadline(_UNLOAD)) is not None


def request(models: Sequence[str]) -> str:
    """The config of the group as JSON."""
    steps: list[Json] = [
        {
            "model_name": model,
            "model_version": -1,
            "input_map": {_NO_TENSOR: "in"},
            "output_map": {_NO_TENSOR: f"out{number}"},
        }
        for number, model in enumerate(models)
    ]
    config: JsonObject = {
        "name": NAME,
        "platform": "ensemble",
        "input": [_tensor("in")],
        "output": [_tensor(f"out{number}") for number in range(len(models))],
        "ensemble_scheduling": {"step": steps},
    }
    return json.dumps(config)


def _tensor(name: str) -> Json:
    return {"name": name, "data_type": "TYPE_INT8", "dims": [-1]}
