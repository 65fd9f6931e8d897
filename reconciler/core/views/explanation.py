"""Everything about one model in one value: its effective config with origins, what it needs, and what would change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.artifact import CONFIG_FILE, Tree, stamped
from reconciler.core.configs import assembly
from reconciler.core.content import Content, Known
from reconciler.core.digest import Digest, Generation, tree_digest
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.judging.served import active_tree, members_anywhere, serving, stamp_on
from reconciler.core.observed import Active, Observed
from reconciler.core.plan import ModelPlan, Plan, Step
from reconciler.core.spec import Desired, ModelSpec

_OURS: Mapping[tuple[str, ...], str] = {
    ("name",): "metadata.name",
    ("backend",): "spec.framework",
    ("platform",): "spec.framework",
}
"""Origins of what no layer says; the stamp is `reconcile`'s own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of the effective config: the fields and map keys that lead to it, and the layer it comes from."""

    path: tuple[str, ...]
    value: Json
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One model. `settings` are those of `generation`: the wanted one, or the active one where that is not known.

    `file` is None for a model that git does not want. `sources`: URI and tree digest (None: not known
    before it is fetched) by version, None for the whole model. `needs` and `needed_by` are models, as wanted or served.
    `not_fresh`: why nobody could say whether this is the latest of git; empty if it is.
    """

    name: str
    file: str | None
    sources: Mapping[int | None, tuple[str, Digest | None]]
    generation: Generation | None
    settings: tuple[Setting, ...]
    versions: tuple[int, ...]
    needs: tuple[str, ...]
    needed_by: tuple[str, ...]
    active: Generation | None
    served: Mapping[str, Generation | None]
    plan: ModelPlan | None
    steps: tuple[Step, ...]
    not_fresh: str = ""


def explained(name: str, desired: Desired, observed: Observed, plan: Plan) -> Explanation:
    """What is known of the model."""
    spec = desired.models.get(name)
    active = observed.volume.entries.get(name)
    tree, settings = _shown(spec, desired, observed, active_tree(observed.volume, name))
    line = next((line for line in plan.models if line.model == name), None)
    needs = all_needs(desired, observed)
    return Explanation(
        name=name,
        file=_file(name, desired),
        sources=dict(_sources(spec, observed)) if spec else {},
        generation=tree.generation if tree else None,
        settings=settings,
        versions=assembly.of_tree(tree).versions if tree else (),
        needs=tuple(sorted(needs.get(name, frozenset()))),
        needed_by=tuple(sorted(other for other, members in needs.items() if name in members)),
        active=active.generation if isinstance(active, Active) else None,
        served={server: stamp_on(view, name) for server, view in serving(observed).items()},
        plan=line,
        steps=_steps(line, plan),
        not_fresh=plan.not_fresh,
    )


def _steps(line: ModelPlan | None, plan: Plan) -> tuple[Step, ...]:
    return tuple(step for step in plan.steps if line is not None and step.id in line.steps)


def _file(name: str, desired: Desired) -> str | None:
    """Where it is written, rightly or not."""
    if name in desired.models:
        return desired.models[name].file
    return next((problem.file for problem in desired.rejected.get(name, ())), None)


def _shown(
    spec: ModelSpec | None, desired: Desired, observed: Observed, active: Tree | None
) -> tuple[Tree | None, tuple[Setting, ...]]:
    """The tree as wanted with the origins of its config; else the active one, whose origins are not known."""
    content = observed.contents.get(spec.name) if spec else None
    if spec is not None and isinstance(content, Known):
        artifact = assembly.assemble(spec, content, desired.repository.default_config)
        if isinstance(artifact, assembly.Artifact):
            layers = assembly.layers(spec, CONFIG_FILE, content, desired.repository.default_config)
            return artifact.tree, tuple(_settings(_stamped(artifact.tree), layers))
    return active, tuple(_of_tree(active)) if active else ()


def _of_tree(tree: Tree) -> Iterator[Setting]:
    return (Setting(path=path, value=value, origin="what is active") for path, value in _leaves(_stamped(tree), ()))


def _stamped(tree: Tree) -> JsonObject:
    return stamped(tree.config, tree.generation)


def _settings(config: JsonObject, layers: Mapping[str, JsonObject]) -> Iterator[Setting]:
    for path, value in _leaves(config, ()):
        yield Setting(path=path, value=value, origin=_origin(path, layers))


def _leaves(value: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Lists are leaves: a layer replaces them whole. Below a config's own fields all is sorted: maps are not."""
    if isinstance(value, dict) and value:
        for key, inner in sorted(value.items()) if path else value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path, value


def _origin(path: tuple[str, ...], layers: Mapping[str, JsonObject]) -> str:
    """The first layer that says anything at this path: what is in the result and in a layer is from the first such."""
    return next((name for name, layer in layers.items() if _says(layer, path)), _OURS.get(path, "reconcile"))


def _says(layer: JsonObject, path: tuple[str, ...]) -> bool:
    value: Json = layer
    for key in path:
        if not isinstance(value, dict) or value.get(key) is None:
            return False
        value = value[key]
    return True


def _sources(spec: ModelSpec, observed: Observed) -> Iterator[tuple[int | None, tuple[str, Digest | None]]]:
    content = observed.contents.get(spec.name)
    for version, source in spec.sources().items():
        files = content.files.get(version) if isinstance(content, Known) else None
        yield version, (source.uri, tree_digest(files) if files else source.digest)


def all_needs(desired: Desired, observed: Observed) -> dict[str, frozenset[str]]:
    """Members and declared dependencies, as wanted where that is known, and as served."""
    found = members_anywhere(observed)
    for name, spec in desired.models.items():
        members = _members(spec, observed.contents.get(name), desired.repository.default_config)
        found[name] = found.get(name, frozenset()) | members | frozenset(spec.depends_on)
    return found


def _members(spec: ModelSpec, content: Content | None, defaults: JsonObject) -> frozenset[str]:
    artifact = assembly.assemble(spec, content, defaults) if isinstance(content, Known) else None
    return artifact.config.needs if isinstance(artifact, assembly.Artifact) else frozenset()
