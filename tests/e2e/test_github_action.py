"""The composite action as the runner runs it, on a repository behind a web server, and a stand-in of GitHub's API."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.e2e.action_runner import Done, Runner
from tests.e2e.bad_world import ME, Ground, document
from tests.e2e.command import reconcile
from tests.e2e.served_world import staged
from tests.git_remotes import bare, git, http_remote
from tests.github_api import REPOSITORY, GitHub, github

TARGETS = """\
apiVersion: reconciler/v1
kind: Repository
spec:
  policy: {maxRemovals: 1}
  targets:
    prod: {}
    edge: {selector: {matchLabels: {edge: "yes"}}}
"""
EVIL = "@everyone <img src=x> [l](http://evil.example) #1\n::error::pwned\n##[warning]pwned\n::set-output name=a::b"
SNAPSHOT = Path(__file__).with_name("github_comment.md")


@dataclass(frozen=True, kw_only=True)
class Forge:
    """GitHub: a web server of git that knows one token, and the API. The work tree's commits are what is pushed."""

    ground: Ground
    hub: GitHub
    remote: str

    def pull(self, text: str = "A change", *, event: str = "pull_request", who: str = "writer", **inputs: str) -> Done:
        """Pull request 7 is what the work tree has; its job is run."""
        tree, folder = self.ground.repository, self.ground.folder
        git(tree, "push", "--quiet", "--force", str(self.bare), "HEAD:refs/pull/7/merge")
        told = {"pull_request": {"number": 7, "title": "Title", "body": text, "head": {"ref": EVIL}}}
        (folder / "event.json").write_text(json.dumps(told))
        sha = git(tree, "rev-parse", "main" if event == "pull_request_target" else "HEAD")
        variables = {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_SHA": sha,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": self.remote,
            "GITHUB_API_URL": self.hub.url,
            "GITHUB_HEAD_REF": EVIL,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_PROXY": "*",
        }
        return Runner(folder=folder / "machine", variables=variables).run(who, **inputs)

    @property
    def bare(self) -> Path:
        """The repository on the server."""
        return self.ground.folder / "srv" / REPOSITORY

    def comment(self) -> str:
        """The one comment."""
        (found,) = self.hub.bodies(7)
        return found


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """`a` and `b` are locked, applied to `prod`, and their status is committed; nobody ever applied to `edge`."""
    ground = Ground(folder=tmp_path).begin()
    labels = {"metadata": "{name: b, labels: {edge: 'yes'}}"}
    documents = {name: document(name, str(ground.source(name))) for name in ("a", "b")}
    documents["b"] = documents["b"].replace("metadata: {name: b}", f"metadata: {labels['metadata']}")
    ground.want(documents, {"reconciler.yaml": TARGETS.encode()})
    assert reconcile("lock", "--repo", str(ground.repository)).code == 0
    ground.want(documents)
    assert ground.run("apply", target="prod").code == 0
    with served(ground) as running:
        yield running


@contextmanager
def served(ground: Ground) -> Iterator[Forge]:
    """What the work tree has on main is on GitHub; the work tree goes on with a branch."""
    remote = bare(ground.folder / "srv" / REPOSITORY, ground.repository)
    git(remote, "config", "uploadpack.allowReachableSHA1InWant", "true")  # as GitHub does
    git(ground.repository, "checkout", "--quiet", "-b", "change")
    with github() as hub, http_remote(ground.folder / "srv", "x-access-token", "writer") as address:
        yield Forge(ground=ground, hub=hub, remote=address)


def commit(forge: Forge, files: dict[str, str]) -> None:
    tree = forge.ground.repository
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    git(tree, "add", "--all")
    git(tree, *ME, "commit", "--quiet", "--message", "Change")


def changed(forge: Forge, name: str = "a") -> str:
    return (forge.ground.repository / "models.d" / f"{name}.yaml").read_text() + "  config: {max_batch_size: 8}\n"


