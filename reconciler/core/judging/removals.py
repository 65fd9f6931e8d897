"""What is ours and no longer wanted: which of it may go now, and what must wait (spec §6).

Promise: nothing foreign is removed, nothing that something still up needs, and nothing while the desired state or a
server cannot be read whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.digest import Generation
from reconciler.core.errors import Reason
from reconciler.core.judging.served import serving
from reconciler.core.judging.verdicts import Hold, Request, Verdict, Wanted, needs_of
from reconciler.core.observed import Active, Observed, Serving, Unreachable
from reconciler.core.spec import Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A model of ours to unload from `servers` and, where `generation` is its link's, to unlink."""

    model: str
    generation: Generation | None
    servers: tuple[str, ...]


def ours(observed: Observed) -> frozenset[str]:
    """Every model of this target: a link of ours on the volume, or our stamp in a server on something known here.

    Other targets' models carry the same stamps, so that their server, named by mistake, would be emptied; what is known
    here is on the volume still, or was told of by the last status.
    """
    linked = {name for name, entry in observed.volume.entries.items() if isinstance(entry, Active)}
    stamped = {
        name
        for view in observed.servers.values()
        if isinstance(view, Serving)
        for name, served in view.models.items()
        if served.generation in observed.volume.trees or (served.generation is not None and name in observed.before)
    }
    return frozenset(linked | stamped)


def removals(
    desired: Desired, observed: Observed, verdicts: Mapping[str, Verdict], request: Request
) -> tuple[dict[str, Removal], dict[str, Hold]]:
    """The models that go, and those that would but are held."""
    gone = sorted(ours(observed) - verdicts.keys())
    held = {name: hold for name in gone if (hold := _held(name, desired, observed, request)) is not None}
    going = {name for name in gone if name not in held}
    while needed := _still_needed(going, observed, verdicts):
        held |= needed
        going -= needed.keys()
    return {name: _removal(name, observed) for name in sorted(going)}, held


def _held(name: str, desired: Desired, observed: Observed, request: Request) -> Hold | None:
    if request.models and name not in request.models:
        return Hold(reason=Reason.NOT_SELECTED, message="not among the models asked for")
    if desired.rejected or desired.problems:
        return Hold(reason=Reason.REMOVALS_PAUSED, message=_rejected(desired))
    if request.frozen:
        return Hold(reason=Reason.FROZEN, message=request.frozen)
    if request.no_server:
        return Hold(reason=Reason.NO_SERVER, message="nothing is removed without a server to unload it from")
    return _unreachable(observed)


def _rejected(desired: Desired) -> str:
    """A rejected file may be the new name of what seems to be gone."""
    problems = [problem for found in desired.rejected.values() for problem in found]
    files = sorted({problem.file for problem in (*problems, *desired.problems)})
    return f"nothing is removed while a file is rejected: {', '.join(files)}"


def _unreachable(observed: Observed) -> Hold | None:
    unreachable = sorted(name for name, view in observed.servers.items() if isinstance(view, Unreachable))
    if unreachable or not observed.servers:
        message = f"it cannot be unloaded from {', '.join(unreachable) or 'any server'}, so its link stays"
        return Hold(reason=Reason.SERVER_UNREACHABLE, message=message)
    return None


def _still_needed(going: set[str], observed: Observed, verdicts: Mapping[str, Verdict]) -> dict[str, Hold]:
    """Those of `going` that something which stays needs, as wanted or as served."""
    staying = [(name, needs_of(verdict)) for name, verdict in verdicts.items()]
    leaving = going | {name for name, verdict in verdicts.items() if isinstance(verdict, Wanted)}
    for view in serving(observed).values():
        staying += [(name, served.members) for name, served in view.models.items() if served.up and name not in leaving]
    needed_by = {other: name for name, others in sorted(staying, reverse=True) for other in others - {name}}
    return {
        name: Hold(reason=Reason.STILL_NEEDED, message=f"{needed_by[name]}, which stays, needs it")
        for name in sorted(going)
        if name in needed_by
    }


def _removal(name: str, observed: Observed) -> Removal:
    entry = observed.volume.entries.get(name)
    servers = tuple(
        server
        for server, view in sorted(observed.servers.items())
        if isinstance(view, Serving) and name in view.models and (view.models[name].up or view.models[name].busy)
    )
    return Removal(model=name, generation=entry.generation if isinstance(entry, Active) else None, servers=servers)
