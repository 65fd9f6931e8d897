"""Lines and tables laid out for a width."""

import pytest

from reconciler.render.line import Line, Tone, table, wrapped

HEAD = ("MODEL", "DESIRED", "ON DISK", "READY", "WHY NOT")
WHY = "LoadFailed: the server says that it has no memory left for the weights of this model"
ROWS = table(
    [HEAD, ("densenet", "0" * 12, "1" * 12, "no", WHY), ("scale", "2" * 12, "-", "yes", "")], [Tone.ALERT, Tone.PLAIN]
)


def laid_out(width: int | None) -> list[str]:
    return [line.text for line in wrapped([Line("before"), *ROWS, Line("after")], width)]


@pytest.mark.parametrize("width", [None, 200])
def test_a_table_that_fits_is_as_it_is(width: int | None) -> None:
    assert laid_out(width) == [
        "before",
        "MODEL     DESIRED       ON DISK       READY  WHY NOT",
        f"densenet  000000000000  111111111111  no     {WHY}",
        "scale     222222222222  -             yes",
        "after",
    ]


def test_the_last_column_of_a_table_is_folded_below_itself() -> None:
    assert laid_out(80)[2:6] == [
        "densenet  000000000000  111111111111  no     LoadFailed: the server says that it",
        "                                             has no memory left for the weights",
        "                                             of this model",
        "scale     222222222222  -             yes",
    ]


def test_where_columns_have_no_room_each_row_becomes_a_few_lines() -> None:
    assert laid_out(40) == [
        "before",
        "densenet",
        "  desired 000000000000, on disk",
        "    111111111111, ready no",
        "  LoadFailed: the server says that it",
        "    has no memory left for the weights",
        "    of this model",
        "scale",
        "  desired 222222222222, ready yes",
        "after",
    ]


@pytest.mark.parametrize("width", range(40, 201))
def test_nothing_is_wider_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    lines = laid_out(width)
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count(WHY) == 1


def test_what_is_folded_keeps_its_tone() -> None:
    assert {line.tone for line in wrapped(ROWS[:2], 60)[2:]} == {Tone.ALERT}
