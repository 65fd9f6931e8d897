"""What a server serves, read afresh: the index, the models that the index does not know, and their stamps."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from reconciler.adapters.triton.wire import CallFailed, Kind, Row, Wire
from reconciler.core.artifact import mends_of, resources_of, stamp_of
from reconciler.core.digest import Generation
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.observed import Served, Serving, VersionState

_log = logging.getLogger(__name__)

_READERS = 4
_INDEX_TRIES = 6
_PAUSE = 0.05
_EACH = 0.02
"""Seconds more for each model whose config is asked for: with thousands of them a busy server takes its time."""

_NO_STAT, _NO_TEXT = "failed to stat file", "exception deserializing response"


Configs = Mapping[str, JsonObject]
"""Configs as served, by model."""


class Deadline:
    """A moment until which calls may take; each call gets what is left, and at least a moment to fail in."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Gives so many seconds more."""
        self._end += seconds

    @property
    def left(self) -> float:
        """Seconds left, never less than a tenth."""
        return max(self._end - time.monotonic(), 0.1)

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._end


def look(wire: Wire, deadline: Deadline) -> Serving:
    """All models that were ever loaded. Raises CallFailed."""
    version = wire.version(deadline.left)
    rows = _with_unlisted(index(wire, deadline), wire.loaded(deadline.left))
    states = {model: found for model, of_model in rows.items() if (found := _states(of_model))}
    ready = [(model, state) for model, found in states.items() for state in found if state.state == "READY"]
    deadline.extend(_EACH * len(ready))
    configs = _all_marks(wire, [(model, str(state.version)) for model, state in ready], deadline)
    by_model: dict[str, list[JsonObject]] = defaultdict(list)
    for (model, _), config in zip(ready, configs, strict=True):
        by_model[model].append(config or {})
    return Serving(
        version=version, models={model: _served(found, by_model[model]) for model, found in sorted(states.items())}
    )


def configs(wire: Wire, deadline: Deadline) -> Configs:
    """The config of each model that is READY. Raises CallFailed."""
    rows = _with_unlisted(index(wire, deadline), wire.loaded(deadline.left))
    ready = sorted(model for model, of_model in rows.items() if any(row.state == "READY" for row in of_model))
    with ThreadPoolExecutor(_READERS, thread_name_prefix="triton-config") as pool:
        found = list(pool.map(lambda model: served_config(wire, model, deadline), ready))
    return {model: config for model, config in zip(ready, found, strict=True) if config is not None}


def index(wire: Wire, deadline: Deadline) -> Sequence[Row]:
    """The index; while directories come and go in the repository Triton fails with "failed to stat file": again.

    A link that dangles there keeps it failing, and so does a name that is no UTF-8 over gRPC, while all else works on:
    then only what is READY is told.
    """
    for _ in range(_INDEX_TRIES - 1):
        try:
            return wire.index(deadline.left)
        except CallFailed as failure:
            if failure.kind is not Kind.INTERNAL or deadline.passed:
                raise
            time.sleep(_PAUSE)
    try:
        return wire.index(deadline.left)
    except CallFailed as failure:
        _log.warning("%s: %s", _why_unlisted(failure), failure.words)
        return wire.loaded(deadline.left)


def _why_unlisted(failure: CallFailed) -> str:
    """Raises the failure if something else is wrong with the server."""
    if failure.kind is Kind.INTERNAL and _NO_STAT in failure.words:
        return "a link in the model repository leads nowhere, so Triton cannot list it"
    if failure.kind is Kind.INTERNAL and _NO_TEXT in failure.words.lower():
        return "a name in the model repository, or a reason, is no UTF-8, so what Triton lists cannot be read over gRPC"
    raise failure


def stamps(wire: Wire, models: Sequence[str], deadline: Deadline) -> dict[str, Generation | None]:
    """The stamp of each of these models; None of one without, or not up. Raises CallFailed."""
    found = _all_marks(wire, [(model, "") for model in models], deadline)
    return {model: None if marks is None else stamp_of(marks) for model, marks in zip(models, found, strict=True)}


def served_config(wire: Wire, model: str, deadline: Deadline, version: str = "") -> JsonObject | None:
    """The config of a READY model; None if it is not READY, or went down since it was listed."""
    return _unless_down(lambda: wire.config(model, version, deadline.left))


def _all_marks(wire: Wire, wanted: Sequence[tuple[str, str]], deadline: Deadline) -> list[JsonObject | None]:
    """What serves of each model and version, None of what is not up.

    Each thread reads its share one by one: more at once only wait for each other in Triton.
    """

    def read(share: Sequence[tuple[str, str]]) -> list[JsonObject | None]:
        return [_marks(wire, model, version, deadline) for model, version in share]

    with ThreadPoolExecutor(_READERS, thread_name_prefix="triton-config") as pool:
        shares = [*pool.map(read, [wanted[first::_READERS] for first in range(_READERS)])]
    return [shares[number % _READERS][number // _READERS] for number in range(len(wanted))]


def _marks(wire: Wire, model: str, version: str, deadline: Deadline) -> JsonObject | None:
    return _unless_down(lambda: wire.marks(model, version, deadline.left))


def _unless_down(ask: Callable[[], JsonObject]) -> JsonObject | None:
    try:
        return ask()
    except CallFailed as failure:
        if failure.kind in (Kind.NOT_FOUND, Kind.REJECTED, Kind.BUSY, Kind.INTERNAL):
            return None
        raise


def members_of(config: JsonObject) -> frozenset[str]:
    """The models that the steps of an ensemble name."""
    scheduling = config.get("ensemble_scheduling")
    steps = scheduling.get("step") if isinstance(scheduling, dict) else None
    names = [step.get("model_name") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return frozenset(name for name in names if isinstance(name, str))


def _with_unlisted(listed: Iterable[Row], loaded: Iterable[Row]) -> Mapping[str, list[Row]]:
    """Rows by model: those of the index with a state, and those serving that it does not list (triton-facts §1)."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in listed:
        if row.state:
            rows[row.model].append(row)
    for row in loaded:
        if row.version not in [known.version for known in rows[row.model]]:
            rows[row.model].append(row)
    return rows


def _states(rows: Iterable[Row]) -> tuple[VersionState, ...]:
    # A version that is no number belongs to a directory like `-3`, which Triton lists and never serves.
    found = [
        VersionState(version=int(row.version), state=row.state, reason=row.reason)
        for row in rows
        if row.version.isdecimal()
    ]
    return tuple(sorted(found, key=lambda state: state.version))


def _served(versions: tuple[VersionState, ...], configs: Sequence[JsonObject]) -> Served:
    stamps = {stamp_of(config) for config in configs}
    members = frozenset[str]().union(*(members_of(config) for config in configs))
    # Versions of different generations are no generation.
    generation = next(iter(stamps)) if len(stamps) == 1 else None
    mends = min((mends_of(config) for config in configs), default=0)
    resources = resources_of(configs[0]) if generation is not None else None
    return Served(versions=versions, generation=generation, members=members, mends=mends, resources=resources)
