"""What the servers have up, and what follows from it for the models above and below."""

from collections.abc import Iterator, Mapping

from reconciler.core import graph
from reconciler.core.artifact import Tree
from reconciler.core.configs.assembly import Artifact, of_tree
from reconciler.core.digest import Generation
from reconciler.core.observed import Active, Observed, Serving, VolumeView


def serving(observed: Observed) -> dict[str, Serving]:
    """The servers that answered, by name."""
    return {name: view for name, view in sorted(observed.servers.items()) if isinstance(view, Serving)}


def is_up(view: Serving, model: str) -> bool:
    """Whether this server answers for the model."""
    return model in view.models and view.models[model].up


def up_somewhere(model: str, observed: Observed) -> bool:
    """Whether any reachable server answers for the model."""
    return any(is_up(view, model) for view in serving(observed).values())


def not_up_on(model: str, observed: Observed) -> tuple[str, ...]:
    """The reachable servers that do not answer for the model."""
    return tuple(server for server, view in serving(observed).items() if not is_up(view, model))


def stamp_on(view: Serving, model: str) -> Generation | None:
    """The generation that is up there; None if it is not up, or has no stamp."""
    return view.models[model].generation if is_up(view, model) else None


def above_on(view: Serving, model: str) -> tuple[str, ...]:
    """Models that are up and whose ensemble steps, directly or through others, reach this one."""
    return tuple(sorted(graph.reachable(view.users, model) - {model}))


def members_anywhere(observed: Observed) -> dict[str, frozenset[str]]:
    """The ensembles that are up on any server and their members there."""
    found: dict[str, frozenset[str]] = {}
    for view in serving(observed).values():
        for name, members in view.needs.items():
            found[name] = found.get(name, frozenset()) | members
    return found


def active_tree(volume: VolumeView, model: str) -> Tree | None:
    """What our link names, if that can be read."""
    entry = volume.entries.get(model)
    return entry.tree if isinstance(entry, Active) else None


def tree_on(view: Serving, model: str, volume: VolumeView) -> Tree | None:
    """What is up there as a tree; None if it is not up, not ours, or no longer on the volume."""
    generation = stamp_on(view, model)
    active = active_tree(volume, model)
    if generation is None or (active is not None and active.generation == generation):
        return active if generation is not None else None
    return volume.trees.get(generation)


def there(model: str, observed: Observed) -> Artifact | None:
    """What is up as one artifact, or what is active where it is up nowhere; None if that is not known or not one."""
    stamps = {stamp_on(view, model) for view in serving(observed).values() if is_up(view, model)}
    trees = list(_trees(model, observed)) if stamps else [active_tree(observed.volume, model)]
    one = trees[0] if len(stamps) <= 1 else None
    return of_tree(one) if one is not None else None


def _trees(model: str, observed: Observed) -> Iterator[Tree | None]:
    for view in serving(observed).values():
        if is_up(view, model):
            yield tree_on(view, model, observed.volume)


def artifacts_on(view: Serving, models: frozenset[str], volume: VolumeView) -> Mapping[str, Artifact | None]:
    """Each of the models as it is up there, None where that is not known."""
    trees = {model: tree_on(view, model, volume) for model in models}
    return {model: of_tree(tree) if tree is not None else None for model, tree in trees.items()}
