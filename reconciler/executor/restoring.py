"""A step with its way back: when it fails in the end, links are put back and what was taken down serves again.

Old instances read through the link (triton-facts §0.8), so the link goes back before anything is loaded; and it stays
until what must not be there is unloaded. What cannot be put back is told, and does not stop the rest.
"""

from collections.abc import Callable, Iterator, Mapping

from reconciler.core.artifact import Tree
from reconciler.core.errors import ReconcileError
from reconciler.core.observed import Served, ServerView, Serving
from reconciler.core.plan import Activate, Deactivate, Load, Restore, Unload
from reconciler.executor.hands import Server, Volume

Down = set[tuple[str, str]]
"""Models and their servers that were up before the step and were found down in it."""


def or_put_back(
    effect: Callable[[], None],
    restores: tuple[Restore, ...],
    volume: Volume,
    servers: Mapping[str, Server],
    down: Down,
) -> None:
    """Runs the effect; its failure is raised after everything was put back, with what was found `down` noted."""
    try:
        effect()
    except ReconcileError as error:
        down |= {*_found_down(restores, servers)}
        told = [*_unload_new(restores, servers), *_put_back(restores, volume, servers)]
        raise type(error)(error.reason, "; ".join([error.message, *told]), error.hint) from error


def _found_down(restores: tuple[Restore, ...], servers: Mapping[str, Server]) -> Iterator[tuple[str, str]]:
    for url in {url for restore in restores for url, before in restore.served.items() if before is not None}:
        view = servers[url].observe()
        for restore in restores:
            if isinstance(view, Serving) and restore.served.get(url) is not None and _up(restore.model, view) is None:
                yield restore.model, url


def _unload_new(restores: tuple[Restore, ...], servers: Mapping[str, Server]) -> Iterator[str]:
    """What was not up before goes first, or has no room beside what was; dependents before what they need."""
    for restore in reversed(restores):
        for url in [url for url, before in restore.served.items() if before is None or restore.apart]:
            try:
                served = _up(restore.model, servers[url].observe())
                if served is not None and served.generation == restore.instead:
                    servers[url].unload(Unload(model=restore.model, server=url, timeout=restore.timeout))
            except ReconcileError as error:
                yield f"and {restore.model} could not be unloaded again: {error.message}"


def _put_back(restores: tuple[Restore, ...], volume: Volume, servers: Mapping[str, Server]) -> Iterator[str]:
    for restore in restores:
        try:
            _put_link_back(restore, volume)
            for url, before in restore.served.items():
                if before is not None and _to_be_loaded(restore.model, before, servers[url]):
                    _load_again(restore, before, url, volume, servers)
            for url in restore.adopted or ():
                _load_its_own(restore, servers[url])
        except ReconcileError as error:
            yield f"and {restore.model} could not be put back: {error.message}"


def _load_again(restore: Restore, before: Tree, url: str, volume: Volume, servers: Mapping[str, Server]) -> None:
    """A load reads what the link names, which may not have been what was up."""
    if before != restore.tree:
        volume.activate(Activate(model=restore.model, tree=before, previous=None))
    mends = restore.mends.get(before.generation, 0)
    servers[url].load(
        Load(
            model=restore.model,
            server=url,
            tree=before,
            timeout=restore.timeout,
            retries=0,
            mends=mends,
            resources=restore.resources,
        )
    )
    if before != restore.tree:
        _put_link_back(restore, volume)


def _load_its_own(restore: Restore, server: Server) -> None:
    """From the directory that is back, unless what came from there is still up."""
    view = server.observe()
    served = _up(restore.model, view)
    if isinstance(view, Serving) and (served is None or served.generation is not None):
        server.reload(restore.model, restore.timeout)


def _put_link_back(restore: Restore, volume: Volume) -> None:
    if restore.adopted is not None:
        volume.give_back(restore.model)
    elif restore.tree is not None:
        volume.activate(Activate(model=restore.model, tree=restore.tree, previous=None))
    else:
        volume.deactivate(Deactivate(model=restore.model, generation=restore.instead))


def _to_be_loaded(model: str, before: Tree, server: Server) -> bool:
    """Whether a server that answers serves something else, or nothing."""
    view = server.observe()
    served = _up(model, view)
    return isinstance(view, Serving) and (served is None or served.generation != before.generation)


def _up(model: str, view: ServerView) -> Served | None:
    """The model on this server if it is up there."""
    served = view.models.get(model) if isinstance(view, Serving) else None
    return served if served is not None and served.up else None
