"""Gaps in service after a run: how long which model did not answer, beside what its plan had said (docs/capacity.md).

There is no prober: a gap lasts from when the unload was sent, or the load that took the model down, until the model's
stamp was read back (and its golden requests were answered). So what is told is the most that it can have been.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.judging.served import is_up, serving
from reconciler.core.observed import Observed
from reconciler.core.plan import GapKind, Load, ModelPlan, Outcome, Plan, Result, Unload

Place = tuple[str, str]
"""A model and its server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A model that did not answer on a server. `seconds` None: it still does not. `expected`: what its plan said."""

    model: str
    server: str
    seconds: float | None
    expected: GapKind | None = None


def gaps(plans: Iterable[Plan], outcomes: Iterable[Outcome], before: Observed, after: Observed) -> tuple[Gap, ...]:
    """Every gap of a run, by model and server. A model that was to go for good, or from there, has none."""
    plans = list(plans)
    away = {(line.model, server) for found in plans for line in found.models for server in line.moves.leaves}
    lines = {line.model: line for found in plans for line in found.models if line.gap_kind is not None}
    spans = _spans(list(outcomes))
    left = {(name, server) for server, view in serving(before).items() for name in view.models if is_up(view, name)}
    left = {place for place in left if _is_down(place, after)}
    return tuple(
        _gap(place, spans, lines, left) for place in sorted((spans.keys() | left) - away) if _counts(place, lines)
    )


def _gap(place: Place, spans: Mapping[Place, float], lines: Mapping[str, ModelPlan], left: set[Place]) -> Gap:
    model, server = place
    expected = lines[model].gap_kind if model in lines else None
    return Gap(model=model, server=server, seconds=None if place in left else spans[place], expected=expected)


def _counts(place: Place, lines: Mapping[str, ModelPlan]) -> bool:
    kind = lines[place[0]].gap_kind if place[0] in lines else None
    return kind is None or kind.ends


def _is_down(place: Place, observed: Observed) -> bool:
    """On a server that answers; of others nothing is known."""
    model, server = place
    view = serving(observed).get(server)
    return view is not None and not is_up(view, model)


def _spans(outcomes: list[Outcome]) -> dict[Place, float]:
    """From the first moment at which each was down to the last."""
    begun: dict[Place, float] = {}
    ended: dict[Place, float] = {}
    for place, began, end in _downs(outcomes):
        begun[place] = min(begun.get(place, began), began)
        ended[place] = max(ended.get(place, end), end)
    loads = [(place, end) for place, end in _loads(outcomes) if place in begun]
    ended |= {place: max(ended[place], end) for place, end in loads}
    return {place: ended[place] - start for place, start in begun.items()}


def _downs(outcomes: list[Outcome]) -> Iterator[tuple[Place, float, float]]:
    """What was taken down, or found down, in each step that was carried out."""
    for outcome in outcomes:
        end, action = outcome.began + outcome.seconds, outcome.step.action
        if isinstance(action, Unload) and outcome.result is Result.DONE:
            yield (action.model, action.server), outcome.began, end
        if isinstance(action, Load) and outcome.result in (Result.DONE, Result.FAILED):
            yield from (((name, action.server), outcome.began, end) for name in action.takes_down)
        yield from ((place, outcome.began, end) for place in outcome.found_down)


def _loads(outcomes: list[Outcome]) -> Iterator[tuple[Place, float]]:
    """When each model's stamp was read back."""
    for outcome in outcomes:
        if isinstance(outcome.step.action, Load) and outcome.result in (Result.DONE, Result.FAILED):
            yield (outcome.step.action.model, outcome.step.action.server), outcome.began + outcome.seconds
