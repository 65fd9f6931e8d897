"""A model volume and Triton servers in memory, with Triton's semantics as measured (triton-facts §0-§4).

What matters to the planner's laws is here and nothing else: what a link names, what each server has up, and what Triton
does on its own to the ensembles above a model. Every change of the world is a tick, so that a server knows which links
were swapped after it loaded.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.artifact import Tree
from reconciler.core.configs.modelfacts import ModelConfig, facts
from reconciler.core.content import Content, Known
from reconciler.core.digest import Digest, Generation, tree_digest
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.observed import (
    Active,
    Entry,
    ForeignEntry,
    Observed,
    Served,
    ServerView,
    Serving,
    StalledAt,
    Unreachable,
    VersionState,
    VolumeView,
)
from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Prune, Retire, Unload
from reconciler.core.progress import Moved
from reconciler.core.spec import Probe, Resources


class BrokenLawError(AssertionError):
    """The plan asked for something that must never be asked for."""


@dataclass(slots=True, kw_only=True)
class Link:
    """`models/<name>`, ours."""

    tree: Tree
    tick: int
    damaged: bool = False


@dataclass(slots=True, kw_only=True)
class Volume:
    """Links, foreign directories, trees and blobs. `lost`: trees whose document cannot be read.

    `adoptable`: foreign directories with what they hold, `aside` those that our links have taken the place of.
    """

    links: dict[str, Link] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    adoptable: dict[str, ModelConfig] = field(default_factory=dict)
    aside: dict[str, ModelConfig] = field(default_factory=dict)
    trees: dict[Generation, Tree] = field(default_factory=dict)
    lost: set[Generation] = field(default_factory=set)
    blobs: dict[Digest, int] = field(default_factory=dict)
    partials: set[str] = field(default_factory=set)
    mends: dict[Generation, int] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    fetchable: dict[str, Content] = field(default_factory=dict)
    tick: int = 0

    def link(self, name: str, tree: Tree) -> None:
        """What `activate` leaves: tree, blobs and link."""
        self.tick += 1
        self.trees[tree.generation] = tree
        self.lost.discard(tree.generation)
        self.blobs |= dict.fromkeys(tree.blobs(), 1)
        before = self.links.get(name)
        same = before is not None and before.tree == tree and not before.damaged
        tick = before.tick if same and before is not None else self.tick
        self.links[name] = Link(tree=tree, tick=tick)

    def fetch(self, action: Fetch, *, progress: Callable[[Moved], None], cancelled: Callable[[], bool]) -> None:
        """The model's content is known and its blobs are here."""
        progress(Moved(0))
        assert not cancelled()
        if action.model in self.fetchable:
            self.contents[action.model] = self.fetchable[action.model]
            self.blobs |= dict.fromkeys(content_blobs(self.contents[action.model]), 1)

    def activate(self, action: Activate) -> None:
        """Make or mend the tree and swap the link; foreign directories and unknown blobs are never asked for."""
        if action.adopts and action.model in self.adoptable:
            self.aside[action.model] = self.adoptable.pop(action.model)
        if action.model in self.foreign | self.adoptable.keys():
            raise BrokenLawError(f"activate {action.model} over a foreign directory")
        absent = action.tree.blobs() - self.blobs.keys() - {Digest(action.tree.generation)}
        if absent:
            raise BrokenLawError(f"activate {action.model} before its blobs are here")
        if action.mends:
            self.mends[action.tree.generation] = action.mends
        self.link(action.model, action.tree)

    def adopt(self, action: Adopt) -> None:
        """What the foreign directory holds becomes blobs."""
        if action.model not in self.adoptable:
            raise BrokenLawError(f"adopt {action.model}, which has no directory of its own")
        known = self.contents[action.model]
        assert isinstance(known, Known)
        self.blobs |= dict.fromkeys(content_blobs(known), 1)
        self.contents[action.model] = replace(known, held=frozenset())

    def give_back(self, model: str) -> None:
        """What is aside is back, and newer than before."""
        if model in self.aside:
            self.tick += 1
            self.links.pop(model, None)
            self.adoptable[model] = self.aside.pop(model)

    def retire(self, action: Retire) -> None:
        """What is aside is gone."""
        if action.model not in self.links and action.model in self.aside:
            raise BrokenLawError(f"retire {action.model}, whose place nothing has taken")
        self.aside.pop(action.model, None)

    def deactivate(self, action: Deactivate) -> None:
        """Take the link away if it still names this generation."""
        link = self.links.get(action.model)
        if link is not None and link.tree.generation == action.generation:
            del self.links[action.model]

    def prune(self, action: Prune) -> None:
        """Delete what is named."""
        active = {link.tree.generation for link in [*self.links.values()]}
        if active & set(action.trees):
            raise BrokenLawError("prune of an active tree")
        needed = {blob for link in [*self.links.values()] for blob in link.tree.blobs()}
        if needed & set(action.blobs):
            raise BrokenLawError("prune of a blob of an active tree")
        for generation in action.trees:
            self.trees.pop(generation, None)
            self.mends.pop(generation, None)
        for blob in action.blobs:
            self.blobs.pop(blob, None)
        self.partials -= set(action.partials)

    def view(self) -> VolumeView:
        """As the adapter observes it."""
        entries: dict[str, Entry] = {name: ForeignEntry(kind="a directory") for name in self.foreign}
        entries |= {name: ForeignEntry(kind="a directory", adoptable=True) for name in self.adoptable}
        for name, link in [*self.links.items()]:
            lost = link.tree.generation in self.lost
            damage = ("the tree's document is lost or changed",) if lost else ("1/model.py is missing",)
            entries[name] = Active(
                generation=link.tree.generation,
                tree=None if lost else link.tree,
                damage=damage if lost or link.damaged else (),
            )
        trees = {generation: None if generation in self.lost else tree for generation, tree in [*self.trees.items()]}
        return VolumeView(
            entries=entries,
            trees=trees,
            blobs=dict(self.blobs),
            partials=tuple(sorted(self.partials)),
            mends=dict(self.mends),
            aside=frozenset(self.aside),
        )


