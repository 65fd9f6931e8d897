"""A load with its way back: when it fails in the end, links are put back and what was taken down serves again.

Triton keeps the old version of a plain model through a failed reload, but not of an ensemble, nor of the ensembles
above it (triton-facts §0.3), and the old instance reads through the link (§0.8): so the link goes back first.
"""

from dataclasses import replace

from reconciler.core.errors import ReconcileError
from reconciler.core.observed import Serving
from reconciler.core.plan import Activate, Deactivate, Load, Restore
from reconciler.executor.attempts import Attempts
from reconciler.executor.hands import Server, Volume


def load(action: Load, server: Server, volume: Volume, attempts: Attempts) -> None:
    """Loads with retries; a failure in the end is raised after `action.restores` were put back."""
    try:
        attempts.retrying(lambda: server.load(action), retries=action.retries)
    except ReconcileError as error:
        told = [note for restore in action.restores if (note := _restored(restore, action, server, volume))]
        raise type(error)(error.reason, "; ".join([error.message, *told]), error.hint) from error


def _restored(restore: Restore, action: Load, server: Server, volume: Volume) -> str:
    """Puts one model back; what could not be done, in words, empty if all was."""
    try:
        _put_link_back(restore, action, volume)
        if restore.reload and restore.tree is not None and not _still_served(restore, server):
            again = replace(action, model=restore.model, tree=restore.tree, dependents=(), probes=(), restores=())
            server.load(again)
    except ReconcileError as error:
        return f"and {restore.model} could not be put back: {error.message}"
    return ""


def _put_link_back(restore: Restore, action: Load, volume: Volume) -> None:
    if restore.tree is not None:
        volume.activate(Activate(model=restore.model, tree=restore.tree, previous=None))
    elif restore.model == action.model:
        volume.deactivate(Deactivate(model=restore.model, generation=action.tree.generation))


def _still_served(restore: Restore, server: Server) -> bool:
    view = server.observe()
    if not isinstance(view, Serving) or restore.tree is None:
        return False
    served = view.models.get(restore.model)
    return served is not None and served.up and served.generation == restore.tree.generation
