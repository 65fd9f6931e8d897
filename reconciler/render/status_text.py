"""The status as a table: what is desired, on disk, loaded and ready, and why not."""

from collections.abc import Iterable, Sequence

from reconciler.core.observed import Observed
from reconciler.core.plan import Change, Plan
from reconciler.render import words
from reconciler.render.line import Line, Tone, table
from reconciler.render.plan_text import perhaps_old
from reconciler.render.reasons import why
from reconciler.render.status_rows import OnServer, Readiness, Row, rows
from reconciler.render.summary import not_asked_for

HEAD = ("MODEL", "DESIRED", "ON DISK", "LOADED", "VERSIONS", "SERVES", "WHY NOT AS WANTED")
NO_SERVER = "-"


def lines(plan: Plan, observed: Observed) -> list[Line]:
    """The table, then what could not be looked at, then one sentence."""
    shown = rows(plan, observed)
    unknown = [Line(f"  - {words.line(thing)}", Tone.ALERT) for thing in plan.unknown]
    notice = [Line(""), Line("Not complete, this could not be looked at:", Tone.ALERT), *unknown] if unknown else []
    others = [Line(not_asked_for(plan), Tone.FAINT)] if not_asked_for(plan) else []
    return [
        *perhaps_old(plan),
        *table([HEAD, *map(_cells, shown)], list(map(_tone, shown))),
        *notice,
        Line(""),
        *others,
        Line(_sentence(plan, shown), Tone.TITLE),
    ]


def _tone(row: Row) -> Tone:
    match row.plan.change:
        case Change.UNCHANGED:
            return Tone.PLAIN
        case Change.FOREIGN:
            return Tone.FAINT
        case Change.HELD:
            return Tone.HELD
        case _:
            return Tone.CHANGE


def _cells(row: Row) -> tuple[str, ...]:
    reason = "" if row.settled else why(row.plan.reason, row.plan.message)
    name = words.line(row.plan.model)
    return name, _desired(row), _on_disk(row), loaded(row.servers), versions(row.servers), ready(row.servers), reason


def _desired(row: Row) -> str:
    if row.plan.deferred:
        return "(after fetch)"
    return words.short(row.plan.wanted)


def _on_disk(row: Row) -> str:
    if row.foreign:
        return words.line(row.foreign)
    return words.short(row.on_disk) + (" damaged" if row.damage else "")


def loaded(servers: Iterable[OnServer]) -> str:
    """The generations that are served; several where servers differ, `?` where it could not be found out."""
    found = [_generation(server) for server in servers]
    return " ".join(sorted(set(found))) or NO_SERVER


def versions(servers: Iterable[OnServer]) -> str:
    """The versions that answer, as each server has them where they differ."""
    found = {",".join(map(str, server.versions)) for server in servers if server.versions}
    return " ".join(sorted(found)) or NO_SERVER


def _generation(server: OnServer) -> str:
    match server.readiness:
        case Readiness.UNKNOWN:
            return "?"
        case Readiness.READY if server.generation is None:
            return "unstamped"
        case _:
            return words.short(server.generation)


def ready(servers: Sequence[OnServer]) -> str:
    """`yes`, or what it is instead; `2/3` where several servers differ."""
    states = {server.readiness for server in servers}
    if len(states) > 1:
        return f"{sum(server.readiness is Readiness.READY for server in servers)}/{len(servers)}"
    state = next(iter(states), None)
    return NO_SERVER if state is None else "yes" if state is Readiness.READY else state.value


def _sentence(plan: Plan, shown: Sequence[Row]) -> str:
    ours = [row for row in shown if row.plan.change is not Change.FOREIGN]
    settled = sum(row.settled for row in ours)
    where = f"target {words.line(plan.target)} at revision {words.revision(plan.revision)}"
    return f"{settled} of {words.count(len(ours), 'model is', 'models are')} as wanted on {where}."