@dataclass(slots=True, kw_only=True)
class Instance:
    """What a server has of one model. `remembered`: an ensemble that comes back when its members do."""

    config: ModelConfig
    generation: Generation | None
    tick: int
    up: bool = True
    reason: str = ""
    remembered: bool = True
    mends: int = 0
    resources: Resources | None = None


@dataclass(slots=True, kw_only=True)
class Server:
    """One Triton in explicit mode on the volume.

    `taken`: memory by model, once somebody wants to know; `highest`: the most there ever was at once, both copies of
    what was being loaded with it, but of models in `strained`.
    """

    volume: Volume
    instances: dict[str, Instance] = field(default_factory=dict)
    reachable: bool = True
    taken: dict[str, int] = field(default_factory=dict)
    highest: int = 0
    strained: frozenset[str] = frozenset()

    def observe(self) -> ServerView:
        """As the adapter observes it."""
        if not self.reachable:
            return Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")
        return Serving(models={name: _served(instance) for name, instance in [*self.instances.items()]})

    def load(self, action: Load) -> frozenset[str]:
        """Load what the link names, and read the stamps back."""
        link = self.volume.links.get(action.model)
        if link is None or link.tree.generation != action.tree.generation:
            raise BrokenLawError(f"load of {action.model}, but its link names another tree")
        size = action.resources.memory or 0
        self._hold(0 if action.model in self.strained else size)
        self.load_as(action.model, facts(action.tree.config), action.tree.generation)
        self.instances[action.model].mends = action.mends
        self.instances[action.model].resources = action.resources
        self.taken[action.model] = size
        self._hold(0)
        for dependent in action.dependents:
            found = self.instances.get(dependent.model)
            if found is None or not found.up:
                raise TerminalError(Reason.DEPENDENT_DOWN, f"{dependent.model} went down under {action.model}")
        return frozenset()

    def load_together(self, actions: Sequence[Load]) -> frozenset[str]:
        """Loads all but the last; who fails is left out."""
        found = set[str]()
        for action in actions[:-1]:
            if not action.together:
                raise BrokenLawError(f"load of {action.model} together with others")
            with contextlib.suppress(TerminalError):
                self.load(action)
                found.add(action.model)
        return frozenset(found)

    def probe(self, model: str, probes: tuple[Probe, ...]) -> None:
        """Every answer here is right."""

    def _hold(self, more: int) -> None:
        self.highest = max(self.highest, more + sum(self.taken.get(name, 0) for name in self.up()))

    def load_as(self, name: str, config: ModelConfig, generation: Generation | None) -> None:
        """Triton's load with a config. Raises TerminalError as Triton refuses; an ensemble then goes down."""
        self.volume.tick += 1
        try:
            self._bring_up_members(config)
            self._check_fit(name, config)
        except TerminalError:
            self.fail(name, config)
            raise
        self.instances[name] = Instance(config=config, generation=generation, tick=self.volume.tick)
        self._ripple(name)

    def reload(self, model: str, timeout: float) -> None:  # noqa: ARG002
        """Load from the foreign directory, which holds what it always held."""
        if model not in self.volume.adoptable:
            raise BrokenLawError(f"reload {model}, whose directory is not back")
        self.load_as(model, self.volume.adoptable[model], None)

    def fail(self, name: str, config: ModelConfig) -> None:
        """A failed load: a plain model keeps its old instance, an ensemble goes down (triton-facts §0.3)."""
        instance = self.instances.setdefault(name, Instance(config=config, generation=None, tick=0, up=False))
        if config.is_ensemble or not instance.up:
            instance.up, instance.reason, instance.remembered = False, "failed", False
            self._ripple(name)

    def unload(self, action: Unload) -> None:
        """Unload and wait until it is gone; the ensembles above go down and are remembered."""
        self.volume.tick += 1
        instance = self.instances.get(action.model)
        if instance is None:
            return
        instance.up, instance.reason, instance.remembered = False, "unloaded", False
        self._ripple(action.model)

    def up(self) -> dict[str, Generation | None]:
        """What answers requests, with its stamp."""
        return {name: instance.generation for name, instance in [*self.instances.items()] if instance.up}

    def above(self, name: str) -> list[str]:
        """Ensembles that name this model directly."""
        return sorted(other for other, found in [*self.instances.items()] if name in found.config.members)

    def _bring_up_members(self, config: ModelConfig) -> None:
        """load(ensemble) loads members that are not up, and reloads those whose files changed (triton-facts §4.1)."""
        for member in sorted(config.members):
            instance, link = self.instances.get(member), self.volume.links.get(member)
            up = instance is not None and instance.up
            if link is not None and (instance is None or not up or _changed(instance, link)):
                self.load_as(member, facts(link.tree.config), link.tree.generation)
            elif instance is None or not up:
                raise TerminalError(Reason.LOAD_FAILED, f"failed to poll {member} from model repository")
            else:
                self._bring_up_members(instance.config)

    def _check_fit(self, name: str, config: ModelConfig) -> None:
        if not self._fits(config):
            raise TerminalError(Reason.LOAD_FAILED, f"{name} does not fit its members")

    def _fits(self, config: ModelConfig) -> bool:
        """Whether every member is up and speaks the ensemble's type: the worlds' models have one type each."""
        members = [self.instances.get(member) for member in config.members]
        return all(found is not None and found.up and _type(found.config) == _type(config) for found in members)

    def _ripple(self, name: str) -> None:
        """Triton reloads the ensembles above: they come back if they fit, and go down in silence if not."""
        for other in self.above(name):
            instance = self.instances[other]
            fits = self._fits(instance.config)
            if fits and (instance.up or instance.remembered):
                came_back = not instance.up
                instance.up, instance.reason = True, ""
                if came_back:
                    self._ripple(other)
            elif not fits and instance.up:
                instance.up, instance.reason, instance.remembered = False, "unloaded", True
                self._ripple(other)


