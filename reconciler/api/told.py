"""What a pass has seen and done, as the library's values: by the words of its JSON, which are a promise already."""

from types import MappingProxyType
from typing import Any

from reconciler.api.values import Applied, ModelPlan, ModelState, Outcome, Plan, Refusal, Status, Step
from reconciler.passes.committing import Report
from reconciler.passes.looking import Look
from reconciler.render import plan_json, problems, report_json, status_json


def plan(seen: Look) -> Plan:
    """A plan."""
    found = problems.of(seen.desired)
    document = plan_json.document(seen.plan, found)
    shown: Any = document
    return Plan(
        target=shown["target"],
        revision=shown["revision"],
        changes=shown["changes"],
        complete=shown["complete"],
        unknown=tuple(shown["unknown"]),
        models=tuple(map(_model, shown["models"])),
        steps=tuple(map(_step, shown["steps"])),
        refusal=None if shown["refusal"] is None else Refusal(**shown["refusal"]),
        problems=found,
        document=document,
    )


def applied(report: Report) -> Applied:
    """What was done."""
    error = report.publish_error
    return Applied(
        plan=plan(report.look),
        outcomes=tuple(map(_outcome, map(report_json.outcome, report.outcomes))),
        ready=MappingProxyType({name: found.ready for name, found in report.statuses.items()}),
        status_commit=report.published,
        status_error=None if error is None else str(error),
    )


def status(seen: Look) -> Status:
    """How it stands."""
    document = status_json.document(seen.plan, seen.observed, seen.statuses)
    shown: Any = document
    return Status(
        target=shown["target"],
        revision=shown["revision"],
        complete=shown["complete"],
        models=tuple(map(_state, shown["models"])),
        problems=problems.of(seen.desired),
        document=document,
    )


def _model(shown: Any) -> ModelPlan:
    before, after = shown["generation"]["before"], shown["generation"]["after"]
    return ModelPlan(
        name=shown["name"],
        change=shown["change"],
        reason=shown["action_reason"],
        message=shown["message"],
        before=before,
        after=after,
        gap=shown["gap"] or "",
    )


def _step(shown: Any) -> Step:
    names = ("id", "kind", "model", "server", "reason")
    return Step(**{name: shown[name] for name in names}, after=tuple(shown["after"]), size=shown["bytes"])


def _outcome(shown: Any) -> Outcome:
    names = ("step", "kind", "model", "server", "result", "reason", "message", "terminal", "seconds")
    return Outcome(**{name: shown[name] for name in names})


def _state(shown: Any) -> ModelState:
    return ModelState(
        name=shown["name"],
        settled=shown["settled"],
        desired=shown["desired"],
        on_disk=shown["on_disk"]["generation"],
        loaded=MappingProxyType({each["server"]: each["generation"] for each in shown["servers"]}),
        reason=shown["reason"],
        message=shown["message"],
    )
