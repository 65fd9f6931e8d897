"""The committed status as a table: what was desired, on disk, loaded and ready when it was written, and why not."""

from collections.abc import Mapping, Sequence

from reconciler.core.spec import Desired
from reconciler.core.statuses.conditions import Condition, Episode, Kind, ModelStatus, Truth
from reconciler.core.statuses.held import Held
from reconciler.render import status_text, words
from reconciler.render.line import Line, Tone, table
from reconciler.render.reasons import why

_READY = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "unknown"}
_TONES = {Truth.TRUE: Tone.PLAIN, Truth.FALSE: Tone.CHANGE, Truth.UNKNOWN: Tone.HELD}


def lines(statuses: Mapping[str, ModelStatus], held: Held | None) -> list[Line]:
    """The table of what is told, after the revision that was not trusted."""
    shown = [statuses[name] for name in sorted(statuses)]
    cells = [status_text.HEAD, *map(_cells, shown)]
    note = [] if held is None else [Line(f"HELD at {held.revision[:12]}: {words.line(held.message)}", Tone.ALERT)]
    return [*note, *table(cells, [_TONES[_ready(status)[0]] for status in shown])]


def circumstances(desired: Desired, unknown: Sequence[str]) -> list[Line]:
    """Whether git could not be asked, and what nobody can say."""
    old = f"PERHAPS OLD: what was last known of the remote; {words.line(desired.not_fresh)}"
    stale = [Line(old, Tone.ALERT)] if desired.not_fresh else []
    return [*stale, *(Line(f"Not known: {words.line(thing)}", Tone.ALERT) for thing in unknown)]


def ending(statuses: Mapping[str, ModelStatus], target: str, branch: str) -> list[Line]:
    """How many are ready, and who says so."""
    ready = sum(status.ready for status in statuses.values())
    told = words.count(len(statuses), "model was", "models were")
    where = f"on target {words.line(target)} when branch {words.line(branch)} was last written"
    return [Line(""), Line(f"{ready} of {told} ready {where}.", Tone.TITLE)]


def history(status: ModelStatus) -> list[Line]:
    """What became of the last generations of one model, the last of them first."""
    if not status.history:
        return [Line(""), Line(f"There is no history of {words.line(status.name)} yet.", Tone.FAINT)]
    head = ("GENERATION", "COMMIT", "WANTED SINCE", "BECAME", "AT", "WHY")
    rows = table([head, *map(_episode, status.history)], [Tone.PLAIN] * len(status.history))
    return [Line(""), Line(f"The last generations of {words.line(status.name)}:", Tone.TITLE), *rows]


def _episode(episode: Episode) -> tuple[str, ...]:
    told = why(episode.reason, episode.message) if episode.message else ""
    commit = words.revision(episode.revision)
    return words.short(episode.generation), commit, episode.wanted, episode.fate.value, episode.since, told


def _ready(status: ModelStatus) -> tuple[Truth, Condition | None]:
    found = status.conditions.get(Kind.READY)
    return (found.status if found else Truth.UNKNOWN), found


def _cells(status: ModelStatus) -> tuple[str, ...]:
    truth, found = _ready(status)
    return (
        words.line(status.name),
        words.short(status.generation),
        words.short(status.active),
        _loaded(status),
        ",".join(map(str, status.versions)) or status_text.NO_SERVER,
        _READY[truth],
        why(found.reason, found.message) if found is not None and truth is not Truth.TRUE else "",
    )


def _loaded(status: ModelStatus) -> str:
    """The generations that were served, `unstamped` where somebody else loaded it."""
    found: Sequence[str] = ["unstamped" if each is None else words.short(each) for each in status.served.values()]
    return " ".join(sorted(set(found))) or status_text.NO_SERVER
