"""The page: everything is on it, nothing on it comes from outside, and whatever is text stays text."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.errors import Problem, Reason
from reconciler.core.plan import Change, ModelPlan, Outcome, Plan, Refusal, Result
from reconciler.core.statuses.held import Held
from reconciler.core.views.board import Board, ServerLine
from reconciler.core.views.tally import Ending
from reconciler.render.board_json import document
from reconciler.render.page import POLICY, page
from reconciler.render.page.markup import Html, tag
from tests.boards import NOW, board, busy, everything, many, model, passed
from tests.plan_samples import EVERYTHING, SETTLED, generation, load

VOID = {"meta", "link", "input", "br"}
EVIL = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</title></head><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "-->]]>\x1b[2J\u202e",
    "http://user:secret@host/?token=secret",
)


class Seen(HTMLParser):
    """What a browser would find: elements, their attributes, and texts outside of style and script."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def seen(shown: Board, *, served: bool = False) -> Seen:
    found = Seen()
    found.feed(page(shown, served=served).text)
    found.close()
    assert found.open == []
    return found


def text(shown: Board) -> str:
    return " ".join("".join(seen(shown).texts).split())


def nasty(evil: str) -> Board:
    """A board whose every text is that one."""
    line = ModelPlan(model=evil, change=Change.HELD, reason=Reason.FOREIGN, message=evil, warnings=(evil,), gap=evil)
    refusal = Refusal(reason=Reason.EMPTY_REFUSED, message=evil, hint=evil)
    plan = Plan(target=evil, revision=evil, models=(line,), refusal=refusal, unknown=(evil,), not_fresh=evil)
    failed = Outcome(step=load("m"), result=Result.FAILED, reason=Reason.LOAD_FAILED, message=evil)
    status = model(evil, Reason.LOAD_FAILED, evil)
    return replace(
        board(status, model("m"), plan=plan, unknown=(evil,), not_fresh=evil),
        target=evil,
        revision=evil,
        needs={evil: frozenset({"m", evil + "2"}), "m": frozenset({evil})},
        servers=(ServerLine(url=evil, up=False, told=evil),),
        problems=(Problem(file=evil, line=1, column=1, path=evil, found=evil, expected=evil),),
        held=Held(target=evil, revision=evil, refused=evil, message=evil),
        passes=(replace(passed(message=evil), plan=plan, outcomes=(failed,)),),
    )


def elements(found: Seen) -> list[tuple[str, frozenset[str]]]:
    return [(name, frozenset(attributes)) for name, attributes in found.elements]


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_a_text_holds_it_is_no_markup(evil: str) -> None:
    found = seen(nasty(evil), served=True)
    assert elements(found) == elements(seen(nasty("harmless"), served=True))
    for name, attributes in found.elements:
        assert not any(attribute.startswith("on") for attribute in attributes), name
        assert (attributes.get("href") or "#")[0] in "#.sm" or attributes["href"] == "data:,"
    whole = page(nasty(evil)).text
    assert "secret" not in whole
    assert "\x1b" not in whole
    assert "\u202e" not in whole


@given(st.text(max_size=30))
def test_no_text_breaks_out_of_the_page(evil: str) -> None:
    quiet = frozenset(elements(seen(nasty("x"))))
    assert frozenset(elements(seen(nasty(evil or "x")))) <= quiet


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_element_holds_its_text_and_its_attribute(content: str, value: str) -> None:
    found = Seen()
    found.feed(tag("p", content, title=value))
    assert [name for name, _ in found.elements] == ["p"]
    assert list(found.elements[0][1]) == ["title"]


def test_markup_is_not_escaped_again_and_what_is_added_to_it_is() -> None:
    assert tag("p", Html("<b>") + "<i>") == "<p><b>&lt;i&gt;</p>"
    assert tag("input", checked=True, hidden=False, name=None) == "<input checked>"
    assert tag("p", " a  b ", None) == "<p> a b </p>"


def test_nothing_comes_from_outside_and_nothing_but_our_script_may_run() -> None:
    whole = page(everything(), served=True)
    assert "http-equiv" in whole.text
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert whole.policy == f"{POLICY}; frame-ancestors 'none'"
    assert "unsafe" not in whole.policy
    for name, attributes in seen(everything(), served=True).elements:
        assert not {"src", "srcset", "style", "background"} & attributes.keys(), name
        if name == "link":
            assert attributes["href"] == "data:,"
    assert not re.search(r"url\(|@import|https?://(?!git\.example)", whole.text)


