"""Plans and outcomes built by hand, one model for each thing that can become of a model."""

from dataclasses import replace

from reconciler.core.amounts import Span
from reconciler.core.artifact import Tree
from reconciler.core.digest import Generation, of_bytes
from reconciler.core.errors import Reason
from reconciler.core.plan import (
    Activate,
    Change,
    Deactivate,
    Fetch,
    GapKind,
    Load,
    ModelPlan,
    Outcome,
    Plan,
    Prune,
    Result,
    Step,
    Unload,
    Versions,
)
from reconciler.core.spec import Source

SERVER = "grpc://triton-0:8001"
REVISION = "4f1c2d3e5a6b7c8d9e0f4f1c2d3e5a6b7c8d9e0f"


def tree(name: str) -> Tree:
    return Tree(files=(), config={"name": name})


def generation(letter: str) -> Generation:
    return Generation("sha256:" + letter * 64)


def fetch(model: str, size: int | None = 12_897_485) -> Step:
    action = Fetch(model=model, sources={None: Source(uri=f"s3://models/{model}/")}, size=size)
    return Step(id=f"fetch:{model}", action=action, reason=Reason.NOT_ON_VOLUME)


def activate(model: str, *after: str) -> Step:
    action = Activate(model=model, tree=tree(model), previous=None)
    return Step(id=f"activate:{model}", action=action, reason=Reason.NOT_ON_VOLUME, after=frozenset(after))


def load(model: str, *after: str, reason: Reason = Reason.NOT_ON_VOLUME) -> Step:
    action = Load(model=model, server=SERVER, tree=tree(model), timeout=600, retries=3)
    return Step(id=f"load:{model}", action=action, reason=reason, after=frozenset(after))


def unload(model: str, reason: Reason = Reason.REMOVED) -> Step:
    return Step(id=f"unload:{model}", action=Unload(model=model, server=SERVER, timeout=60), reason=reason)


def deactivate(model: str, *after: str) -> Step:
    action = Deactivate(model=model, generation=generation("d"))
    return Step(id=f"deactivate:{model}", action=action, reason=Reason.REMOVED, after=frozenset(after))


def prune() -> Step:
    blobs = tuple(of_bytes(bytes([number])) for number in range(5))
    action = Prune(trees=(generation("1"), generation("2")), blobs=blobs, partials=(), size=12_897_485)
    return Step(id="prune", action=action, reason=Reason.UNREFERENCED)


def created() -> ModelPlan:
    steps = ("fetch:densenet", "activate:densenet", "load:densenet")
    wanted = tree("densenet").generation
    return ModelPlan(model="densenet", change=Change.CREATE, reason=Reason.NOT_ON_VOLUME, wanted=wanted, steps=steps)


def reloaded() -> ModelPlan:
    same = generation("e")
    return ModelPlan(
        model="ens",
        change=Change.UPDATE,
        reason=Reason.DEPENDENCY_RELOADED,
        message="densenet is loaded anew",
        active=same,
        wanted=same,
        steps=("load:ens",),
        warnings=("version 2 pins densenet 1",),
    )


EVERYTHING = Plan(
    target="prod",
    revision=REVISION,
    models=(
        ModelPlan(model="asleep", change=Change.HELD, reason=Reason.SUSPENDED, message="incident 4711"),
        created(),
        reloaded(),
        ModelPlan(
            model="bert",
            change=Change.RECREATE,
            reason=Reason.GENERATION_CHANGED,
            active=generation("a"),
            wanted=generation("b"),
            steps=("unload:bert",),
            gap="both copies do not fit 80.0 GiB of gpuMemory",
            gap_kind=GapKind.RECREATED,
        ),
        ModelPlan(
            model="later",
            change=Change.UPDATE,
            reason=Reason.CONTENT_UNKNOWN,
            active=generation("f"),
            steps=("fetch:later",),
            deferred=True,
        ),
        ModelPlan(
            model="mended",
            change=Change.MEND,
            reason=Reason.TREE_DAMAGED,
            active=generation("c"),
            wanted=generation("c"),
            versions=Versions(before=(2, 7), after=(2, 7)),
        ),
        ModelPlan(
            model="old",
            change=Change.REMOVE,
            reason=Reason.REMOVED,
            active=generation("d"),
            steps=("unload:old", "deactivate:old"),
        ),
        ModelPlan(model="quiet", change=Change.UNCHANGED, reason=Reason.SUCCEEDED, active=generation("9")),
        ModelPlan(
            model="broken",
            change=Change.HELD,
            reason=Reason.PREFLIGHT_FAILED,
            message="1/model.py is missing",
            active=generation("8"),
            wanted=generation("7"),
            stalled=True,
        ),
        ModelPlan(model="theirs", change=Change.FOREIGN, reason=Reason.FOREIGN, message="a directory"),
    ),
    steps=(
        fetch("densenet"),
        fetch("later", size=None),
        unload("old"),
        unload("bert", Reason.GENERATION_CHANGED),
        activate("densenet", "fetch:densenet"),
        load("densenet", "activate:densenet"),
        load("ens", "load:densenet", reason=Reason.DEPENDENCY_RELOADED),
        deactivate("old", "unload:old"),
        prune(),
    ),
    spans=(
        Span(name="memory", before=0, peak=0, after=0),
        Span(
            name="gpuMemory",
            before=60 << 30,
            peak=70 << 30,
            after=10 << 30,
            capacity=80 << 30,
            uncounted=("ens (nothing declared)",),
        ),
        Span(name="disk", before=1 << 30, peak=2 << 30, after=1 << 30),
    ),
    not_fresh="https://git.example/models cannot be reached: timed out",
)

SETTLED = Plan(
    target="prod",
    revision=REVISION,
    models=tuple(
        ModelPlan(model=name, change=Change.UNCHANGED, reason=Reason.SUCCEEDED, active=generation("9"))
        for name in ("a", "b")
    ),
)

BLIND = replace(SETTLED, models=(), unknown=(f"server {SERVER}: connection refused",))

OUTCOMES = (
    Outcome(step=fetch("densenet"), result=Result.DONE, message="12.3 MiB", seconds=4.21),
    Outcome(
        step=load("densenet"), result=Result.FAILED, reason=Reason.LOAD_FAILED, message="boom", terminal=True, seconds=1
    ),
    Outcome(step=load("ens"), result=Result.BLOCKED, reason=Reason.BLOCKED, message="load of densenet failed"),
    Outcome(step=prune(), result=Result.CANCELLED, reason=Reason.CANCELLED),
)
