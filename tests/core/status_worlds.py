"""Small worlds for the status tests: one model `m` of target `prod`, its volume, its servers and what was tried."""

from collections.abc import Mapping

from reconciler.core.artifact import Tree
from reconciler.core.content import Content
from reconciler.core.digest import Generation
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Entry, Observed, Served, ServerView, Serving, VersionState, VolumeView
from reconciler.core.plan import Action, Activate, Change, Fetch, Load, ModelPlan, Outcome, Plan, Result, Step
from reconciler.core.spec import Desired, LoadPolicy, ModelSpec, Probe
from reconciler.core.statuses.conditions import Kind, ModelStatus, Truth
from reconciler.core.statuses.status import Pass, summarise

NOW, LATER = "2026-11-21T03:00:00Z", "2026-11-21T04:00:00Z"
A, B = "grpc://a:8001", "grpc://b:8001"
OLD_TREE, NEW_TREE = (Tree(files=(), config={"name": "m", "max_batch_size": size}) for size in (1, 2))
OLD, NEW = OLD_TREE.generation, NEW_TREE.generation


def spec(*, enabled: bool = True, probes: tuple[Probe, ...] = ()) -> ModelSpec:
    return ModelSpec(
        name="m", file="models.d/m.yaml", framework="python", load=LoadPolicy(enabled=enabled), probes=probes
    )


def serves(generation: Generation | None, state: str = "READY", reason: str = "") -> Served:
    return Served(versions=(VersionState(version=1, state=state, reason=reason),), generation=generation)


def serving(generation: Generation | None, *servers: str) -> Mapping[str, ServerView]:
    return {server: Serving(models={"m": serves(generation)}) for server in servers or (A,)}


def line(
    change: Change = Change.UPDATE,
    wanted: Generation | None = NEW,
    reason: Reason = Reason.GENERATION_CHANGED,
    message: str = "",
    *,
    stalled: bool = False,
) -> ModelPlan:
    return ModelPlan(model="m", change=change, reason=reason, message=message, wanted=wanted, stalled=stalled)


def world(
    active: Generation | None,
    servers: Mapping[str, ServerView],
    *,
    trees: tuple[Tree, ...] = (OLD_TREE,),
    content: Content | None = None,
    damage: tuple[str, ...] = (),
) -> Observed:
    tree = {tree.generation: tree for tree in (OLD_TREE, NEW_TREE)}
    entries: dict[str, Entry] = {}
    if active is not None:
        entries["m"] = Active(generation=active, tree=tree[active], damage=damage)
    return Observed(
        volume=VolumeView(entries=entries, trees={tree.generation: tree for tree in trees}),
        servers=servers,
        contents={} if content is None else {"m": content},
    )


def load(server: str = A, tree: Tree = NEW_TREE) -> Load:
    return Load(model="m", server=server, tree=tree, timeout=60, retries=0)


def fetch() -> Fetch:
    return Fetch(model="m", sources={}, size=None)


def activate() -> Activate:
    return Activate(model="m", tree=NEW_TREE, previous=OLD)


def outcome(
    action: Action,
    result: Result = Result.DONE,
    reason: Reason = Reason.SUCCEEDED,
    message: str = "",
    *,
    terminal: bool = False,
) -> Outcome:
    step = Step(id="m", action=action, reason=Reason.GENERATION_CHANGED)
    return Outcome(step=step, result=result, reason=reason, message=message, terminal=terminal, seconds=1.5)


def after(
    observed: Observed,
    planned: ModelPlan,
    *outcomes: Outcome,
    wanted: ModelSpec | None = spec(),  # noqa: B008 - a frozen value
    revision: str = "c1",
) -> Pass:
    return Pass(
        plan=Plan(target="prod", revision=revision, models=(planned,)),
        outcomes=outcomes,
        observed=observed,
        desired=Desired(revision=revision, models={} if wanted is None else {"m": wanted}),
    )


def status_of(done: Pass, before: ModelStatus | None = None, now: str = NOW) -> ModelStatus:
    """The status of the one model."""
    return summarise(done, {} if before is None else {"m": before}, now=now)["m"]


def said(status: ModelStatus, kind: Kind) -> tuple[Truth, Reason, str]:
    """A condition without its time."""
    condition = status.conditions[kind]
    return condition.status, condition.reason, condition.message
