"""The dependency graph as Mermaid, DOT and SVG."""

import json
import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core import graph
from reconciler.core.views.picture import Picture, State
from reconciler.render import picture_json, words
from reconciler.render.picture_svg import svg
from reconciler.render.picture_text import dot, mermaid

NAMES = st.text(min_size=1, max_size=8)
EVIL = 'a"]; click m0 "javascript:alert(1)" \\ <script>&\x1b\n`'
SVG = "{http://www.w3.org/2000/svg}"


def picture(needs: dict[str, frozenset[str]]) -> Picture:
    names = sorted({*needs, *(other for more in needs.values() for other in more)})
    states = {name: list(State)[index % len(State)] for index, name in enumerate(names)}
    edges = tuple((name, other) for name in sorted(needs) for other in sorted(needs[name]))
    return Picture(states=states, edges=edges, layers=graph.layers(needs, names))


GRAPHS = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=3), max_size=8).map(picture)


@given(GRAPHS)
def test_the_svg_is_well_formed_and_shows_every_model_and_every_need(drawn: Picture) -> None:
    root = ET.fromstring(svg(drawn))
    assert len(root.findall(f"{SVG}g")) == len(drawn.states)
    assert len(root.findall(f"{SVG}path")) == len(drawn.edges)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "rect", "defs", "marker", "path", "g", "title", "text")
    }


@given(GRAPHS)
def test_no_two_boxes_overlap(drawn: Picture) -> None:
    boxes = []
    for node in ET.fromstring(svg(drawn)).findall(f"{SVG}g/{SVG}rect"):
        left, top = float(node.attrib["x"]), float(node.attrib["y"])
        boxes.append((left, top, left + float(node.attrib["width"]), top + float(node.attrib["height"])))
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


@given(GRAPHS)
def test_mermaid_and_dot_have_a_line_for_each_model_and_each_need(drawn: Picture) -> None:
    nodes = re.findall(r"^  m\d+\[\"[^\"\[\]\n]*\"\]:::\w+$", mermaid(drawn), re.MULTILINE)
    edges = re.findall(r"^  m\d+ --> m\d+$", mermaid(drawn), re.MULTILINE)
    assert (len(nodes), len(edges)) == (len(drawn.states), len(drawn.edges))
    text = r'"(?:[^"\\\n]|\\.)*"'
    assert len(re.findall(rf"^  {text} \[fillcolor=", dot(drawn), re.MULTILINE)) == len(drawn.states)
    assert len(re.findall(rf"^  {text} -> {text};$", dot(drawn), re.MULTILINE)) == len(drawn.edges)


def test_a_line_to_what_stands_further_left_goes_below_what_is_in_between() -> None:
    root = ET.fromstring(svg(picture({"top": frozenset({"mid", "base"}), "mid": frozenset({"base"})})))
    boxes = {str(node.findtext(f"{SVG}text")): node.find(f"{SVG}rect") for node in root.findall(f"{SVG}g")}
    mid = boxes["mid"]
    assert mid is not None
    (far,) = (path.attrib["d"] for path in root.findall(f"{SVG}path") if "L" in path.attrib["d"])
    left, low = (float(number) for number in re.findall(r"L(\S+) (\S+?)C", far)[0])
    assert low > float(mid.attrib["y"]) + float(mid.attrib["height"])
    assert left <= float(mid.attrib["x"])


def test_a_name_stays_a_name() -> None:
    drawn = picture({EVIL: frozenset({"b"})})
    assert "<script>" not in svg(drawn)
    assert "click m0" not in re.sub(r'"[^"]*"', "", mermaid(drawn))
    assert "\x1b" not in svg(drawn) + mermaid(drawn) + dot(drawn)


def test_what_is_needed_stands_before_what_needs_it_and_a_ring_shares_a_layer() -> None:
    needs = {"top": frozenset({"left", "right"}), "left": frozenset({"base"}), "right": frozenset({"base", "ring"})}
    needs |= {"ring": frozenset({"back"}), "back": frozenset({"ring"})}
    layers = graph.layers(needs, ["alone"])
    place = {name: index for index, layer in enumerate(layers) for name in layer}
    assert place["top"] > place["left"] > place["base"]
    assert place["ring"] == place["back"] < place["right"]
    assert place["alone"] == 0


@given(GRAPHS)
def test_the_json_has_each_model_once_below_nothing_that_it_needs(drawn: Picture) -> None:
    models = {model["name"]: model for model in json.loads(picture_json.text(drawn))["models"]}
    assert len(models) == len({words.text(name) for name in drawn.states})
    assert sum(len(model["needs"]) for model in models.values()) <= len(drawn.edges)
    for model, needed in drawn.edges:
        assert models[words.text(model)]["layer"] >= models[words.text(needed)]["layer"]
