"""The page in the real Chromium: phone, dark mode, keyboard, no script, thousands of models, nothing that may run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.errors import Reason
from reconciler.core.views.board import Board, Health
from reconciler.looping.serving import Views, serving
from reconciler.render.page import page
from tests.boards import board, everything, many, model
from tests.browser import Tab, browser

pytestmark = pytest.mark.slow

EVIL = '<img src=x onerror="document.title=666"></style></script><script>document.title=666</script>" onload="x'


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


@pytest.fixture
def tab(chromium: Tab) -> Tab:
    """The browser with nothing preferred."""
    chromium.like()
    chromium.said.clear()
    chromium.asked.clear()
    return chromium


def shown(tab: Tab, folder: Path, what: Board, **window: int | bool) -> None:
    """The board as `reconcile report` writes it, opened."""
    file = folder / "report.html"
    file.write_text(page(what).text)
    tab.open(file.as_uri(), **window)  # type: ignore[arg-type]


def visible(tab: Tab) -> list[str]:
    found: list[str] = tab.value(
        "[...document.querySelectorAll('.model')].filter(r => r.checkVisibility()).map(r => r.id.slice(2))"
    )
    return found


def focused(tab: Tab) -> str:
    found: str = tab.value("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 40)")
    return found


def test_it_runs_without_a_complaint_and_asks_for_nothing(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, everything())
    assert tab.value("document.title") == "prod: 3 of 7 models ready"
    assert visible(tab) == ["ranker", "bert", "top", "asleep", "densenet", "ensemble", "tokenizer"]
    assert tab.said == []
    assert [url for url in tab.asked if not url.startswith(("file:", "data:"))] == []


def test_whatever_a_text_holds_nothing_of_it_runs(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, replace(board(model(EVIL, Reason.LOAD_FAILED, EVIL)), target=EVIL, unknown=(EVIL,)))
    assert "666" not in tab.value("document.title").partition("<img")[0]
    assert tab.value("document.images.length") == 0
    assert tab.value("document.querySelectorAll('[onerror],[onload]').length") == 0
    assert EVIL.split(maxsplit=1)[0] in tab.value("document.body.textContent")
    tab.value("void (document.body.appendChild(document.createElement('script')).textContent = 'window.ran = 1')")
    assert tab.value("window.ran") is None


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_nothing_is_cut_off_at_any_width(tab: Tab, tmp_path: Path, width: int) -> None:
    long = model("a-very-long-name-" * 7, Reason.LOAD_FAILED, "x" * 400)
    what = replace(everything(), models={**everything().models, long.name: long})
    shown(tab, tmp_path, what, width=width, height=844, phone=width < 700)
    tab.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.value("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('body *:not(.scroll *):not(.unseen):not(.skip):not(thead *):not(thead)')]"
    over = f"one => one.getBoundingClientRect().right > {width} + 1"
    assert tab.value(f"{wide}.filter({over}).map(one => one.tagName)") == []


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_on_their_ground_in_light_and_dark(tab: Tab, tmp_path: Path, *, dark: bool) -> None:
    tab.like(dark=dark)
    shown(tab, tmp_path, everything())
    ground = tab.value("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 23, 26)" if dark else "rgb(255, 255, 255)")
    assert tab.value(CONTRAST) == []


CONTRAST = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [r, g, b].map((c) => linear(c / 255))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => { for (; node; node = node.parentElement) {
    const found = parts(getComputedStyle(node).backgroundColor); if (found.length < 4 || found[3] > 0) return found; }
    return [255, 255, 255]; };
  const bad = [];
  document.querySelectorAll('details').forEach((one) => one.open = true);
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    if (!node.checkVisibility() || node.closest('svg, script, style')) continue;
    const [one, other] = [light(parts(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) bad.push(node.textContent.slice(0, 30));
  }
  return bad;
})()"""


def test_a_search_leaves_what_has_all_its_words_and_says_how_many(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, everything())
    tab.press("/", *"torch bert")
    tab.until(lambda: visible(tab) == ["bert"])
    assert tab.value("document.getElementById('shown').textContent") == "1 of 7 shown"
    tab.press("Escape")
    tab.until(lambda: len(visible(tab)) == 7)


