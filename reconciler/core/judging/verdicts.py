"""What each model may become in this pass, judged by itself: its document, its volume entry, its content.

Promise: a model that cannot move to what is wanted is *kept* at its active generation, whose drift is still mended;
a model that must be left alone (rejected, suspended, foreign) is *held*; an unreadable source is never an empty one.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from reconciler.core.configs.assembly import Artifact, Assemble, afresh, of_tree
from reconciler.core.configs.modelfacts import backend_of, hinted
from reconciler.core.content import AsBefore, Known, NotRead, Unavailable, Unfetched
from reconciler.core.digest import Digest, Generation, hexdigits
from reconciler.core.errors import Reason
from reconciler.core.judging.placement import selects
from reconciler.core.observed import Active, ForeignEntry, Observed, Serving, StalledAt
from reconciler.core.spec import Desired, ModelSpec, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Left alone, with the reason. `stalled`: only a change of content, spec or set-up mends it.

    `needs`: what its spec says it calls, which it goes on calling while it is left alone.
    """

    reason: Reason
    message: str
    stalled: bool = False
    wanted: Generation | None = None
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """To be served as this artifact. `kept`: why it is its active one and not what the spec asks for."""

    spec: ModelSpec
    artifact: Artifact
    missing: frozenset[Digest] = frozenset()
    kept: Hold | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """What it will be is known only after its sources (or those of a model it needs) are fetched; size in bytes.

    `needs`: what it is known to call, whatever else it will.
    """

    spec: ModelSpec
    message: str
    fetch: bool
    size: int | None = None
    needs: frozenset[str] = frozenset()


Verdict = Wanted | Deferred | Hold

_UNASKED = NotRead(reason=Reason.SOURCE_UNREACHABLE, message="its sources were not read")


def needs_of(verdict: Verdict) -> frozenset[str]:
    """The models that this one calls once it is loaded: an ensemble's members, and what its spec declares."""
    match verdict:
        case Wanted():
            needs = verdict.artifact.config.needs | frozenset(verdict.spec.depends_on)
            return needs if verdict.spec.load.enabled else frozenset()
        case Deferred():
            return verdict.needs | frozenset(verdict.spec.depends_on)
        case Hold():
            return verdict.needs
        case never:
            assert_never(never)


