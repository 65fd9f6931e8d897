"""docs/security.md is held to its word: each line of its tables names tests, and they are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()


def names_of_tests() -> set[str]:
    """The name of every test function."""
    trees = (ast.parse(path.read_bytes()) for path in (ROOT / "tests").rglob("test_*.py"))
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def lines() -> list[str]:
    """The lines of its tables without their heads."""
    rows = [row for row in PAGE.splitlines() if row.startswith("|")]
    return [row for row in rows if not row.startswith("| ---") and not row.endswith("| proved by |")]


def test_each_line_of_the_security_page_names_a_test_in_its_last_column() -> None:
    assert len(lines()) > 50
    assert [row for row in lines() if len(row.split(" | ")) != 3 or not re.search(r"`test_\w+`[^|]*\|$", row)] == []


def test_each_test_that_the_security_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named - names_of_tests() == set()


def test_where_to_report_and_the_page_lead_to_each_other() -> None:
    assert "(../SECURITY.md)" in PAGE
    assert "(docs/security.md)" in (ROOT / "SECURITY.md").read_text()
    assert "(docs/security.md)" in (ROOT / "README.md").read_text()
