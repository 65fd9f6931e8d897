"""From a model's spec and what its sources hold to the tree that would be served, checked before anything is touched.

Preflight (spec §6): Triton hangs, dies or fails opaquely on what is refused here (triton-facts §0, §1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.core.artifact import CONFIG_FILE, DEPENDS_ON, MARKS, Tree
from reconciler.core.configs import modelconfig
from reconciler.core.configs.ensemble_fields import ENSEMBLE, defaults_for, refused
from reconciler.core.configs.layout import DEFAULT_FILENAMES, Layout, lay_out
from reconciler.core.configs.modelfacts import ModelConfig, VersionPolicy, backend_of, facts, naming
from reconciler.core.content import Known
from reconciler.core.digest import Digest, of_bytes
from reconciler.core.jsonvalue import JsonObject, canonical
from reconciler.core.names import is_model_name
from reconciler.core.spec import ModelSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A model's tree, the facts of its config and the versions Triton will serve of it.

    `newer`: what of its packaged configs we do not know, for a newer Triton may; it is kept as it is.
    """

    tree: Tree
    config: ModelConfig
    versions: tuple[int, ...]
    newer: tuple[str, ...] = ()

    @property
    def frameworks(self) -> dict[str, str]:
        """What runs it, by each of its config files."""
        return {CONFIG_FILE: self.config.framework} | {
            path: facts(config).framework for path, config in self.tree.variants.items()
        }


Assemble = Callable[[ModelSpec, Known, JsonObject, Tree | None], Artifact | tuple[str, ...]]
"""As `assemble`; the last is the tree that is active, if one is."""


def of_tree(tree: Tree) -> Artifact:
    """The artifact that a tree on the volume is."""
    config = facts(tree.config)
    layout = Layout(files=tree.files, directories=tree.directories, problems=())
    return Artifact(tree=tree, config=config, versions=config.version_policy.serves(layout.versions()))


def assemble(model: ModelSpec, known: Known, defaults: JsonObject) -> Artifact | tuple[str, ...]:
    """The artifact as wanted, or everything that is wrong with it in words."""
    defaults = defaults_for(model.framework, defaults)
    try:
        packaged = {path: _packaged(path, known) for path in sorted({CONFIG_FILE, *known.configs})}
        configs = {path: _effective(model, path, read.config, defaults) for path, read in packaged.items()}
    except ValueError as error:
        return (str(error),)
    config = facts(configs[CONFIG_FILE])
    layout = lay_out(model, known, config)
    problems = (*layout.problems, *_config_problems(model, config), *_file_problems(layout, config))
    for path, effective in configs.items() if {config.framework, model.framework} == {ENSEMBLE} else ():
        problems += tuple(refused(effective, {"spec.config": model.config, path: packaged[path].config}))
    if problems:
        return problems
    variants = {path: variant for path, variant in configs.items() if path != CONFIG_FILE}
    tree = Tree(files=layout.files, directories=layout.directories, config=configs[CONFIG_FILE], variants=variants)
    newer = tuple(sorted({name for read in packaged.values() for name in read.newer}))
    return Artifact(tree=tree, config=config, versions=config.version_policy.serves(layout.versions()), newer=newer)


def afresh(model: ModelSpec, known: Known, defaults: JsonObject, _active: Tree | None) -> Artifact | tuple[str, ...]:
    """The same, whatever is active."""
    return assemble(model, known, defaults)


def settings_digest(model: ModelSpec, defaults: JsonObject) -> Digest:
    """A digest of all but what the sources hold that decides about the artifact."""
    sources: JsonObject = {str(key): source.uri.rpartition("/")[2] for key, source in model.sources().items()}
    inherited = defaults_for(model.framework, defaults)
    settings: JsonObject = {"framework": model.framework, "config": model.config, "defaults": inherited}
    return of_bytes(canonical({"name": model.name, "sources": sources, **settings}))


def layers(model: ModelSpec, path: str, known: Known, defaults: JsonObject) -> dict[str, JsonObject]:
    """The layers of spec §2.2 by where they are written, the first wins. Raises ValueError in words."""
    inherited = defaults_for(model.framework, defaults)
    return {"spec.config": model.config, path: _packaged(path, known).config, "defaults.config": inherited}


