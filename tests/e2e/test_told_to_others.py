"""What others are told, through the real command line: git, a volume, and a stand-in for GitHub and a receiver."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import Answer, reconcile
from tests.forge import SECRET, TOKEN, Stage, Trouble, stage
from tests.git_remotes import bare, branch_files, commit, git, keep_home_out, work_tree
from tests.git_servers import keygen

MODEL = """apiVersion: reconciler/v1
kind: Model
metadata: {{name: {name}}}
spec:
  framework: python
  source: {source}/
"""
ENVIRON = {"GITHUB_TOKEN": TOKEN, "RECONCILE_NOTIFY_SECRET": SECRET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A work tree that is pushed to a bare repository, a source and a volume beside it, and whoever is told."""

    folder: Path
    world: Stage

    @property
    def home(self) -> Path:
        return self.folder / "home.git"

    def push(self, *names: str, broken: bool = False) -> str:
        """A commit with these models; its id. `broken`: the source of the first is not there."""
        for old in (self.folder / "tree" / "models.d").glob("*.yaml"):
            old.unlink()
        sources = {name: self.folder / ("nowhere" if broken and name == names[0] else "source") for name in names}
        files = {f"models.d/{n}.yaml": MODEL.format(name=n, source=path).encode() for n, path in sources.items()}
        found = commit(self.folder / "tree", files)
        git(self.folder / "tree", "push", "--quiet", str(self.home), "main")
        self.world.commits.add(found)
        return found

    def run(self, command: str, *more: str, **environ: str) -> Answer:
        place = ("--repo", str(self.home), "--volume", str(self.folder / "volume"), "--server", "none")
        return reconcile(command, *place, *more, environ={**ENVIRON, **environ})

    def apply(self, *more: str, **environ: str) -> Answer:
        whom = ("--github-report", "statuses", "--github-repository", "o/r")
        return self.run("apply", *whom, *self.to(), *more, **environ)

    def to(self) -> tuple[str, ...]:
        return "--github-api", f"{self.world.url}/api/v3", "--notify-url", f"{self.world.url}/hook/s3cret"

    def told(self) -> list[tuple[str, str, str]]:
        """Model, before and after of each event so far."""
        events = self.world.events()
        assert all(event.signed for event in events)
        found = (event.document["data"] for event in events)
        return [(data["model"], data["before"], data["ready"]) for data in found]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    keep_home_out(tmp_path / "people")
    work_tree(tmp_path / "tree", {"models.d/.keep": b""})
    bare(tmp_path / "home.git", tmp_path / "tree")
    (tmp_path / "source" / "1").mkdir(parents=True)
    (tmp_path / "source" / "1" / "model.py").write_text("x")
    (tmp_path / "volume").mkdir()
    with stage() as world:
        yield Town(folder=tmp_path, world=world)


def test_a_commit_and_each_model_that_turned_are_told_once(town: Town) -> None:
    first = town.push("one", "two")
    assert town.apply().code == 0
    (row,) = town.world.statuses
    assert (row["sha"], row["state"], row["context"]) == (first, "success", "reconcile/default")
    assert row["description"] == "2 of 2 models are ready"
    assert town.told() == [("one", "Absent", "True"), ("two", "Absent", "True")]
    assert town.apply().code == 0
    assert (len(town.world.statuses), len(town.told())) == (1, 2)


def test_a_model_that_fails_is_told_with_the_revision(town: Town) -> None:
    town.push("one", "two")
    town.apply()
    second = town.push("one", "three", broken=True)
    assert town.apply().code == 6
    assert [row["state"] for row in town.world.statuses if row["sha"] == second] == ["failure"]
    assert town.told()[2:] == [("one", "True", "False"), ("three", "Absent", "True"), ("two", "True", "False")]
    assert {event.document["data"]["revision"] for event in town.world.events()[3:4]} == {second}


def test_a_commit_that_is_not_trusted_is_a_failure_beside_it(town: Town) -> None:
    first = town.push("one")
    key = keygen(town.folder / "key")
    (town.folder / "signers").write_text(f"tess@example.org {key.with_suffix('.pub').read_text()}")
    refused = town.apply("--target", "default", "--allowed-signers", str(town.folder / "signers"))
    assert refused.code == 4
    (row,) = town.world.statuses
    assert (row["sha"], row["state"]) == (first, "failure")
    assert row["description"].startswith("refused: commit ")
    assert town.told() == []


def test_a_plan_tells_nobody_and_neither_does_an_apply_that_is_not_asked_to(town: Town) -> None:
    town.push("one")
    names = ("RECONCILE_GITHUB_REPORT", "RECONCILE_GITHUB_REPOSITORY", "RECONCILE_GITHUB_API", "RECONCILE_NOTIFY_URL")
    values = ("statuses", "o/r", f"{town.world.url}/api/v3", f"{town.world.url}/hook/x")
    for command in ("plan", "status"):
        assert town.run(command, **dict(zip(names, values, strict=True))).code == 0
    assert town.run("apply").code == 0
    assert town.world.seen == []
    town.push("one", "two")
    assert town.run("apply", **dict(zip(names, values, strict=True))).code == 0
    assert (len(town.world.statuses), town.told()) == (1, [("two", "Absent", "True")])


def test_that_nobody_can_be_told_is_a_warning_unless_it_must_not_be(town: Town) -> None:
    town.push("one")
    town.world.troubles += [Trouble(status=404, message="Not Found")] * 2
    done = town.apply()
    assert done.code == 0
    assert done.err.count("Not notified:") == 2
    assert "s3cret" not in done.said
    assert "default/one.yaml" in branch_files(town.home, "reconciler-status")
    town.push("one", "two")
    town.world.troubles += [Trouble(status=404, message="Not Found")] * 2
    strict = town.apply("--require-notified", "-o", "json")
    assert strict.code == 6
    assert [each["reason"] for each in strict.document()["not_notified"]] == ["NotNotified"] * 2


def test_a_lack_of_token_or_address_is_told_before_anything_is_done(town: Town) -> None:
    town.push("one")
    lacking = town.apply(GITHUB_TOKEN="")
    assert lacking.code == 1
    assert "no token to report to GitHub with" in lacking.err
    nowhere = town.run("apply", "--github-report", "statuses")
    assert nowhere.code == 64
    assert "--github-repository OWNER/NAME" in nowhere.err
    assert list((town.folder / "volume").iterdir()) == []


def test_a_repository_cannot_say_whom_to_tell(town: Town) -> None:
    with stage() as thief:
        settings = f"apiVersion: reconciler/v1\nkind: Repository\nspec: {{notify: {{url: {thief.url}/hook/x}}}}\n"
        (town.folder / "tree" / "reconciler.yaml").write_text(settings)
        town.push("one")
        assert town.apply("--target", "default").code == 65
        assert thief.seen == []