def _changed(instance: Instance, link: Link) -> bool:
    return link.tick > instance.tick and instance.generation != link.tree.generation


def _served(instance: Instance) -> Served:
    state = VersionState(version=1, state="READY" if instance.up else "UNAVAILABLE", reason=instance.reason)
    if not instance.up:
        return Served(versions=(state,))
    return Served(
        versions=(state,),
        generation=instance.generation,
        members=instance.config.members,
        mends=instance.mends,
        resources=instance.resources,
    )


def _type(config: ModelConfig) -> str:
    return config.inputs[0].data_type


@dataclass(slots=True, kw_only=True)
class World:
    """One target: a volume and its servers."""

    volume: Volume = field(default_factory=Volume)
    servers: dict[str, Server] = field(default_factory=dict)
    ever_lost: set[Generation] = field(default_factory=set)

    def observe(self, stalled: Mapping[str, StalledAt] | None = None) -> Observed:
        """Everything afresh."""
        self.ever_lost |= self.volume.lost
        return Observed(
            volume=self.volume.view(),
            servers={name: server.observe() for name, server in self.servers.items()},
            contents=dict(self.volume.contents),
            stalled=stalled or {},
        )

    def up(self) -> dict[tuple[str, str], Generation | None]:
        """What is up, by server and model."""
        return {(url, name): stamp for url, server in self.servers.items() for name, stamp in server.up().items()}

    def served(self) -> Iterator[Generation]:
        """Generations that some server holds."""
        yield from (stamp for stamp in self.up().values() if stamp is not None)


def content_blobs(content: Content) -> set[Digest]:
    """The blobs that a fetch of known content leaves: files and manifests."""
    files = content.files if isinstance(content, Known) else {}
    return {file.digest for found in files.values() for file in found} | {tree_digest(f) for f in files.values()}
