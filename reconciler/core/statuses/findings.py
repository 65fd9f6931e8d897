"""The five conditions of a model, each found out from what is there and what went wrong."""

from collections.abc import Mapping

from reconciler.core.errors import Reason
from reconciler.core.observed import Served, StalledAt
from reconciler.core.plan import Load, Result
from reconciler.core.statuses.conditions import Finding, Kind, Truth, short
from reconciler.core.statuses.standing import Standing, Trouble

_GOES_ON = "goes on serving"


def fetched(standing: Standing, wrong: Trouble | None) -> Finding:
    """Whether the wanted generation is whole on the volume."""
    wanted, active = standing.reference, standing.active
    linked = active is not None and active.generation == wanted
    elsewhere = wanted is not None and standing.observed.volume.trees.get(wanted) is not None
    if standing.whole or (elsewhere and not linked):
        return Finding(status=Truth.TRUE, reason=Reason.SUCCEEDED)
    if wrong is not None:
        return Finding(status=Truth.FALSE, reason=wrong.reason, message=wrong.message)
    if linked and active is not None:
        return Finding(status=Truth.FALSE, reason=Reason.TREE_DAMAGED, message="; ".join(active.damage))
    return Finding(status=Truth.FALSE, reason=Reason.NOT_ON_VOLUME, message="not on the volume")


def activated(standing: Standing, on: Finding) -> Finding:
    """Whether the volume's link names the wanted generation, whole: all there is to want where no server is."""
    if on.status is not Truth.TRUE or standing.whole:
        return on
    return Finding(status=Truth.FALSE, reason=Reason.PENDING, message="on the volume, but not activated")


def loaded(standing: Standing, wrong: Trouble | None) -> Finding:
    """Whether every server serves the wanted generation."""
    if standing.no_server:
        return Finding(status=Truth.UNKNOWN, reason=Reason.NO_SERVER, message="there is no server to load it")
    wanted, up = standing.reference, standing.up
    reachable = standing.expected(standing.served)
    missing = {
        server: served
        for server, served in reachable.items()
        if wanted is None or server not in up or up[server].generation != wanted
    }
    if missing:
        return _not_loaded(standing, wrong, missing)
    if unreachable := standing.expected(standing.unreachable):
        words = "; ".join(f"{server}: {view.message}" for server, view in unreachable.items())
        return Finding(status=Truth.UNKNOWN, reason=Reason.SERVER_UNREACHABLE, message=words)
    return Finding(status=Truth.TRUE, reason=Reason.SUCCEEDED)


def _not_loaded(standing: Standing, wrong: Trouble | None, missing: Mapping[str, Served | None]) -> Finding:
    if wrong is not None:
        return Finding(status=Truth.FALSE, reason=wrong.reason, message=wrong.message)
    if standing.load_disabled:
        return Finding(status=Truth.FALSE, reason=Reason.LOAD_DISABLED, message="load.enabled is false")
    words = ", ".join(f"{server} {_state(served)}" for server, served in missing.items())
    differs = all(served is not None and served.up for served in missing.values())
    reason = Reason.SERVED_GENERATION_DIFFERS if differs else Reason.NOT_LOADED
    return Finding(status=Truth.FALSE, reason=reason, message=words)


def _state(served: Served | None) -> str:
    if served is None or not served.up:
        why = "; ".join(sorted({row.reason for row in served.versions if row.reason} if served is not None else ()))
        return f"does not serve it: {why}" if why else "does not serve it"
    return f"serves {short(served.generation)}" if served.generation else "serves something without our stamp"


def probed(standing: Standing, on: Finding) -> Finding:
    """Probes run when a model is loaded, so what they said holds for that generation until the next load."""
    if standing.spec is not None and not standing.spec.probes:
        return Finding(status=Truth.UNKNOWN, reason=Reason.NO_PROBE)
    loads = [outcome for outcome in standing.outcomes if isinstance(outcome.step.action, Load)]
    failed = next((outcome for outcome in loads if outcome.reason is Reason.PROBE_FAILED), None)
    if failed is not None:
        return Finding(status=Truth.FALSE, reason=Reason.PROBE_FAILED, message=failed.message)
    if on.status is Truth.TRUE and any(outcome.result is Result.DONE for outcome in loads):
        return Finding(status=Truth.TRUE, reason=Reason.SUCCEEDED)
    return _probed_before(standing)


def _probed_before(standing: Standing) -> Finding:
    last = standing.last(Kind.PROBED) if standing.same else None
    if last is not None and last.reason is not Reason.NO_PROBE:
        return Finding(status=last.status, reason=last.reason, message=last.message)
    return Finding(status=Truth.UNKNOWN, reason=Reason.PENDING, message="probes run at the next load")


def stuck(standing: Standing, wrong: Trouble | None, on: Finding) -> tuple[Finding, StalledAt | None]:
    """Whether trying again is hopeless, and what it is hopeless for: remembered until git wants another or it is up."""
    at = _remembered(standing, on)
    if wrong is not None and wrong.terminal:
        return Finding(status=Truth.TRUE, reason=wrong.reason, message=wrong.message), wrong.at or at
    if at is None:
        return Finding(status=Truth.FALSE, reason=Reason.SUCCEEDED), None
    return Finding(status=Truth.TRUE, reason=at.reason, message=at.message), at


def _remembered(standing: Standing, on: Finding) -> StalledAt | None:
    at = standing.stalled_at
    other = at is not None and standing.known and at.generation != standing.generation
    return None if other or (standing.known and on.status is Truth.TRUE) else at


def ready(standing: Standing, wrong: Trouble | None, basis: Finding) -> Finding:
    """Whether what is wanted is what is there, and what serves where it is not."""
    status = _ready_status(standing, wrong, basis)
    reason, message = (basis.reason, basis.message) if wrong is None else (wrong.reason, wrong.message)
    if status is not Truth.TRUE:
        return Finding(status=status, reason=reason, message=message + _meanwhile(standing, message))
    where = "is on the volume" if standing.no_server else "is served"
    if wrong is None and standing.reference is not None:
        message = f"{short(standing.reference)} {where}"
    return Finding(status=status, reason=reason, message=message)


def _ready_status(standing: Standing, wrong: Trouble | None, basis: Finding) -> Truth:
    if wrong is not None and wrong.failed:
        return Truth.FALSE
    if basis.status is not Truth.TRUE:
        return basis.status
    if standing.comparable:
        return Truth.TRUE
    hopeless = wrong is not None and wrong.terminal
    return Truth.FALSE if hopeless or not standing.desired else Truth.UNKNOWN


def _meanwhile(standing: Standing, message: str) -> str:
    """What serves although it is not what is wanted."""
    if standing.no_server or standing.unreachable or _GOES_ON in message:
        return ""
    generations = {short(served.generation) if served.generation else "another" for served in standing.up.values()}
    return f"; {', '.join(sorted(generations))} {_GOES_ON}" if generations else "; nothing is served"