def test_everything_can_be_reached_by_the_keyboard_and_is_seen_when_it_is(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, everything())
    order = list[str]()
    while len(order) < 100:
        tab.press("Tab")
        if tab.value("document.activeElement === document.body"):
            break
        order.append(focused(tab))
        outlined = "document.querySelector(':focus-visible + label') ?? document.activeElement"
        assert tab.value(f"getComputedStyle({outlined}).outlineStyle") == "solid", order[-1]
    assert order[:3] == ["Skip to the models", "show-all", "search"]
    assert "details of ranker" in order
    assert any(one.startswith("ensemble: ready") for one in order)
    assert any("incomplete" in one for one in order)
    shown(tab, tmp_path, everything())
    tab.press("Tab", "Tab", "ArrowRight")
    tab.until(lambda: visible(tab) == ["ranker"])
    tab.press("Tab", "Tab", "Enter")
    assert tab.value("document.querySelector('#m-ranker details').open") is True


def test_a_box_of_the_graph_leads_to_its_model_even_if_that_is_filtered_out(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, everything())
    tab.press("/", *"torch")
    tab.until(lambda: visible(tab) == ["bert"])
    tab.value("document.querySelector('svg a[href=\"#m-densenet\"]').focus()")
    tab.press("Enter")
    tab.until(lambda: "densenet" in visible(tab))
    assert tab.value("document.querySelector(':target').id") == "m-densenet"


def test_what_a_screen_reader_hears_has_a_name(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, everything())
    nodes = tab.command("Accessibility.getFullAXTree")["nodes"]
    speaking = {"link", "button", "radio", "searchbox", "table", "region", "group", "heading", "DisclosureTriangle"}
    unnamed = [
        node["role"]["value"]
        for node in nodes
        if node.get("role", {}).get("value") in speaking - {"table", "group"} and not node.get("name", {}).get("value")
    ]
    assert unnamed == []
    roles = {node.get("role", {}).get("value") for node in nodes}
    assert {"main", "banner", "contentinfo", "search", "radio", "searchbox", "row", "rowheader"} <= roles
    assert tab.value("document.documentElement.lang") == "en"


def test_without_a_script_all_is_there_and_can_be_filtered_by_state(tab: Tab, tmp_path: Path) -> None:
    tab.like(script=False)
    shown(tab, tmp_path, everything())
    assert len(visible(tab)) == 7
    assert tab.value("document.getElementById('search').checkVisibility()") is False
    tab.press("Tab", "Tab", "ArrowRight", "ArrowRight")
    tab.until(lambda: visible(tab) == ["bert"])


def test_three_thousand_models_are_there_at_once_and_found_while_typing(tab: Tab, tmp_path: Path) -> None:
    shown(tab, tmp_path, many(3000))
    assert tab.value("document.querySelectorAll('.model').length") == 3006
    tab.press("/", *"model-02999")
    tab.until(lambda: tab.value("document.getElementById('shown').textContent") == "1 of 3006 shown")
    took = tab.value("performance.getEntriesByType('navigation')[0].domComplete")
    assert took < 15_000


def test_the_button_asks_the_loop_for_a_pass_and_leads_back(tab: Tab) -> None:
    asked = list[bool]()
    well = Health(well=True, says="")
    views = Views(board=everything, health=lambda: well, ready=lambda: well, ask=lambda: asked.append(True))
    with serving("127.0.0.1:0", views) as place:
        tab.open(f"http://{place}/")
        tab.value("document.querySelector('.ask button').focus()")
        tab.press("Enter")
        tab.until(lambda: tab.value("document.title") == "asked")
        assert asked == [True]
        tab.value("document.querySelector('a').click()")
        tab.until(lambda: tab.value("document.title") == "prod: 3 of 7 models ready")
    assert tab.said == []


def test_a_page_of_another_site_cannot_ask_for_a_pass(tab: Tab, tmp_path: Path) -> None:
    asked = list[bool]()
    well = Health(well=True, says="")
    views = Views(board=everything, health=lambda: well, ready=lambda: well, ask=lambda: asked.append(True))
    with serving("127.0.0.1:0", views) as place:
        file = tmp_path / "evil.html"
        file.write_text(f'<form method="post" action="http://{place}/reconcile"><button>win</button></form>')
        tab.open(file.as_uri())
        tab.value("document.querySelector('button').click()")
        tab.until(lambda: "another site" in tab.value("document.body.textContent"))
    assert asked == []
