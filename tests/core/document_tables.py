"""Reads tests/cases/documents: what is wrong with a file, and where."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.errors import Problem

CASES = Path(__file__).parents[1] / "cases" / "documents"


def table(name: str) -> list[Any]:
    cases = yaml.safe_load((CASES / name).read_text())
    return [pytest.param(case, id=case["it"]) for case in cases]


def agrees(problems: tuple[Problem, ...], wrong: list[list[str]]) -> None:
    found = sorted((f"{problem.line}:{problem.column}", problem.path) for problem in problems)
    assert found == sorted((at, path) for at, path, _ in wrong), [str(problem) for problem in problems]
    for at, path, words in wrong:
        same = [p for p in problems if (f"{p.line}:{p.column}", p.path) == (at, path)]
        assert any(words in f"found {p.found}, expected {p.expected}" for p in same), [str(p) for p in same]