def test_one_comment_says_for_each_target_what_would_change_and_is_edited_in_place(forge: Forge) -> None:
    commit(forge, {"models.d/a.yaml": changed(forge), "models.d/c.yaml": document("c", "s3://models/c/")})
    done = forge.pull()
    assert done.code == 0, done.log
    assert done.outputs == {"outcome": "changes", "exit-code": "0"}
    shown = re.sub(r"\b[0-9a-f]{12}\b", "REVISION", forge.comment())
    shown = re.sub(r"review [0-9a-f]{16}", "review KEY", shown).replace(str(forge.ground.folder), "FOLDER")
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(shown)
    assert shown == SNAPSHOT.read_text()
    assert done.summary == forge.comment().partition("\n")[2]
    assert done.commands() == []
    git(forge.ground.repository, "reset", "--quiet", "--hard", "main")
    again = forge.pull()
    assert again.code == 0
    assert again.outputs["outcome"] == "unknown"  # of edge
    assert "| `prod` | no changes |" in forge.comment()
    assert [request.split()[0] for request in forge.hub.requests] == ["GET", "POST", "GET", "PATCH"]


def test_a_broken_file_is_an_annotation_at_its_place_and_fails_the_job(forge: Forge) -> None:
    commit(forge, {"models.d/a.yaml": changed(forge).replace("framework: python", "framwork: python")})
    done = forge.pull(targets="prod")
    assert done.code == 65
    assert done.outputs == {"outcome": "invalid", "exit-code": "65"}
    places = {(one.name, one.properties["file"], one.properties["line"]) for one in done.commands()}
    assert ("error", "models.d/a.yaml", "5") in places
    assert {name for name, _, _ in places} == {"error"}
    assert "problems in the files" in forge.comment()
    assert "framwork" in forge.comment()


def test_a_configuration_in_a_folder_is_annotated_by_its_path_in_the_repository(forge: Forge) -> None:
    commit(forge, {"teams/vision/models.d/x.yaml": document("x", "s3://m/x/").replace("kind: Model", "kind: Modell")})
    done = forge.pull(path="teams/vision")
    assert {one.properties["file"] for one in done.commands()} == {"teams/vision/models.d/x.yaml"}
    assert done.code == 65


def test_a_broken_repository_file_is_told_once_and_nothing_is_planned(forge: Forge) -> None:
    commit(forge, {"reconciler.yaml": TARGETS.replace("policy", "polizy")})
    done = forge.pull()
    assert done.code == 65
    assert {one.properties["file"] for one in done.commands()} == {"reconciler.yaml"}
    assert "**Nothing is planned:**" in forge.comment()


def test_a_pull_request_of_a_fork_gets_the_summary_and_a_notice_and_does_not_fail(forge: Forge) -> None:
    commit(forge, {"models.d/a.yaml": changed(forge)})
    forge.hub.tokens["writer"] = ("github-actions[bot]", False)
    done = forge.pull(targets="prod")
    assert done.code == 0, done.log
    assert "1 model added or changed" in done.summary
    assert forge.hub.comments == {}
    (notice,) = done.commands()
    assert notice.name == "notice"
    assert "which pull requests of forks never get" in notice.data


def test_a_pull_request_of_a_fork_is_commented_on_by_pull_request_target_which_reads_the_merge(forge: Forge) -> None:
    commit(forge, {"models.d/a.yaml": changed(forge)})
    done = forge.pull(event="pull_request_target", targets="prod")
    assert done.code == 0, done.log
    assert "1 model added or changed" in forge.comment()


def test_without_comments_only_the_summary_is_written(forge: Forge) -> None:
    assert forge.pull(comment="false").code == 0
    assert forge.hub.requests == []


def test_an_api_in_trouble_is_a_warning_and_no_failure(forge: Forge) -> None:
    forge.hub.url = "http://127.0.0.1:1"
    done = forge.pull(targets="prod")
    assert done.code == 0, done.log
    assert [one.name for one in done.commands()] == ["warning"]
    assert done.outputs["outcome"] == "none"


