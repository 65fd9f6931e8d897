"""A Board as metric families. Made anew for each reader, so no series outlives its model."""

import platform
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from reconciler import __version__
from reconciler.adapters.metrics import names
from reconciler.adapters.metrics.names import Described, Type
from reconciler.core.amounts import Kind as Memory
from reconciler.core.plan import Result
from reconciler.core.printable import printable
from reconciler.core.statuses.conditions import Kind, Truth, stable
from reconciler.core.views.board import Board, Loop
from reconciler.core.views.tally import BOUNDS, DRIFT, KINDS, Ending, Spread, Tally

Labels = tuple[str, ...]


class Collector:
    """What prometheus_client collects from: the metrics of one board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """The families that say anything."""
        yield from families(self._board)


def families(board: Board) -> Iterator[Metric]:
    """All of them; what nothing is known of is left out."""
    python = ".".join(platform.python_version_tuple()[:2])
    found = [_numbers(names.BUILD, [((__version__, python), 1.0)])]
    found += _of_runs(board.target, board.tally)
    found += _of_actions(board)
    found += _of_models(board)
    found += _of_room(board)
    found += _of_the_world(board)
    yield from (family for family in found if family.samples)


def _of_runs(target: str, tally: Tally) -> Iterator[Metric]:
    yield _numbers(names.RUNS, [((target, ending.value), tally.runs.get(ending, 0)) for ending in Ending])
    yield _spreads(names.RUN_SECONDS, [((target,), tally.run_seconds)])
    if tally.last_run is not None:
        last = [((target, ending.value), float(ending is tally.last)) for ending in Ending]
        yield _numbers(names.LAST_RUN, [((target,), tally.last_run.timestamp())])
        yield _numbers(names.LAST_RESULT, last)
    if tally.last_success is not None:
        yield _numbers(names.LAST_SUCCESS, [((target,), tally.last_success.timestamp())])


def _of_actions(board: Board) -> Iterator[Metric]:
    target, tally = board.target, board.tally
    pairs = [(kind, result) for kind in KINDS for result in Result]
    done = [((target, kind, result.value), tally.actions.get((kind, result), 0)) for kind, result in pairs]
    took = [((target, kind, result.value), spread) for (kind, result), spread in tally.action_seconds.items()]
    failed = dict.fromkeys(board.models, 0)
    for (model, _), count in tally.load_failures.items():
        if model in failed:
            failed[model] += count
    drift = [((target, reason.value), tally.drift.get(reason, 0)) for reason in sorted(DRIFT)]
    yield _numbers(names.ACTIONS, done)
    yield _spreads(names.ACTION_SECONDS, took)
    yield _numbers(names.FETCHED, [((target,), tally.fetched)])
    yield _numbers(names.DRIFT, drift)
    yield _numbers(names.LOAD_FAILURES, [((target, model), count) for model, count in failed.items()])


def _of_models(board: Board) -> Iterator[Metric]:
    counts = {(kind, truth): 0 for kind in Kind for truth in Truth}
    reasons = list[tuple[Labels, float]]()
    for name, status in board.models.items():
        for kind, condition in status.conditions.items():
            counts[kind, condition.status] += 1
        if Kind.READY in status.conditions:
            reasons.append(((board.target, name, status.conditions[Kind.READY].reason.value), 1.0))
    by_condition = [((board.target, kind.value, truth.value), count) for (kind, truth), count in counts.items()]
    yield _numbers(names.MODELS, by_condition if board.revision else [])
    yield _numbers(names.MODEL_READY, [((board.target, name), one.ready) for name, one in board.models.items()])
    yield _numbers(names.MODEL_INFO, reasons)


def _of_room(board: Board) -> Iterator[Metric]:
    memory = [span for span in board.spans if span.name in tuple(Memory)]
    disk = [span for span in board.spans if span.name == "disk"]
    target = board.target
    for taken, limit, spans, own in (
        (names.DECLARED, names.DECLARED_LIMIT, memory, True),
        (names.VOLUME, names.VOLUME_LIMIT, disk, False),
    ):
        labelled = [((target, span.name) if own else (target,), span) for span in spans]
        yield _numbers(taken, [(labels, span.after) for labels, span in labelled if span.after is not None])
        yield _numbers(limit, [(labels, span.capacity) for labels, span in labelled if span.capacity is not None])


def _of_the_world(board: Board) -> Iterator[Metric]:
    target = board.target
    yield _numbers(names.SERVER_UP, [((target, stable(server.url)), server.up) for server in board.servers])
    if board.revision:
        yield _numbers(names.REVISION, [((target, board.revision), 1)])
        yield _numbers(names.FRESH, [((target,), not board.not_fresh)])
        yield _numbers(names.DOCUMENT_ERRORS, [((target,), len(board.problems))])
    if board.loop is not None:
        yield from _of_the_loop(target, board.loop)


def _of_the_loop(target: str, loop: Loop) -> Iterator[Metric]:
    yield _numbers(names.RUNNING, [((target,), loop.running is not None)])
    if loop.converged is not None:
        yield _numbers(names.CONVERGED, [((target,), loop.converged.timestamp())])


def _numbers(what: Described, rows: Iterable[tuple[Labels, float]]) -> Metric:
    make = CounterMetricFamily if what.type is Type.COUNTER else GaugeMetricFamily
    family = make(what.name, what.says, labels=what.labels)
    for labels, value in rows:
        family.add_metric([printable(label) for label in labels], float(value))
    return family


def _spreads(what: Described, rows: Iterable[tuple[Labels, Spread]]) -> Metric:
    family = HistogramMetricFamily(what.name, what.says, labels=what.labels)
    for labels, spread in rows:
        below, buckets = 0, list[tuple[str, float]]()
        for bound, count in zip([*map(str, BOUNDS), "+Inf"], spread.counts, strict=True):
            below += count
            buckets.append((bound, float(below)))
        family.add_metric(list(labels), buckets, sum_value=spread.total)
    return family
