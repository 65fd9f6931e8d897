"""Worlds, desired states and mishaps for hypothesis: few names and many ways in which they can be wrong."""

import datetime
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from reconciler.core.artifact import Tree
from reconciler.core.configs import modelconfig
from reconciler.core.configs.assembly import Artifact, assemble
from reconciler.core.configs.modelfacts import facts
from reconciler.core.content import Content, Known, Unavailable, Unfetched
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.errors import Problem, Reason, TerminalError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Unload
from reconciler.core.spec import (
    Desired,
    LoadPolicy,
    ModelSpec,
    Policy,
    Repository,
    Resources,
    Source,
    Suspend,
    Target,
    Update,
)
from tests.property.world import Server, Volume, World, content_blobs

TODAY = datetime.date(2026, 11, 21)
PLAIN = ("a", "b", "c")
ENSEMBLES = ("e", "f", "g")
NAMES = (*PLAIN, *ENSEMBLES)
TYPES = ("TYPE_FP32", "TYPE_FP64")
TARGET = Target(name="t", capacity=Resources(memory=100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One possible content of a model; `members` in the order of an ensemble's steps, empty for a plain model.

    It takes `data_type` and makes `made_type`, or the same where that is empty.
    """

    name: str
    number: int
    data_type: str
    members: tuple[str, ...] = ()
    made_type: str = ""
    calls: tuple[str, ...] = ()
    newer: bool = False

    def config(self) -> JsonObject:
        """The packaged config."""
        tensors: JsonObject = {
            "input": [{"name": "IN", "data_type": self.data_type, "dims": ["1"]}],
            "output": [{"name": "OUT", "data_type": self.made_type or self.data_type, "dims": ["1"]}],
        }
        if not self.members:
            hint: JsonObject = {"reconciler.dependsOn": {"string_value": ", ".join(self.calls)}}
            return {"backend": "python", **tensors} | ({"parameters": hint} if self.calls else {})
        names = ["IN", *(f"t{number}" for number in range(1, len(self.members))), "OUT"]
        steps: list[JsonObject] = [
            {
                "model_name": member,
                "model_version": "-1",
                "input_map": {"IN": taken},
                "output_map": {"OUT": made},
            }
            for member, taken, made in zip(self.members, names, names[1:], strict=False)
        ]
        mark: JsonObject = {"number": {"string_value": str(self.number)}}
        return {"platform": "ensemble", "ensemble_scheduling": {"step": [*steps]}, "parameters": mark, **tensors}

    def known(self) -> Known:
        """What its source holds."""
        config = modelconfig.to_pbtxt(self.config()).encode() + (b"speculation { depth: 4 }" if self.newer else b"")
        files = [FileDigest(path="config.pbtxt", size=len(config), digest=of_bytes(config))]
        if not self.members:
            code = f"{self.name} {self.number}".encode()
            files.append(FileDigest(path="1/model.py", size=len(code), digest=of_bytes(code)))
        return Known(files={None: tuple(sorted(files, key=lambda file: file.path))}, configs={"config.pbtxt": config})

    def spec(self) -> ModelSpec:
        """A spec that asks for it and says nothing else."""
        framework = "ensemble" if self.members else "python"
        source = Source(uri=f"s3://models/{self.name}/")
        return ModelSpec(name=self.name, file=f"models.d/{self.name}.yaml", framework=framework, source=source)


@cache
def tree_of(variant: Variant) -> Tree:
    """The tree that this variant is served as."""
    artifact = assemble(variant.spec(), variant.known(), {})
    assert isinstance(artifact, Artifact), artifact
    return artifact.tree


def _members(name: str) -> st.SearchStrategy[tuple[str, ...]]:
    if name in PLAIN:
        return st.just(())
    below = {"e": PLAIN, "f": (*PLAIN, "e"), "g": (*PLAIN, "e", "f")}[name]
    return st.lists(st.sampled_from(below), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def variants(draw: st.DrawFn, name: str) -> Variant:
    """A content for this model."""
    data_type = draw(st.sampled_from(("TYPE_FP32", "TYPE_FP32", "TYPE_FP64")))
    return Variant(name=name, number=draw(st.integers(1, 2)), data_type=data_type, members=draw(_members(name)))


SUSPENSIONS = (
    None,
    None,
    None,
    Suspend(reason="incident"),
    Suspend(until=TODAY),
    Suspend(until=TODAY - datetime.timedelta(days=1)),
)


@st.composite
def specs(draw: st.DrawFn, variant: Variant) -> ModelSpec:
    """A spec that asks for this variant."""
    plain = variant.spec()
    needs = draw(st.lists(st.sampled_from(NAMES), max_size=1)) if draw(st.integers(0, 3)) == 3 else []
    return ModelSpec(
        name=plain.name,
        file=plain.file,
        framework=plain.framework,
        source=plain.source,
        depends_on=tuple(needs),
        update=draw(st.sampled_from(Update)),
        load=LoadPolicy(enabled=draw(st.integers(0, 7)) != 7),
        suspend=draw(st.sampled_from(SUSPENSIONS)),
        resources=Resources(memory=draw(st.sampled_from((None, 10, 60)))),
        replicas=draw(st.sampled_from((None, None, 1, 2))),
    )


FAULTS = (
    Unavailable(reason=Reason.SOURCE_UNREACHABLE, message="connection refused", terminal=False),
    Unavailable(reason=Reason.SOURCE_NOT_FOUND, message="no such key", terminal=True),
)


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Desired, dict[str, Content], dict[str, Content]]:
    """A desired state, what is known of its sources now, and what a fetch will bring."""
    models: dict[str, ModelSpec] = {}
    rejected: dict[str, tuple[Problem, ...]] = {}
    contents: dict[str, Content] = {}
    fetchable: dict[str, Content] = {}
    for name in NAMES:
        fate = draw(st.sampled_from(("wanted",) * 10 + ("absent",) * 4 + ("rejected",)))
        if fate == "rejected":
            problem = Problem(file=f"models.d/{name}.yaml", line=1, column=1, path="", found="x", expected="y")
            rejected[name] = (problem,)
        if fate == "wanted":
            variant = draw(variants(name))
            models[name] = draw(specs(variant))
            known = variant.known()
            state = draw(st.sampled_from(("known",) * 6 + ("missing",) * 3 + ("unfetched",) * 3 + ("fault",)))
            if state == "missing":
                known = Known(files=known.files, configs=known.configs, missing=frozenset(content_blobs(known)))
            contents[name] = known
            if state in ("missing", "unfetched"):
                fetchable[name] = variant.known()
            if state == "unfetched":
                contents[name] = Unfetched(size=draw(st.sampled_from((None, 5))))
            if state == "fault":
                contents[name] = draw(st.sampled_from(FAULTS))
    repository = Repository(policy=Policy(allow_empty=True))
    desired = Desired(revision="f" * 40, models=models, rejected=rejected, repository=repository)
    return desired, contents, fetchable


URLS = ("s1", "s2")


@st.composite
def worlds(draw: st.DrawFn, *, most_events: int = 14) -> World:
    """A world that came about by honest operations of ours, strangers, crashes and accidents."""
    volume = Volume()
    urls = URLS[: draw(st.sampled_from((1, 2)))]
    world = World(volume=volume, servers={url: Server(volume=volume) for url in urls})
    for _ in range(draw(st.integers(0, most_events))):
        _happen(draw, world)
    return world


def _memory(size: int) -> Resources:
    return Resources(memory=size)


def _happen(draw: st.DrawFn, world: World) -> None:
    """One event. What Triton refuses is history as well."""
    name = draw(st.sampled_from(NAMES))
    server = world.servers[draw(st.sampled_from(sorted(world.servers)))]
    event = draw(st.sampled_from(_EVENTS))
    try:
        _on_server(draw, event, name, server)
        _on_volume(draw, event, name, world.volume)
    except TerminalError:
        return


def _on_server(draw: st.DrawFn, event: str, name: str, server: Server) -> None:
    link = server.volume.links.get(name)
    match event:
        case "serve" if name not in server.volume.foreign | server.volume.adoptable.keys():
            tree = tree_of(draw(variants(name)))
            server.volume.link(name, tree)
            server.load_as(name, facts(tree.config), tree.generation)
            server.instances[name].resources = draw(st.sampled_from((None, *map(_memory, (10, 60)))))
        case "load" if link is not None:
            server.load_as(name, facts(link.tree.config), link.tree.generation)
        case "stranger":
            own = server.volume.adoptable.get(name)
            server.load_as(name, own or facts(draw(variants(name)).config()), None)
        case "unload":
            server.unload(Unload(model=name, server="", timeout=1))
        case "restart":
            server.instances.clear()
        case _:
            pass


def _on_volume(draw: st.DrawFn, event: str, name: str, volume: Volume) -> None:
    link = volume.links.get(name)
    match event:
        case "link" if name not in volume.foreign | volume.adoptable.keys():
            volume.link(name, tree_of(draw(variants(name))))
        case "unlink":
            volume.links.pop(name, None)
        case "directory" if link is None and name not in volume.foreign:
            volume.adoptable[name] = facts(draw(variants(name)).config())
        case "foreign" if link is None and name not in volume.adoptable:
            volume.foreign.add(name)
        case "damage" if link is not None:
            link.damaged = True
        case "lose" if link is not None:
            volume.lost.add(link.tree.generation)
        case "junk":
            volume.partials.add(f"partial-{name}")
            tree = tree_of(draw(variants(name)))
            volume.trees[tree.generation] = tree
        case _:
            pass


_EVENTS = (
    *("serve",) * 12,
    *("link",) * 3,
    *("load",) * 4,
    "unlink",
    "foreign",
    "directory",
    *("stranger",) * 2,
    *("unload",) * 2,
    "restart",
    *("damage",) * 2,
    "lose",
    "junk",
)
