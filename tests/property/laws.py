"""What must hold of a plan, at every moment of carrying it out, and after it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import networkx as nx
from hypothesis import note

from reconciler.core.artifact import Tree
from reconciler.core.configs.modelfacts import facts
from reconciler.core.content import Content, Known, Unavailable
from reconciler.core.digest import Generation
from reconciler.core.errors import Reason
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import StalledAt
from reconciler.core.plan import Change, Load, ModelPlan, Plan, Prune, Step, Unload
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired
from reconciler.core.statuses.circumstances import circumstances
from tests.property.run import Mishaps, Run
from tests.property.strategies import TARGET, TODAY
from tests.property.world import Link, Server, World, content_blobs

Wish: TypeAlias = tuple[Desired, dict[str, Content], dict[str, Content]]
Stalled: TypeAlias = dict[str, StalledAt]
UNTOUCHABLE = (Reason.REJECTED, Reason.SUSPENDED, Reason.FOREIGN, Reason.NOT_SELECTED)


def planned(
    desired: Desired,
    world: World,
    failed: Mapping[str, Unavailable] | None = None,
    stalled: Stalled | None = None,
) -> Plan:
    """The plan for this world as it is now."""
    request = Request(today=TODAY, failed=failed or {}, adopt=frozenset(world.volume.adoptable))
    return plan(desired, world.observe(stalled), TARGET, request)


def wish_for(world: World, wish: Wish) -> Desired:
    """The desired state, once the world knows what its sources hold."""
    desired, contents, fetchable = wish
    world.volume.contents = dict(contents)
    world.volume.fetchable = dict(fetchable)
    for name, content in contents.items():
        own = name in world.volume.adoptable and isinstance(content, Known) and content.missing
        if own and isinstance(content, Known):
            held = frozenset(file.digest for files in content.files.values() for file in files)
            world.volume.contents[name] = replace(content, missing=frozenset(), held=held)
        if name not in fetchable and not isinstance(content, Unavailable):
            world.volume.blobs |= dict.fromkeys(content_blobs(content), 1)
    return desired


@dataclass(slots=True, kw_only=True)
class Safety:
    """Watches one execution, and says which law a step breaks."""

    world: World
    desired: Desired
    plan: Plan
    up: dict[tuple[str, str], Generation | None] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.up = self.world.up()
        self.links = {name: replace(link) for name, link in self.world.volume.links.items()}

    def __call__(self, moment: str, step: Step) -> None:
        """Told before and after each step."""
        if moment == "before":
            self._before(step)
        else:
            self._check_untouched()
            self._check_announced()

    def _before(self, step: Step) -> None:
        match step.action:
            case Load() as action:
                self._needs_are_up(action)
            case Unload() as action:
                self._nobody_needs(action)
                self._is_up_where_it_belongs(step, action)
            case Prune() as action:
                served = set(self.world.served()) & set(self.up.values())
                assert not served & set(action.trees), "prune of what is served"
            case _:
                pass

    def _needs_are_up(self, action: Load) -> None:
        """Members and declared dependencies are up on the same server."""
        server = self.world.servers[action.server]
        needs = set(facts(action.tree.config).members) | set(self.desired.models[action.model].depends_on)
        down = sorted(needs - server.up().keys())
        assert not down, f"load of {action.model} before {down}"

    def _nobody_needs(self, action: Unload) -> None:
        server = self.world.servers[action.server]
        # An ensemble that was down and came back by itself meanwhile could not be known.
        above = [name for name in server.above(action.model) if (action.server, name) in self.up]
        users = [name for name in above if server.instances[name].up]
        assert not users, f"unload of {action.model} under {users}"

    def _is_up_where_it_belongs(self, step: Step, action: Unload) -> None:
        """What leaves a server is served by all those that it belongs on, as it is wanted."""
        line = self.line(action.model)
        if step.reason is Reason.NOT_PLACED and line is not None:
            stamps = {self.world.up().get((url, action.model), "down") for url in line.servers or ()}
            assert stamps == {line.wanted}, f"{action.model} leaves {action.server} for servers that have {stamps}"

    def _check_untouched(self) -> None:
        """What is left alone is exactly as it was."""
        left_alone = {line.model for line in self.plan.models if line.reason in UNTOUCHABLE}
        for name in sorted(left_alone):
            link = self.world.volume.links.get(name)
            assert link == self.links.get(name), f"the link of {name} was touched"
        now = self.world.up()
        for (url, name), generation in self.up.items():
            if name in left_alone and not self._over_lost(url, name):
                assert now.get((url, name), "down") == generation, f"{name} was touched on {url}"

    def _over_lost(self, url: str, name: str) -> bool:
        """Of a stranger's ensemble nobody knows what fits it, and of a tree without a document what it was."""
        instance = self.world.servers[url].instances[name]
        lost = {model for (server, model), stamp in self.up.items() if server == url and stamp in self.world.ever_lost}
        return instance.generation is None and bool(instance.config.members & lost)

    def _check_announced(self) -> None:
        """Who is down now and was up before is to be removed, or the plan says that it will be down for a while."""
        for url, name in sorted(self.up.keys() - self.world.up().keys()):
            line = self.line(name)
            assert line is not None, f"{name} went down unseen"
            announced = line.change is Change.REMOVE or line.gap or self._over_lost(url, name)
            announced = announced or url in line.moves.leaves
            assert announced, f"{name} is down on {url} and the plan did not say so"

    def check_nothing_worse(self) -> None:
        """After the run everything that was up is up, but for what was to go."""
        for url, name in sorted(self.up.keys() - self.world.up().keys()):
            line, spec = self.line(name), self.desired.models.get(name)
            removed = line is not None and line.change is Change.REMOVE
            disabled = spec is not None and not spec.load.enabled
            moved = line is not None and url in line.moves.leaves
            assert removed or disabled or moved or self._over_lost(url, name), f"{name} is down on {url} after the run"

    def line(self, name: str) -> ModelPlan | None:
        """What the plan says of a model."""
        return next((line for line in self.plan.models if line.model == name), None)


