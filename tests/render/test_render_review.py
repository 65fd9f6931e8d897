"""A review as a comment, and problems as annotations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.errors import Problem, Reason, TerminalError
from reconciler.core.plan import Change, ModelPlan, Plan
from reconciler.core.views.review import Planned, Review, Unplanned
from reconciler.render import annotations, review_markdown
from tests.e2e.action_runner import understood
from tests.plan_samples import EVERYTHING

HEAD = "<!-- mark -->"
ODD = 'models.d/a,b:c%0A::x\n\x1b[1m"é.yaml'


def problem(text: str = "x", file: str = "models.d/a.yaml", path: str = "spec.source") -> Problem:
    return Problem(file=file, line=3, column=7, path=path, found=text, expected="y")


def plan(models: int, length: int = 50) -> Plan:
    line = ModelPlan(model="m", change=Change.CREATE, reason=Reason.NOT_ON_VOLUME, message="x" * length)
    return Plan(target="prod", revision="f" * 40, models=(line,) * models)


def review(*sizes: int) -> Review:
    results = [Planned(target=f"t{n}", plan=replace(plan(size), target=f"t{n}")) for n, size in enumerate(sizes)]
    return Review(revision="f" * 40, results=tuple(results))


def test_every_target_has_a_section_in_the_order_of_the_targets_and_the_mark_is_the_first_line() -> None:
    told = review_markdown.document(review(9, 1, 5), 60_000, HEAD)
    assert told.partition("\n")[0] == HEAD
    assert [line for line in told.splitlines() if line.startswith("###")] == [
        f"### Plan for t{number} at `ffffffffffff`" for number in range(3)
    ]


def test_removals_stay_open_in_every_section() -> None:
    both = Review(results=tuple(Planned(target=name, plan=replace(EVERYTHING, target=name)) for name in ("a", "b")))
    told = review_markdown.document(both, 60_000)
    for section in told.split("### ")[1:]:
        assert "removed:**" in section.partition("<details>")[0]


def test_what_one_target_does_not_need_the_others_get() -> None:
    told = review_markdown.document(review(2, 300, 2), 20_000)
    assert told.count("Cut here: ") == 1
    assert 19_000 < len(told) <= 20_000
    assert told.rindex("### Plan for t2") > told.index("Cut here: ")


@given(st.lists(st.integers(0, 200), max_size=60), st.integers(4_000, 70_000), st.integers(0, 60))
def test_it_is_never_longer_than_asked_and_its_folds_are_closed(sizes: list[int], limit: int, faults: int) -> None:
    made = replace(review(*sizes), problems=(problem("@x " * 300),) * faults, signed=True)
    shown = review_markdown.document(made, limit, HEAD)
    assert len(shown) <= limit
    assert shown.count("<details>") == shown.count("</details>")


def test_a_target_for_which_there_is_no_room_is_named_all_the_same() -> None:
    told = review_markdown.document(review(*[100] * 30), 20_000)
    assert "The plan for t3 does not fit here." in told
    assert all(f"| `t{number}` |" in told for number in range(30))


def test_more_targets_than_fit_are_counted() -> None:
    told = review_markdown.document(review(*[1] * 2000), 20_000)
    assert "more targets |" in told
    assert len(told) <= 20_000


def test_a_target_without_a_status_is_told_plainly() -> None:
    new = Review(results=(Planned(target="prod", plan=plan(1), new=True), Planned(target="b", plan=plan(1), new=True)))
    told = review_markdown.document(new, 60_000)
    assert "**No status of this target was ever committed" in told
    assert "| `prod` | not known: it has no status yet |" in told


def test_what_cannot_be_planned_says_why_and_what_to_do() -> None:
    error = TerminalError(Reason.REF_NOT_FOUND, "there is no @such <ref>", "name another")
    told = review_markdown.document(Review(results=(Unplanned(target="", error=error),)), 60_000)
    assert "### No plan\n" in told
    assert "**RefNotFound:** there is no @&#8203;such \\<ref\\>" in told
    assert "name another" in told


def test_that_commits_must_be_signed_is_said() -> None:
    assert "`policy.verifyCommits`" in review_markdown.document(Review(signed=True), 60_000)


@pytest.mark.parametrize("text", ["100 %", "a\r\nb", "::error::x", "##[error]x", "a::b,c=d%0A\x1b[1m", "@all"])
def test_an_annotation_is_one_line_and_one_command_whatever_it_quotes(text: str) -> None:
    (line,) = annotations.lines([problem(text, file=ODD, path=text)])
    assert line.text.isprintable()
    (command,) = understood(line.text)
    assert command.name == "error"
    assert set(command.properties) == {"file", "line", "col", "title"}
    assert (command.properties["line"], command.properties["col"]) == ("3", "7")
    assert command.properties["file"].startswith("models.d/a,b:c%0A::x\\n")
    assert command.data.endswith("expected y")


def test_the_escapes_are_those_that_github_demands() -> None:
    (line,) = annotations.lines([problem("50 %, no: yes", file="models.d/a,b:c.yaml", path="")])
    assert line.text == (
        "::error file=models.d/a%2Cb%3Ac.yaml,line=3,col=7::models.d/a,b:c.yaml:3:7: found 50 %25, no: yes, expected y"
    )
