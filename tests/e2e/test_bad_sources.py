"""Sources that are wrong, each for a model that was well before: told with the place and what to do, and kept."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.test_volume_slow import dripping
from tests.e2e.bad_world import CODE, Ground, document, lines_about, mentions
from tests.e2e.command import Answer
from tests.e2e.running import begun
from tests.e2e.wrong_sources import Case, digest_cases, local_cases, tls_server, web_cases
from tests.web import web_server

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One plan and one apply of all cases at once, with what was there before, between and afterwards."""

    ground: Ground
    cases: dict[str, Case]
    plan: Answer
    apply: Answer
    report: dict[str, Any]
    untouched: bool
    before: dict[str, bytes]
    after: dict[str, bytes]

    def told(self, name: str) -> list[str]:
        """All that was said of a model in the report: its line in the plan, its outcomes, how it stands."""
        lines = [model["message"] for model in self.report["plan"]["models"] if model["name"] == name]
        ended = [outcome["message"] for outcome in self.report["outcomes"] if outcome["model"] == name]
        stands = self.report["models"][name]["conditions"].values()
        return [*lines, *ended, *(condition["message"] for condition in stands)]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Happened]:
    """Every model was applied from a good source once; then all sources turn bad but that of `good`, which changes."""
    folder = tmp_path_factory.mktemp("sources")
    ground = Ground(folder=folder).begin()
    with web_server() as web, tls_server(folder) as tls, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        cases = (
            local_cases(folder / "wrong")
            | web_cases(web, silent.getsockname()[1], tls)
            | digest_cases(ground.source("fine"), web)
        )
        well = str(ground.source("well"))
        ground.want({name: document(name, well) for name in (*cases, "good")})
        assert ground.run("apply").code == 0
        before = ground.served_files()
        changed = str(ground.source("changed", factor=3))
        ground.want({"good": document("good", changed)} | {name: document(name, cases[name].source) for name in cases})
        as_it_was = ground.snapshot()
        plan = ground.run("plan")
        untouched = ground.snapshot() == as_it_was
        apply = ground.run("apply", "-o", "json")
        yield Happened(
            ground=ground,
            cases=cases,
            plan=plan,
            apply=apply,
            report=apply.document(),
            untouched=untouched,
            before=before,
            after=ground.served_files(),
        )


NAMES = (
    *("missing", "empty", "filtered", "outside", "ring", "special", "lines", "case", "scheme", "host", "slash"),
    *("absent", "forbidden", "failing", "refused", "untrusted", "plain", "truncated"),
    *("shortened", "junk", "climbing", "absolute", "linking", "bomb", "digest", "far-digest"),
)


def test_the_names_are_those_of_the_cases(happened: Happened) -> None:
    assert sorted(NAMES) == sorted(happened.cases)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_source_is_told_with_what_to_do_and_its_model_stays_what_it_was(happened: Happened, name: str) -> None:
    case, status = happened.cases[name], happened.report["models"][name]
    told = happened.told(name)
    for words in case.words:
        assert any(words.lower() in line.lower() for line in told), (words, told)
    ready, stalled = status["conditions"]["Ready"], status["conditions"]["Stalled"]
    assert (ready["status"] in ("False", "Unknown"), ready["reason"]) == (True, case.reason)
    assert stalled["status"] == ("False" if case.passing else "True")
    mine = {path: content for path, content in happened.before.items() if path.startswith(f"{name}/")}
    assert mine.keys() == {f"{name}/{path}" for path in ("config.pbtxt", "1/model.py", "1/__pycache__")}
    assert {path: content for path, content in happened.after.items() if path.startswith(f"{name}/")} == mine


def test_the_plan_changes_nothing_and_tells_each_model_where_it_stands(happened: Happened) -> None:
    assert happened.untouched
    assert (happened.plan.code, happened.plan.err) == (1, "")
    for name in NAMES:
        assert lines_about(f" {name}  ", happened.plan.out.splitlines()), name
    mentions(
        happened.plan.out, "Not complete: this could not be looked at", "  - the source of refused: http://127.0.0.1:"
    )


def test_one_good_model_among_wrong_ones_arrives_and_the_run_says_that_it_is_incomplete(happened: Happened) -> None:
    changed = {path for path in happened.after if happened.before.get(path) != happened.after[path]}
    assert (happened.apply.code, changed) == (6, {"good/1/model.py", "good/config.pbtxt"})
    assert happened.report["models"]["good"]["conditions"]["Ready"]["status"] == "True"
    assert happened.report["status"]["commit"] is not None
    mentions(happened.apply.err, "fetch junk: failed: BadArchive: ", "; trying again will not mend it")


def test_nothing_half_made_is_left_on_the_volume(happened: Happened) -> None:
    assert list((happened.ground.volume / ".reconciler" / "partial").iterdir()) == []
    assert sorted(path.name for path in (happened.ground.volume / "models").iterdir()) == sorted([*NAMES, "good"])


def test_once_the_sources_are_right_the_next_run_needs_nobody(happened: Happened) -> None:
    right = str(happened.ground.source("right", factor=5))
    happened.ground.want({name: document(name, right) for name in (*NAMES, "good")})
    answer = happened.ground.run("apply")
    assert answer.code == 0
    assert "Not ready" not in answer.out
    codes = {content for path, content in happened.ground.served_files().items() if path.endswith("model.py")}
    assert len(codes) == 1


@pytest.mark.parametrize(("changes", "code"), [(2, 0), (50, 6)])
def test_a_source_that_changes_after_each_reading_is_followed_a_few_times_and_then_told(
    tmp_path: Path, changes: int, code: int
) -> None:
    ground = Ground(folder=tmp_path).begin()
    with web_server() as web:
        versions = iter(range(1, changes))
        web.put("/model.py", CODE.format(initialize="pass", factor=0).encode(), ETag='"0"')

        def change(request: str) -> None:
            method, path = request.split()
            number = next(versions, changes) if method == "GET" else 0
            if number:
                web.put(path, CODE.format(initialize="pass", factor=number).encode(), ETag=f'"{number}"')

        web.answered = change
        tensor = "data_type: TYPE_FP32, dims: [-1]"
        config = f"{{input: [{{name: IN, {tensor}}}], output: [{{name: OUT, {tensor}}}]}}"
        ground.want({"moving": document("moving", f"{web.url}/model.py", config=config)})
        answer = ground.run("apply")
        assert answer.code == code, answer
        assert ("moving: SourceChanged: its source has changed again since it was fetched" in answer.out) == (code == 6)
        assert (ground.volume / "models/moving").is_symlink() == (code == 0)


def test_a_run_that_is_terminated_while_a_source_stalls_ends_soon_and_writes_its_status(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    with dripping(60.0) as url:
        ground.want({"stalled": document("stalled", url)})
        where = ("--repo", str(ground.repository), "--volume", str(ground.volume), "--server", "none")
        with begun(where, dict(os.environ), tmp_path / "log") as run:
            run.reach("fetch stalled: started")
            asked = time.monotonic()
            run.process.terminate()
            assert run.code() == 143
            assert time.monotonic() < asked + 25  # it gives the fetch two seconds; the machine may be busy
        assert "Status written as" in run.said
