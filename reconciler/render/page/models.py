"""The models: what is not ready first, each with why, where it serves, and what it has to do with others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.digest import Generation
from reconciler.core.plan import Change, ModelPlan
from reconciler.core.statuses.conditions import Condition, Episode, Kind, ModelStatus, Truth
from reconciler.core.views.board import Board, Light
from reconciler.core.views.board_graph import needed_by
from reconciler.render import words
from reconciler.render.page.markup import Html, joined, tag
from reconciler.render.page.parts import badge, section, style_of
from reconciler.render.reasons import MEANINGS, why

_ORDER = tuple(Light)
_NAMED = 30
_HEAD = ("Model", "State", "Why", "Versions", "Generation", "Since")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    status: ModelStatus
    light: Light
    plan: ModelPlan | None
    needs: Sequence[str]
    users: Sequence[str]


def models(board: Board) -> Html:
    """The part of the page; where there are none it says so."""
    rows = sorted(_rows(board), key=lambda row: (_ORDER.index(row.light), row.status.name))
    if not rows:
        return section("Models", tag("p", "There are no models that are ours."), name="models")
    head = tag("tr", *(tag("th", cell, scope="col") for cell in _HEAD))
    known = frozenset(board.models)
    body = tag("tbody", *(_row(row, known) for row in rows))
    told = tag("p", f"{len(rows)} of {len(rows)} shown", id="shown", role="status", class_="faint", hidden=True)
    whole = tag("table", tag("thead", head), body, class_="models")
    return section("Models", _filters(rows), told, whole, name="models")


def _rows(board: Board) -> Iterator[_Row]:
    plans: Mapping[str, ModelPlan] = {line.model: line for line in board.plan.models} if board.plan else {}
    users, lights = needed_by(board), board.lights()
    for name, status in board.models.items():
        needs = sorted(board.needs.get(name, ()))
        yield _Row(status=status, light=lights[name], plan=plans.get(name), needs=needs, users=users.get(name, ()))


def _filters(rows: Sequence[_Row]) -> Html:
    """By state without a script; the search needs one, so it shows itself only then."""
    counts = {light: sum(row.light is light for row in rows) for light in Light}
    choices = [_choice("all", f"all {len(rows)}", checked=True)]
    choices += [_choice(style_of(light), f"{light.value} {count}") for light, count in counts.items() if count]
    search = tag(
        "input", type="search", id="search", placeholder="name, reason, message", autocomplete="off", spellcheck="false"
    )
    return tag(
        "form",
        tag("fieldset", tag("legend", "Show"), *choices),
        tag("p", tag("label", "Search ", for_="search"), search, class_="search", hidden=True),
        class_="filters",
        role="search",
        aria_label="models",
    )


def _choice(name: str, label: str, *, checked: bool = False) -> Html:
    box = tag("input", type="radio", name="show", id=f"show-{name}", value=name, checked=checked)
    return tag("span", box, tag("label", label, for_=f"show-{name}"), class_="choice")


def _row(row: _Row, known: frozenset[str]) -> Html:
    status = row.status
    ready = status.conditions.get(Kind.READY)
    cells = (
        tag("td", badge(row.light)),
        tag("td", *_why(row, ready), *_details(row, known), class_="why"),
        tag("td", ", ".join(map(str, status.versions)) or "-", data_label="versions"),
        tag("td", tag("code", words.short(status.generation)), data_label="generation"),
        tag("td", ready.last_transition_time if ready else "", data_label="since"),
    )
    name = tag("th", status.name, scope="row")
    return tag("tr", name, *cells, id=anchor(status.name), class_=f"model {style_of(row.light)}")


def anchor(name: str) -> str:
    """Where a model is on the page."""
    return f"m-{name}"


def _why(row: _Row, ready: Condition | None) -> Iterator[Html]:
    if ready is not None and row.light is not Light.READY:
        yield tag("p", tag("strong", ready.reason.value), f" {ready.message or MEANINGS.get(ready.reason, '')}")
    plan = row.plan
    if plan is not None and plan.change is Change.HELD and (ready is None or plan.reason is not ready.reason):
        yield tag("p", f"held: {why(plan.reason, plan.message)}", class_="faint")
    for warning in plan.warnings if plan is not None else ():
        yield tag("p", warning, class_="faint")


def _details(row: _Row, known: frozenset[str]) -> Iterator[Html]:
    """Folded, and nothing where there is nothing to tell."""
    status = row.status
    pairs = [
        ("needs", _links(row.needs, known)),
        ("needed by", _links(row.users, known)),
        ("on disk", _generation(status.active, status)),
        *_served(status),
        *_conditions(row),
    ]
    told = [joined(tag("dt", key), tag("dd", value)) for key, value in pairs if value]
    lately = [tag("li", *_episode(episode)) for episode in status.history]
    if len(lately) > 1 or (lately and row.light is not Light.READY):
        told.append(joined(tag("dt", "lately"), tag("dd", tag("ul", *lately))))
    if told:
        summary = tag("summary", "details", tag("span", f" of {status.name}", class_="unseen"))
        yield tag("details", summary, tag("dl", *told))


def _links(names: Sequence[str], known: frozenset[str]) -> Html:
    shown = [_link(name, known) for name in names[:_NAMED]]
    more = [tag("span", f"and {len(names) - _NAMED} more")] if len(names) > _NAMED else []
    return Html(", ".join([*shown, *more]))


def _link(name: str, known: frozenset[str]) -> Html:
    return tag("a", name, href=f"#{anchor(name)}") if name in known else tag("span", name)


def _generation(found: Generation | None, status: ModelStatus) -> Html:
    """Only where it is not what is wanted."""
    return Html("") if found == status.generation else tag("code", words.short(found))


def _served(status: ModelStatus) -> Iterator[tuple[str, Html]]:
    for server in status.servers:
        generation = status.served.get(server)
        if server not in status.served:
            yield f"on {server}", tag("span", "not loaded")
        elif generation != status.generation:
            yield f"on {server}", tag("code", words.short(generation) if generation else "unstamped")


def _conditions(row: _Row) -> Iterator[tuple[str, Html]]:
    """All but Ready, which is told already, where they do not say that all is well."""
    for kind, found in row.status.conditions.items():
        good = Truth.FALSE if kind is Kind.STALLED else Truth.TRUE
        if kind is not Kind.READY and found.status is not good and row.light is not Light.READY:
            yield kind.value, tag("span", f"{found.status.value}: {why(found.reason, found.message)}")


def _episode(episode: Episode) -> tuple[Html | str, ...]:
    told = f": {why(episode.reason, episode.message)}" if episode.message else ""
    commit = words.revision(episode.revision)
    return f"{episode.since} ", tag("code", words.short(episode.generation)), f" {episode.fate.value}{told} ({commit})"