@pytest.mark.triton
def test_a_refused_plan_fails_the_job_unless_the_description_allows_it(tmp_path: Path) -> None:
    with staged(tmp_path, "a", "b") as stage:
        assert stage.ground.run("apply").code == 0
        with served(stage.ground) as forge:
            git(stage.ground.repository, "rm", "--quiet", "models.d/a.yaml", "models.d/b.yaml")
            policy = "apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {maxRemovals: 1}}\n"
            commit(forge, {"models.d/c.yaml": document("c", "s3://models/c/"), "reconciler.yaml": policy})
            done = forge.pull()
            assert done.code == 4, done.log
            assert done.outputs["outcome"] == "refused"
            opened = forge.comment().partition("<details>")[0]
            assert "**Refused, nothing of this will be done:** RemovalsExceeded" in opened
            assert "2 models removed" in opened
            allowed = forge.pull("They are not used any more.\n\nReconcile-Allow-Removals: 2")
            assert allowed.code == 0, allowed.log
            assert "2 models removed" in forge.comment().partition("<details>")[0]


def test_a_token_that_may_not_read_fails_the_job_and_says_why(forge: Forge) -> None:
    done = forge.pull(who="reader")
    assert done.code == 1
    assert done.outputs == {"outcome": "failed", "exit-code": "1"}
    assert "### No plan" in done.summary
    assert "reader" not in done.log + done.summary


def test_a_target_that_is_not_there_is_a_usage_error_and_the_others_are_planned(forge: Forge) -> None:
    done = forge.pull(targets="prod\n nowhere")
    assert done.code == 64
    assert "| `prod` | no changes |" in forge.comment()
    assert "No plan for nowhere" in forge.comment()


def test_two_uses_on_one_pull_request_have_a_comment_each(forge: Forge) -> None:
    forge.pull(targets="prod")
    forge.pull(targets="edge")
    forge.pull(targets="prod")
    assert len(forge.hub.bodies(7)) == 2


def test_nothing_that_a_pull_request_says_is_a_command_markup_or_a_call(forge: Forge) -> None:
    quoted = json.dumps(EVIL)
    files = {
        "models.d/a.yaml": changed(forge) + f"  suspend: {{reason: {quoted}}}\n",
        "models.d/b.yaml": changed(forge, "b").replace("framework: python", f"framework: [{quoted}]"),
        "models.d/x @everyone <img>,a::b%0A.yaml": f"{quoted}: {quoted}\n",
        "models.d/c.yaml": f"{EVIL}\n",
    }
    commit(forge, files)
    done = forge.pull(EVIL)
    assert done.code == 65
    commands = done.commands()
    assert {one.name for one in commands} == {"error"}
    assert {one.properties["file"] for one in commands} == {*files} - {"models.d/a.yaml"}
    assert all(set(one.properties) <= {"file", "line", "col", "title"} for one in commands)
    for told in (forge.comment(), done.summary):
        html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(told)
        assert "<img" not in html
        assert "<a " not in html
        prose = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
        assert "everyone" in prose
        assert "@everyone" not in prose
        assert "#1" not in re.sub(r"&#\w+;", "", prose)


def test_what_a_pull_request_brings_is_not_imported_even_where_the_step_runs(forge: Forge) -> None:
    for module in ("reconciler", "click", "yaml", "sitecustomize", "encodings"):
        package = forge.ground.folder / "machine" / "temp" / module
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('code of the pull request ran')\n")
    done = forge.pull(targets="prod")
    assert done.code == 0, done.log
    assert "code of the pull request" not in done.log


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_install_step_brings_all_that_the_review_needs(forge: Forge) -> None:
    variables = {"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": REPOSITORY}
    runner = Runner(folder=forge.ground.folder / "machine", variables=variables, install=True)
    done = runner.run("writer", repository=str(forge.ground.repository), targets="prod")
    assert done.code == 0, done.log
    assert done.outputs["outcome"] == "none"
