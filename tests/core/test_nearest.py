"""What was meant by a name that nobody knows."""

import pytest

from reconciler.core.nearest import hint, listed, nearest

KNOWN = ["densenet", "scale", "shift", "text-encoder_v2"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("desnenet", "densenet"),
        ("DenseNet", "densenet"),
        ("text_encoder-v2", "text-encoder_v2"),
        ("shfit", "shift"),
        ("resnet", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_the_name_most_like_a_word_is_meant_and_nothing_by_what_is_like_none(word: str, meant: str | None) -> None:
    assert nearest(word, KNOWN) == meant


def test_a_hint_says_what_was_meant_and_what_there_is() -> None:
    told = hint(["desnenet", "scal", "nothing-like-it"], KNOWN, "the repository has", "no models")
    assert told == "did you mean densenet, scale? the repository has: densenet, scale, shift, text-encoder_v2"


def test_a_hint_about_nothing_says_that_there_is_nothing() -> None:
    assert hint(["m"], [], "the repository has", "no models") == "the repository has: no models"


def test_of_thousands_of_names_a_few_are_told_and_the_rest_counted() -> None:
    names = [f"m{number:04}" for number in range(3000)]
    assert listed(names) == "m0000, m0001, m0002, m0003, m0004, m0005, m0006, m0007 and 2992 more"
