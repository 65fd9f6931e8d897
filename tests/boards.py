"""Boards built by hand: targets as they are shown at one moment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.core.amounts import Span
from reconciler.core.digest import Generation
from reconciler.core.errors import Problem, Reason
from reconciler.core.statuses.conditions import Condition, Episode, Fate, Kind, ModelStatus, Truth
from reconciler.core.views.board import Board, Loop, Passed, ServerLine
from reconciler.core.views.tally import Ending, Tally
from tests.plan_samples import EVERYTHING, OUTCOMES, REVISION, SERVER, SETTLED, generation

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SINCE = "2026-11-20T22:10:00Z"
A, B = generation("a"), generation("b")


def model(
    name: str,
    reason: Reason = Reason.SUCCEEDED,
    message: str = "",
    truth: Truth | None = None,
    *,
    stalled: bool = False,
) -> ModelStatus:
    """Ready where nothing else is said; what is not ready had a generation before."""
    truth = truth or (Truth.TRUE if reason is Reason.SUCCEEDED else Truth.FALSE)
    good = truth is Truth.TRUE
    found = {Kind.READY: truth, Kind.LOADED: truth, Kind.STALLED: Truth.TRUE if stalled else Truth.FALSE}
    episode = Episode(
        generation=A, revision=REVISION, wanted=SINCE, since=SINCE, fate=Fate.READY if good else Fate.FAILED,
        reason=reason, message=message,
    )  # fmt: skip
    served: Mapping[str, Generation | None] = {SERVER: A if good else B}
    return ModelStatus(
        name=name,
        target="prod",
        revision=REVISION,
        generation=A,
        active=A if good else B,
        served=served if reason is not Reason.LOAD_FAILED else {},
        versions=(1, 7) if good else (),
        servers=(SERVER,),
        conditions={
            kind: Condition(kind=kind, status=status, reason=reason, message=message, last_transition_time=SINCE)
            for kind, status in found.items()
        },
        history=(episode, replace(episode, generation=B, fate=Fate.READY, message="")),
    )


def passed(ending: Ending = Ending.SUCCESS, *, minutes: float = 0, message: str = "") -> Passed:
    """One that had nothing to do."""
    began = NOW - timedelta(minutes=minutes)
    return Passed(began=began, seconds=0.4, ending=ending, revision=REVISION, plan=SETTLED, message=message)


def busy(minutes: float = 3) -> Passed:
    """One that did much, and not all of it well."""
    return replace(passed(Ending.INCOMPLETE, minutes=minutes), plan=EVERYTHING, outcomes=OUTCOMES, seconds=64.2)


def board(*models: ModelStatus, **more: object) -> Board:
    """A target with these models."""
    made = Board(target="prod", at=NOW, revision=REVISION, models={one.name: one for one in models})
    return replace(made, **more)  # type: ignore[arg-type]


def everything() -> Board:
    """A target with one of everything."""
    return board(
        model("densenet"),
        model("tokenizer"),
        model("ensemble"),
        model("bert", Reason.LOAD_FAILED, "ModuleNotFoundError: No module named 'torch'"),
        model("ranker", Reason.PREFLIGHT_FAILED, "1/model.py is missing", stalled=True),
        model("top", Reason.SERVER_UNREACHABLE, "connection refused", Truth.UNKNOWN),
        model("asleep", Reason.SUSPENDED, "incident 4711"),
        needs={"ensemble": frozenset({"densenet", "tokenizer"}), "top": frozenset({"ensemble", "elsewhere"})},
        plan=EVERYTHING,
        servers=(
            ServerLine(url=SERVER, up=True, told="Triton 2.51.0"),
            ServerLine(url="grpc://triton-1:8001", up=False, told="connection refused"),
        ),
        spans=(
            Span(name="memory", before=1, peak=2 << 30, after=1 << 30, capacity=2 << 30),
            Span(name="disk", before=1, peak=2, after=1 << 20, capacity=1 << 30),
        ),
        problems=(Problem(file="models.d/x.yaml", line=3, column=5, path="spec", found="a number", expected="a text"),),
        unknown=("server grpc://triton-1:8001: connection refused",),
        not_fresh="https://git.example/models cannot be reached: timed out",
        passes=(passed(), busy(), passed(Ending.ERROR, minutes=9, message="git cannot be reached")),
        tally=tally(),
        loop=Loop(since=NOW - timedelta(hours=3), interval=60, last=NOW, converged=NOW - timedelta(hours=2)),
    )


def tally() -> Tally:
    """What those passes did."""
    counted = Tally().with_fetched(12_897_485).with_drift(EVERYTHING)
    for outcome in OUTCOMES:
        counted = counted.with_outcome(outcome)
    return counted.with_run(Ending.INCOMPLETE, 64.2, NOW - timedelta(minutes=2)).with_run(Ending.SUCCESS, 0.4, NOW)


def many(count: int) -> Board:
    """So many models, every third of which needs one of five; one is not ready."""
    names = [f"model-{number:05}" for number in range(count)]
    needs = {name: frozenset({f"base-{index % 5}"}) for index, name in enumerate(names) if not index % 3}
    models = [model(name) for name in (*names, *(f"base-{number}" for number in range(5)))]
    models.append(model("broken", Reason.LOAD_FAILED, "boom"))
    return board(*models, needs=needs | {"broken": frozenset({"base-1"})}, passes=(passed(),))