def test_every_model_is_there_with_its_state_reason_and_what_it_needs() -> None:
    said = text(everything())
    for words in (
        "prod: 3 of 7 models ready",
        "LoadFailed ModuleNotFoundError: No module named 'torch'",
        "PreflightFailed 1/model.py is missing",
        "Suspended incident 4711",
        "Not known: server grpc://triton-1:8001: connection refused",
        "Perhaps old: this is the last known revision.",
        "models.d/x.yaml:3:5: spec: found a number, expected a text",
        "grpc://triton-1:8001",
        "Memory: 1 B now, up to 2.0 GiB, then 1.0 GiB (of 2.0 GiB).",
        "not ours, or missing",
        "✗ incomplete · 1 done, 1 failed, 1 blocked, 1 cancelled · 1m04s",
        "load densenet on grpc://triton-0:8001: failed: LoadFailed: boom",
        "Plan: 1 to add, 4 to change, 1 to remove, 1 unchanged, 2 held.",
        "✗ error · nothing was done",
        "git cannot be reached",
        "not loaded",
    ):
        assert words in said, words
    ids = [attributes["id"] for name, attributes in seen(everything()).elements if name == "tr" and "id" in attributes]
    assert ids == ["m-ranker", "m-bert", "m-top", "m-asleep", "m-densenet", "m-ensemble", "m-tokenizer"]


def test_every_link_leads_to_something_on_the_page() -> None:
    found = seen(everything()).elements
    ids = {attributes["id"] for _, attributes in found if "id" in attributes}
    links = {attributes["href"] for name, attributes in found if name == "a"}
    assert {link[1:] for link in links if link} <= ids
    assert len([attributes["id"] for _, attributes in found if "id" in attributes]) == len(ids)
    labels = {attributes["for"] for _, attributes in found if "for" in attributes}
    assert labels <= ids


def test_a_look_says_what_would_be_done_and_a_loop_offers_to_do_it() -> None:
    assert "What would be done" in text(board(model("m"), plan=EVERYTHING))
    assert "Nothing is to be done" in text(board(model("m"), plan=SETTLED))
    assert "What would be done" not in text(everything())
    assert "Reconcile now" in page(everything(), served=True).text
    assert "Reconcile now" not in page(everything()).text


def test_what_is_out_of_the_ordinary_is_at_the_top() -> None:
    held = Held(target="prod", revision="a" * 40, refused="b" * 40, message="signed by nobody")
    assert "Held at aaaaaaaaaaaa: bbbbbbbbbbbb is not trusted. signed by nobody" in text(board(held=held))
    refusal = Refusal(reason=Reason.EMPTY_REFUSED, message="all would go", hint="say so")
    assert "Refused: EmptyRefused: all would go. say so" in text(board(plan=replace(SETTLED, refusal=refusal)))
    assert "when the status branch was last written" in text(board(remembered=True))
    assert "There are no models that are ours." in text(board())
    assert "no revision yet" in text(replace(board(), revision=""))
    running = everything()
    assert running.loop is not None
    shown = replace(running, loop=replace(running.loop, running=NOW))
    assert "a pass is running since 2026-11-21 03:00:00 UTC" in text(shown)


def test_passes_like_each_other_are_told_once_with_their_number() -> None:
    again = replace(passed(), repeats=12, first=NOW - timedelta(minutes=12))
    assert "12 passes before it, since 2026-11-21 02:48:00 UTC, were like it." in text(board(passes=(again,)))


def test_thousands_of_models_make_a_page_that_a_browser_can_hold() -> None:
    shown = many(3000)
    whole = page(shown).text
    assert whole.count('<tr id="m-') == 3006
    assert len(whole) < 3_000_000
    said = text(shown)
    assert "Models that need the same, are needed by the same and stand the same are one box." in said
    assert re.search(r"model-00000 and 199 more", said)
    assert "models dependencies passes" in said
    assert 'aria-label="parts of this page"' not in page(everything()).text
    assert re.search(r"needed by.*and \d+ more", said)


def test_of_too_many_that_are_linked_only_those_around_what_is_not_ready_are_drawn() -> None:
    needs = {f"m{number}": frozenset({f"base-{number}"}) for number in range(200)}
    shown = board(*(model(name) for name in needs), needs=needs)
    assert "are not drawn: only what is around models that are not ready is." in text(shown)


def test_long_plans_are_cut_with_the_number_of_what_is_left_out() -> None:
    outcomes = tuple(Outcome(step=load(f"m{number}"), result=Result.DONE) for number in range(500))
    shown = board(passes=(replace(busy(), outcomes=outcomes),))
    assert "… and 300 more lines." in text(shown)


def test_the_same_board_gives_the_same_page() -> None:
    assert page(everything()).text == page(everything()).text


def test_the_json_has_what_the_page_has() -> None:
    told = document(everything())
    assert told == json.loads(json.dumps(told))
    assert [(one["name"], one["state"], one["needs"]) for one in told["models"]][-1] == (  # type: ignore[union-attr,index,call-overload]
        "top", "unknown", ["elsewhere", "ensemble"],
    )  # fmt: skip
    assert told["at"] == "2026-11-21T03:00:00Z"
    assert told["loop"] == {
        "since": "2026-11-21T00:00:00Z",
        "interval_seconds": 60,
        "running_since": None,
        "last_pass_ended": "2026-11-21T03:00:00Z",
        "converged": "2026-11-21T01:00:00Z",
    }
    results = [one["result"] for one in told["passes"]]  # type: ignore[union-attr,index,call-overload]
    assert results == [Ending.SUCCESS.value, Ending.INCOMPLETE.value, Ending.ERROR.value]
    assert document(board())["loop"] is None
    assert "secret" not in json.dumps(document(nasty(EVIL[-1])))
    assert generation("a") in json.dumps(told)