def declared(spec: ModelSpec, observed: Observed) -> frozenset[str]:
    """What it calls by its spec, and by the hint in what is active."""
    active = observed.volume.entries.get(spec.name)
    tree = active.tree if isinstance(active, Active) else None
    return frozenset(spec.depends_on) | (hinted(tree.config) if tree is not None else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller asks of this pass.

    `models`: only these, empty for all. `today` (UTC) decides about suspensions. `failed`: models whose fetch failed
    in this run already. `frozen`: why only drift may be mended, empty if all may. `allow_removals`: a person's
    word for this many. `adopt`: models whose foreign directories are to be taken over. `assemble`: how artifacts are
    made.
    """

    today: datetime.date
    models: frozenset[str] = frozenset()
    failed: Mapping[str, Unavailable] = field(default_factory=dict)
    frozen: str = ""
    allow_removals: int | None = None
    no_server: bool = False
    adopt: frozenset[str] = frozenset()
    assemble: Assemble = afresh


def first_look(desired: Desired, observed: Observed, target: Target, request: Request) -> dict[str, Verdict]:
    """A verdict for every model that belongs to the target, and for every rejected one."""
    verdicts: dict[str, Verdict] = {}
    for name, problems in sorted(desired.rejected.items()):
        first = str(problems[0]) if problems else "its file is not valid"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        verdicts[name] = Hold(reason=Reason.REJECTED, message=first + more)
    for name, spec in sorted(desired.models.items()):
        if selects(target.selector, spec.labels):
            found = _left_alone(spec, observed, request) or _judge(spec, desired, observed, target, request)
            verdicts[name] = _as_it_was(found, observed, request.frozen) if request.frozen else found
    return verdicts


def _as_it_was(verdict: Verdict, observed: Observed, why: str) -> Verdict:
    """The model as it is, or was by the last status: what differs from that is drift, and mended.

    What is wanted now is not held against what was until that is known: where nothing else can serve, it is fetched.
    """
    if isinstance(verdict, Hold):
        return verdict
    spec, wanted = verdict.spec, verdict.artifact.tree.generation if isinstance(verdict, Wanted) else None
    hold = Hold(reason=Reason.FROZEN, message=why, wanted=wanted)
    if not spec.load.enabled:
        return replace(hold, needs=declared(spec, observed))
    if wanted in _settled(spec.name, observed) or (isinstance(verdict, Wanted) and verdict.kept):
        return verdict
    was = observed.before.get(spec.name)
    if was is None or isinstance(observed.volume.entries.get(spec.name), Active):
        return keep(spec, hold, observed)
    return _put_back(verdict, was, hold, observed)


def _settled(name: str, observed: Observed) -> frozenset[Generation]:
    """What it is on the volume, and was by the last status."""
    active = observed.volume.entries.get(name)
    found = (observed.before.get(name), active.generation if isinstance(active, Active) else None)
    return frozenset(generation for generation in found if generation is not None)


def _put_back(verdict: Wanted | Deferred, was: Generation, hold: Hold, observed: Observed) -> Verdict:
    """The model as it was, if all of that still is on the volume."""
    tree = observed.volume.trees.get(was)
    if tree is not None and tree.blobs() <= observed.volume.blobs.keys():
        return Wanted(spec=verdict.spec, artifact=of_tree(tree), kept=hold)
    if isinstance(verdict, Deferred):
        return verdict
    words = f"what it served before, {hexdigits(was)[:12]}, is not on the volume, and git wants another; {hold.message}"
    return replace(hold, reason=Reason.NOT_ON_VOLUME, message=words)


def _left_alone(spec: ModelSpec, observed: Observed, request: Request) -> Hold | None:
    """The reasons to leave a model exactly as it is."""
    needs = declared(spec, observed)
    if request.models and spec.name not in request.models:
        return Hold(reason=Reason.NOT_SELECTED, message="not among the models asked for", needs=needs)
    if spec.suspend is not None and (spec.suspend.until is None or request.today <= spec.suspend.until):
        until = f" until {spec.suspend.until}" if spec.suspend.until else ""
        message = f"suspended{until}: {spec.suspend.reason or 'no reason given'}"
        return Hold(reason=Reason.SUSPENDED, message=message, needs=needs)
    return _foreign(spec, observed, request)


def _foreign(spec: ModelSpec, observed: Observed, request: Request) -> Hold | None:
    entry = observed.volume.entries.get(spec.name)
    if isinstance(entry, ForeignEntry):
        if entry.adoptable and spec.name in request.adopt:
            return None
        ways = f"take it over with --adopt {spec.name}, or " if entry.adoptable else ""
        found = f"models/{spec.name} on the volume is {entry.kind} and not ours"
        message = f"{found}: {ways}move it away or rename the model"
        return Hold(reason=Reason.FOREIGN, message=message)
    if entry is None and (server := _foreign_server(spec.name, observed)):
        message = f"{server} serves a model of this name that we did not load: unload it there or rename the model"
        return Hold(reason=Reason.FOREIGN, message=message)
    return None


def _foreign_server(name: str, observed: Observed) -> str | None:
    for server, view in sorted(observed.servers.items()):
        served = view.models.get(name) if isinstance(view, Serving) else None
        if served is not None and served.up and served.generation is None:
            return server
    return None


def _judge(spec: ModelSpec, desired: Desired, observed: Observed, target: Target, request: Request) -> Verdict:
    if hold := _no_backend(target, spec.framework, "spec.framework"):
        return keep(spec, hold, observed)
    content = request.failed.get(spec.name) or observed.contents.get(spec.name, _UNASKED)
    match content:
        case Known():
            active = observed.volume.entries.get(spec.name)
            tree = active.tree if isinstance(active, Active) else None
            found = request.assemble(spec, content, desired.repository.default_config, tree)
            return _judge_known(spec, content, found, observed, target)
        case Unfetched():
            needs = declared(spec, observed)
            return Deferred(spec=spec, message="known after fetch", fetch=True, size=content.size, needs=needs)
        case Unavailable() | NotRead():
            hopeless = isinstance(content, Unavailable) and content.terminal
            return keep(spec, Hold(reason=content.reason, message=content.message, stalled=hopeless), observed)
        case AsBefore(tree=tree):
            return _unless_stalled(Wanted(spec=spec, artifact=of_tree(tree)), observed)
        case never:
            assert_never(never)


def _no_backend(target: Target, framework: str, where: str) -> Hold | None:
    """Why the target cannot run it: neither backend nor platform is among those it declares to have."""
    there = None if target.backends is None else {*map(backend_of, target.backends), "ensemble", ""}
    if there is None or target.backends is None or backend_of(framework) in there:
        return None
    message = f"{framework} ({where}) is not among the target's backends: {', '.join(target.backends) or 'none'}"
    return Hold(reason=Reason.BACKEND_UNAVAILABLE, message=message, stalled=True)


def _judge_known(
    spec: ModelSpec, content: Known, artifact: Artifact | tuple[str, ...], observed: Observed, target: Target
) -> Verdict:
    if not isinstance(artifact, Artifact):
        message = "; ".join(artifact)
        return keep(spec, Hold(reason=Reason.PREFLIGHT_FAILED, message=message, stalled=True), observed)
    for path, framework in artifact.frameworks.items():
        if hold := _no_backend(target, framework, path):
            return keep(spec, hold, observed)
    wanted = Wanted(spec=spec, artifact=artifact, missing=content.missing, warnings=_newer(artifact))
    return _unless_stalled(wanted, observed)


def _newer(artifact: Artifact) -> tuple[str, ...]:
    """A warning where a server may refuse what only newer ones know."""
    if not artifact.newer:
        return ()
    told = f"its config.pbtxt has what this version does not know, and keeps as it is: {', '.join(artifact.newer)}"
    return (f"{told}; a server that does not know it either refuses the model",)


def _unless_stalled(verdict: Wanted, observed: Observed) -> Verdict:
    stalled, spec = observed.stalled.get(verdict.spec.name), verdict.spec
    wanted = verdict.artifact.tree.generation
    if stalled is not None and stalled.generation == wanted and not _disproved(stalled, spec, observed):
        message = f"{stalled.message} (not tried again until the model changes)"
        return keep(spec, Hold(reason=Reason.STALLED, message=message, stalled=True, wanted=wanted), observed)
    return verdict


def _disproved(stalled: StalledAt, spec: ModelSpec, observed: Observed) -> bool:
    """Whether it is up on as many servers as it should be: it was mended after all, or the status is not ours.

    What it answers, and what is above it, are not seen from that.
    """
    active = observed.volume.entries.get(spec.name)
    views = [view for view in observed.servers.values() if isinstance(view, Serving)]
    found = [view.models[spec.name] for view in views if spec.name in view.models]
    return (
        stalled.reason not in (Reason.PROBE_FAILED, Reason.DEPENDENT_DOWN)
        and isinstance(active, Active)
        and active.generation == stalled.generation
        and bool(views)
        and sum(served.up and served.generation == stalled.generation for served in found)
        >= min(spec.replicas or len(views), len(views))
    )


def keep(spec: ModelSpec, hold: Hold, observed: Observed) -> Wanted | Hold:
    """The model at its active generation if there is one on the volume that can be loaded, else held."""
    active = observed.volume.entries.get(spec.name)
    held = replace(hold, needs=declared(spec, observed))
    if not isinstance(active, Active) or active.tree is None:
        return held
    stalled = observed.stalled.get(spec.name)
    if stalled is not None and stalled.generation == active.generation:
        again = "" if hold.reason is Reason.STALLED else f"; and what is active is stalled: {stalled.message}"
        return replace(held, message=hold.message + again, stalled=True)
    return Wanted(spec=spec, artifact=of_tree(active.tree), kept=hold)
