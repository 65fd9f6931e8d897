"""Which models are drawn."""

from reconciler.core.errors import Reason
from reconciler.core.views.board import Board, Light
from reconciler.core.views.board_graph import COLUMN, FEW, MOST, drawing, needed_by
from tests.boards import board, everything, many, model


def wide(count: int, *unwell: str) -> Board:
    names = [f"m{number:03}" for number in range(count)]
    models = [model(name, Reason.LOAD_FAILED if name in unwell else Reason.SUCCEEDED) for name in names]
    return board(*models, model("base"), model("alone"), needs={name: frozenset({"base"}) for name in names})


def test_models_that_need_each_other_are_drawn_and_those_that_stand_alone_are_counted() -> None:
    drawn = drawing(everything())
    assert drawn.edges == (
        ("ensemble", "densenet"), ("ensemble", "tokenizer"), ("top", "elsewhere"), ("top", "ensemble"),
    )  # fmt: skip
    assert (drawn.left_out, drawn.alone) == (0, 3)
    assert drawn.lights["elsewhere"] is None
    assert drawn.lights["ensemble"] is Light.READY
    assert [name for layer in drawn.layers for name in layer if name == "top"] == ["top"]


def test_a_layer_too_high_for_a_screen_becomes_several() -> None:
    drawn = drawing(wide(COLUMN + 1))
    assert [len(layer) for layer in drawn.layers] == [1, COLUMN, 1]


def chains(count: int, *unwell: str) -> Board:
    """Each needs one of its own."""
    names = [f"m{number:03}" for number in range(count)]
    models = [model(name, Reason.LOAD_FAILED if name in unwell else Reason.SUCCEEDED) for name in names]
    bases = [model(f"base-{name}") for name in names]
    return board(*models, *bases, model("alone"), needs={name: frozenset({f"base-{name}"}) for name in names})


def test_of_many_those_that_are_alike_in_all_that_one_sees_are_one_box() -> None:
    drawn = drawing(wide(MOST + 50, "m007"))
    assert drawn.edges == (("m000", "base"), ("m007", "base"))
    assert drawn.alike.keys() == {"m000"}
    assert len(drawn.alike["m000"]) == MOST + 48
    assert (drawn.left_out, drawn.alone) == (0, 1)
    assert drawing(wide(FEW - 1)).alike == {}
    assert len(drawing(many(3000)).lights) == 11


def test_of_thousands_only_what_is_around_those_that_are_not_ready_is_drawn() -> None:
    drawn = drawing(chains(MOST + 50, "m007"))
    assert drawn.edges == (("m007", "base-m007"),)
    assert (drawn.left_out, drawn.alone) == (2 * (MOST + 49), 1)
    assert drawing(chains(MOST + 50)).edges == ()


def test_however_many_are_not_ready_no_more_are_drawn_than_anybody_can_look_at() -> None:
    names = [f"m{number:03}" for number in range(MOST + 50)]
    assert MOST - 2 < len(drawing(chains(MOST + 50, *names)).lights) <= MOST


def test_each_model_knows_who_needs_it() -> None:
    assert needed_by(everything()) == {
        "densenet": ("ensemble",), "tokenizer": ("ensemble",), "ensemble": ("top",), "elsewhere": ("top",),
    }  # fmt: skip
