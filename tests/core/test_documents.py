import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.checking import documents, nodes, scalars
from reconciler.core.checking.nodes import Document
from reconciler.core.errors import Problem
from tests.core.document_tables import agrees, table


def value(text: str) -> Any:
    document = documents.load("f.yaml", text.encode())
    assert isinstance(document, Document), document
    return document.value


def refusal(content: bytes, loader: type = documents.LOADER) -> Problem:
    document, problems = documents.read("f.yaml", content, loader)
    assert document is None
    assert len(problems) == 1
    return problems[0]


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@pytest.mark.parametrize("case", table("yaml.yaml"))
def test_what_is_no_strict_yaml_is_refused_at_its_place(case: Any, loader: type) -> None:
    _, problems = documents.read("f.yaml", case["content"].encode(), loader)
    agrees(problems, case["wrong"])


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("nULL", "nULL"),
        ("1.10", 1.1),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("2026-12-01", "2026-12-01"),
        ("12:30:45", "12:30:45"),
        ("1e-6", 1e-6),
        ("1e3", 1000.0),
        ("+3", 3),
        ("-3", -3),
        ("+.5", 0.5),
        ("5.", 5.0),
        (".", "."),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("0b1", "0b1"),
        (".inf", ".inf"),
        ("-.INF", "-.INF"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("0o8", "0o8"),
        ("٣", "٣"),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", "-9223372036854775809"),
        ("9" * 5000, "9" * 5000),
        ("0xFFFFFFFFFFFFFFFF", 2**64 - 1),
        ("0x10000000000000000", "0x10000000000000000"),
    ],
)
def test_plain_scalars_are_what_yaml_1_2_and_people_think(text: str, resolved: object) -> None:
    found = scalars.resolve(text)
    assert (found, type(found)) == (resolved, type(resolved))


def test_quotes_and_the_str_tag_make_text() -> None:
    assert value("{a: '1.10', b: \"no\", c: !!str 1.10, d: ! 3}") == {"a": "1.10", "b": "no", "c": "1.10", "d": "3"}


def test_keys_are_text_as_they_were_written() -> None:
    assert value("{7: a, 1.10: b, true: c, no: d, '<<': e}") == {
        "7": "a",
        "1.10": "b",
        "true": "c",
        "no": "d",
        "<<": "e",
    }


def test_small_anchors_are_fine() -> None:
    assert value("a: &x [1, &y b]\nc: *x\nd: *y\n") == {"a": [1, "b"], "c": [1, "b"], "d": "b"}


def test_a_byte_order_mark_at_the_start_is_skipped() -> None:
    assert value("\ufeffa: 1") == {"a": 1}


def test_crlf_files_have_the_same_lines() -> None:
    _, problems = documents.read("f.yaml", b"a: 1\r\nb: 2\r\nb: 3\r\n")
    assert [(problem.line, problem.column) for problem in problems] == [(3, 1)]


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        (b"a: 1\nb: \xff", (2, 4), "a byte that is not UTF-8 (0xff)"),
        ("ä: \0".encode(), (1, 4), "the character U+0000"),
        (b"a: 1\n\nb: \x1b[31m", (3, 4), "the character U+001B"),
        ("a: x\u2028b".encode(), (1, 5), "the character U+2028"),
        ("a: x\ufeff".encode(), (1, 5), "the character U+FEFF"),
        ("a: 1".encode("utf-16"), (1, 1), "a byte that is not UTF-8 (0xff)"),
    ],
)
def test_what_is_no_clean_utf_8_is_refused(content: bytes, place: tuple[int, int], found: str) -> None:
    problem = refusal(content)
    assert ((problem.line, problem.column), problem.found) == (place, found)


@pytest.mark.parametrize("content", [b'a: "\\UFFFFFFFF"', b'a: "\\uD800"', b'a: "\\x"'])
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_escapes_of_no_character_are_refused(content: bytes, loader: type) -> None:
    assert refusal(content, loader).line == 1


LAUGHS = b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 10)
)
LADDER = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 200))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (LAUGHS, "more than 50000 values"),
        (LADDER, "values nested more than 64 deep"),
        (b"[" * 500_000, "values nested more than 64 deep"),
        (b"{a: " * 200_000, "values nested more than 64 deep"),
        (b"? " * 500_000, "values nested more than 64 deep"),
        (b"- " * 500_000, "values nested more than 64 deep"),
        (b"a: [" + b"1," * 500_000 + b"]", "more than 50000 values"),
        (b"a: 1\n" * 2_000_000, "a file of more than 1 MiB"),
    ],
    ids=[
        "billion laughs",
        "a ladder of aliases",
        "lists",
        "mappings",
        "keys",
        "dashes",
        "a wide list",
        "ten megabytes",
    ],
)
def test_bombs_are_refused_in_bounded_time(content: bytes, found: str) -> None:
    begin = time.perf_counter()
    assert found in refusal(content).found
    assert time.perf_counter() - begin < 10


def test_a_thousand_faults_are_cut_to_fifty() -> None:
    _, problems = documents.read("f.yaml", b"a: 1\n" * 1000)
    assert len(problems) == 50


def test_load_gives_the_document_or_its_problems() -> None:
    problems = documents.load("f.yaml", b"a: 1\na: 2")
    assert isinstance(problems, tuple)
    assert str(problems[0]) == 'f.yaml:2:1: found the key "a" again (first on line 1), expected each key once'


def test_places_are_of_values_and_of_keys() -> None:
    document = documents.load("f.yaml", b"a:\n  b: [x, {c: 1.10}]\n")
    assert isinstance(document, Document)
    assert str(document.problem(("a", "b", 1, "c"), "x", "y")) == "f.yaml:2:14: a.b[1].c: found x, expected y"
    assert document.problem(("a", "b"), "x", "y", at_key=True).column == 3
    assert document.problem(("a", "nowhere"), "x", "y", at_key=True).line == 2
    assert document.node(("a", "b", 1, "c")).written == "1.10"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "probe", 0, "inputs"), "spec.probe[0].inputs"),
        (("a.b/c", "x y"), '["a.b/c"]["x y"]'),
        ((0, "a"), "[0].a"),
    ],
)
def test_paths_are_written_as_people_write_them(path: nodes.Path, text: str) -> None:
    assert nodes.path_text(path) == text


@pytest.mark.parametrize(
    ("found", "written", "words"),
    [
        (True, None, "true"),
        (1.1, "1.10", "the number 1.10"),
        (3, None, "the number 3"),
        (None, None, "nothing (null)"),
        ("x" * 100, None, '"' + "x" * 57 + '…"'),
        ("a\nb", None, '"a\\nb"'),
        ("https://user:pw@host/a?sig=1#x", None, '"https://…@host/a?…"'),
        ("plain@text?", None, '"plain@text?"'),
    ],
)
def test_what_was_found_is_said_without_secrets(found: Any, written: str | None, words: str) -> None:
    assert nodes.described(found, written) == words


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        document, problems = documents.read("f.yaml", content, loader)
        assert problems or document is not None


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#? \n\t~<0.1", max_size=60))
def test_any_text_of_yaml_marks_is_read_or_refused(text: str) -> None:
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        document, problems = documents.read("f.yaml", text.encode(), loader)
        assert problems or document is not None