def _effective(model: ModelSpec, path: str, packaged: JsonObject, defaults: JsonObject) -> JsonObject:
    """The three layers as one config. Raises ValueError in words."""
    for where, layer in ((path, packaged), ("spec.config", model.config), ("defaults.config", defaults)):
        named = layer.get("name")
        if named not in (None, "", model.name):
            # An empty name is none to Triton, any other must be the directory's: else it says "failed to poll".
            message = f"{where} says the model's name is {named!r}, but it is {model.name!r}"
            raise ValueError(message)
    try:
        config = modelconfig.layered(model.config, packaged, defaults)
    except ValueError as error:
        message = f"spec.config or defaults.config is not a Triton ModelConfig: {error}"
        raise ValueError(message) from error
    if not {"backend", "platform"} & config.keys():
        # Triton does not derive it from ensemble_scheduling: "failed to poll" (measured on 2.51)
        config |= naming("ensemble" if "ensemble_scheduling" in config else model.framework)
    return {**config, "name": model.name}


def _packaged(path: str, known: Known) -> modelconfig.Read:
    if path not in known.configs:
        return modelconfig.Read(config={})
    try:
        packaged = modelconfig.read(known.configs[path])
    except ValueError as error:
        message = f"{path}:{error}"
        raise ValueError(message) from error
    parameters = packaged.config.get("parameters")
    if isinstance(parameters, dict):
        for mark in MARKS:
            parameters.pop(mark, None)  # a config copied from a tree or a server carries old ones
    return packaged


def _config_problems(model: ModelSpec, config: ModelConfig) -> Iterator[str]:
    wanted = backend_of(model.framework)
    if config.framework and config.framework != wanted:
        yield f"spec.framework is {model.framework!r}, but the effective config is for {config.framework!r}"
    for name in sorted(config.depends_on):
        if not is_model_name(name):
            yield f"the parameter {DEPENDS_ON} names {name!r}, which is no name of a model"
    if config.is_ensemble and not config.steps:
        yield "the ensemble has no steps"


def _file_problems(layout: Layout, config: ModelConfig) -> Iterator[str]:
    """Files and versions that the config needs and the layout lacks."""
    present = layout.versions()
    served = config.version_policy.serves(present)
    if not present:
        yield "there is no version directory and no file to make one from"
    elif not served:
        yield _none_served(config.version_policy, present)
    for number in sorted(set(config.version_policy.specific or ()) - set(present)) if served else ():
        yield f"version_policy asks for version {number}, but there is {_listed(present)}"
    yield from (
        f"{needed} is missing: the config needs it" for needed in sorted(_needed(config, served) - _paths(layout))
    )


def _none_served(policy: VersionPolicy, present: tuple[int, ...]) -> str:
    if policy.latest == 0:
        return (
            "version_policy asks for the latest 0 versions (num_versions is 0 or not given), which Triton refuses: "
            "set num_versions to 1 or more, or leave version_policy out for the latest one"
        )
    return f"version_policy asks for {_listed(policy.specific)}, but there is {_listed(present)}"


def _paths(layout: Layout) -> set[str]:
    """Every file and every directory above one."""
    parts = [file.path.split("/") for file in layout.files]
    return {"/".join(part[:end]) for part in parts for end in range(1, len(part) + 1)}


def _needed(config: ModelConfig, versions: tuple[int, ...]) -> set[str]:
    if config.is_ensemble:
        return set(config.root_files)
    names = set(config.cc_model_filenames)
    if config.default_model_filename:
        names.add(config.default_model_filename)
    elif not names and config.framework in DEFAULT_FILENAMES:
        names.add(DEFAULT_FILENAMES[config.framework])
    return {*config.root_files, *(f"{version}/{name}" for version in versions for name in names)}


def _listed(versions: tuple[int, ...] | None) -> str:
    return "version " + ", ".join(str(version) for version in versions or ()) if versions else "no version"