def check_shape(found: Plan) -> None:
    """Unique ids, no step waits for one that is not there or for itself, what is left alone has no step."""
    ids = [step.id for step in found.steps]
    assert len(ids) == len(set(ids))
    waits = nx.DiGraph([(step.id, before) for step in found.steps for before in step.after])
    assert set(waits) <= set(ids)
    assert nx.is_directed_acyclic_graph(waits)
    names = [line.model for line in found.models]
    assert names == sorted(set(names))
    lines = {line.model: line for line in found.models}
    for step in found.steps:
        if not isinstance(step.action, Prune):
            line = lines[step.action.model]
            assert line.change not in (Change.HELD, Change.FOREIGN, Change.UNCHANGED), (step.id, line)
            assert step.id in line.steps
    assert all(line.message or line.change is not Change.HELD for line in found.models)


def check_excused(run: Run, world: World, mishaps: Mishaps) -> None:
    """Nothing fails by itself, but a load beside models of which nobody can know what they are."""
    for name in run.failed.keys() - mishaps.keys():
        action = next(step.action for step in run.plan.steps if step.id == name)
        assert isinstance(action, Load), (name, run.failed)
        server = world.servers[action.server]
        strangers = [above for above in server.above(action.model) if server.instances[above].generation is None]
        took_down = "went down under" in run.failed[name] and strangers
        assert took_down or _over_unknown(action.tree, server, world), run.failed


def _over_unknown(tree: Tree, server: Server, world: World) -> bool:
    stamps = {member: server.instances[member].generation for member in facts(tree.config).members}
    readable = {stamp: tree for stamp, tree in world.volume.trees.items() if stamp not in world.volume.lost}
    trees = [readable.get(stamp) if stamp else None for stamp in stamps.values()]
    return any(below is None or _over_unknown(below, server, world) for below in trees)


def stalled_by(run: Run) -> Stalled:
    """What the status remembers of this run: generations that Triton will never load."""
    found: Stalled = {}
    for step in run.plan.steps:
        if step.id in run.failed and step.id not in run.mishaps and isinstance(step.action, Load):
            generation = step.action.tree.generation
            found[step.action.model] = StalledAt(generation=generation, reason=Reason.LOAD_FAILED, message="no")
    return found


def noted(name: str, at: StalledAt, desired: Desired, world: World) -> StalledAt:
    """With what it depends on, as the status keeps it."""
    return replace(at, circumstances=circumstances(name, at, (), desired, world.observe()))


def one_pass(
    desired: Desired, world: World, order: random.Random, mishaps: Mishaps | None = None, stalled: Stalled | None = None
) -> None:
    """As reconcile.apply does it: a second round where something was to be known after fetching."""
    failed: dict[str, Unavailable] = {}
    stalled = {} if stalled is None else stalled
    for _ in range(2):
        found = planned(desired, world, failed, stalled)
        note(telling(found))
        check_shape(found)
        safety = Safety(world=world, desired=desired, plan=found)
        run = Run(world=world, plan=found, order=order, mishaps=mishaps or {}, watch=safety)
        run.execute()
        safety.check_nothing_worse()
        check_excused(run, world, mishaps or {})
        stalled |= {name: noted(name, at, desired, world) for name, at in stalled_by(run).items()}
        failed = run.models_failed()
        if not any(line.deferred for line in found.models):
            break


def converge(desired: Desired, world: World, order: random.Random, passes: int = 3) -> None:
    """Without failures a few passes lead to an empty plan.

    A model that takes a stranger's ensemble down in two generations, the one wanted and the one active, is tried in
    turns: the status remembers one of them.
    """
    stalled: Stalled = {}
    for _ in range(passes):
        if planned(desired, world, stalled=stalled).empty:
            break
        before = dict(stalled)
        one_pass(desired, world, order, stalled=stalled)
        if any(name in before and before[name].generation != stalled[name].generation for name in stalled):
            return
    last = planned(desired, world, stalled=stalled)
    assert last.empty, telling(last)
    assert {line.change for line in last.models} <= {Change.UNCHANGED, Change.HELD, Change.FOREIGN}, telling(last)


def telling(found: Plan) -> str:
    """A plan for whoever reads a failure."""
    lines = [f"{line.model}: {line.change} {line.reason} {line.message} {line.gap}" for line in found.models]
    steps = [f"  {step.id} {step.reason} after {sorted(step.after)}" for step in found.steps]
    return "\n".join(["plan", *lines, *steps])
