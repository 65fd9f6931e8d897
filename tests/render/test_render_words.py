"""Numbers in people's words, and foreign text made harmless."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.digest import Generation
from reconciler.core.quantities import in_words
from reconciler.render import words


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (12_897_485, "12.3 MiB"),
        (1024**2 - 1, "1.0 MiB"),
        (5 * 1024**4, "5.0 TiB"),
        (5 * 1024**5, "5.0 PiB"),
    ],
)
def test_sizes_are_told_in_binary_units(count: int, told: str) -> None:
    assert in_words(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0s"), (4.21, "4.2s"), (9.96, "10s"), (59.4, "59s"), (59.9, "1m00s"), (125, "2m05s"), (3720, "1h02m")],
)
def test_durations_are_told_shortly(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told


def test_a_generation_is_told_by_its_first_twelve_digits() -> None:
    assert words.short(Generation("sha256:0123456789abcdef")) == "0123456789ab"
    assert words.short(None) == "-"


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        ("\x1b[2J\x1b[31mgone", "\\x1b[2J\\x1b[31mgone"),
        ("a\r\nPlan: 0 to add\n\tb", "a Plan: 0 to add b"),
        ("bell\x07 c1\x9b31m del\x7f", "bell\\x07 c1\\x9b31m del\\x7f"),
        ("left\u202eright", "left\\u202eright"),
        ("wide\u200bspace", "wide\\u200bspace"),
        ("lone\udc9bsurrogate", "lone\\udc9bsurrogate"),
        ("Grüße, 模型 é", "Grüße, 模型 é"),
    ],
)
def test_foreign_text_becomes_one_line_that_does_nothing_to_a_terminal(foreign: str, told: str) -> None:
    assert words.line(foreign) == told


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        ("GET https://user:pass@host/x failed", "GET https://host/x failed"),
        ("s3://b/k?X-Amz-Signature=abc&x=1 is gone", "s3://b/k?… is gone"),
        ("'https://tok@h/x?sig=1'", "'https://h/x?…'"),
        ("https://user:p@ss@host/", "https://host/"),
        ("'https:/user:pass@host/x?sig=1' is no file", "'https:/host/x?…' is no file"),
        ("grpc://triton-0:8001", "grpc://triton-0:8001"),
        ("see https://docs.example/page#section", "see https://docs.example/page#section"),
        ("mail me@example.com", "mail me@example.com"),
    ],
)
def test_userinfo_and_queries_of_urls_are_left_out(foreign: str, told: str) -> None:
    assert words.line(foreign) == told


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        ("::error file=a::gone", r"\x3a:error file=a::gone"),
        (" \t::add-mask::x", r"\x3a:add-mask::x"),
        ("failed\r\n::stop-commands::x", "failed ::stop-commands::x"),
        ("x ##[set-output name=a]b", r"x \x23#[set-output name=a]b"),
        ("##vso[task.setvariable variable=x]y", r"\x23#vso[task.setvariable variable=x]y"),
        ("##teamcity[buildStop]", r"\x23#teamcity[buildStop]"),
        ("::1 is an address, [::1]:8001 too", "::1 is an address, [::1]:8001 too"),
        ("## a heading [1]", "## a heading [1]"),
    ],
)
def test_no_text_is_a_command_for_who_reads_the_log_of_a_job(foreign: str, told: str) -> None:
    assert words.line(foreign) == told
    assert words.clean(told) == told


@pytest.mark.parametrize("part", ["http://", "a", "a:/", ":/?", "x@", "::", "##["])
def test_a_message_of_a_server_is_made_clean_in_no_time_however_long_it_is(part: str) -> None:
    began = time.process_time()
    words.clean(part * (200_000 // len(part)))
    assert time.process_time() - began < 20  # seconds; it took hours


def test_each_line_of_many_is_harmless_to_who_reads_the_log_of_a_job() -> None:
    assert words.text("one\n  ::error::two\n##[error]three") == "one\n  \\x3a:error::two\n\\x23#[error]three"


@given(st.text())
def test_no_text_reaches_a_terminal_as_anything_but_printable_characters_and_single_spaces(foreign: str) -> None:
    told = words.line(foreign)
    assert all(ord(character) >= 0x20 and not 0x7F <= ord(character) <= 0x9F for character in told)
    told.encode()
    assert words.line(told) == told


def test_strings_anywhere_in_json_are_cleaned_and_keep_their_line_breaks() -> None:
    value = words.cleaned({"a\x1b": ["x\x1b[0m\ny", 1, None, {"b": "https://u:p@h/"}]})
    assert value == {"a\\x1b": ["x\\x1b[0m\ny", 1, None, {"b": "https://h/"}]}


@given(st.text(alphabet=":/#[]?@a \x1b\u202e", max_size=12))
def test_what_is_passed_over_at_once_had_nothing_to_clean(foreign: str) -> None:
    """A character that is no plain text has all of it looked at."""
    looked_at = words.clean(foreign + "\x00")
    assert words.clean(foreign) == looked_at.removesuffix("\\x00")
