"""`reconcile init`: a repository that validates, locks, plans, and uses our action and hooks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import start_or_skip
from tests.e2e.action_runner import ACTION, ROOT
from tests.e2e.bad_world import ME, Ground
from tests.e2e.command import files_of, reconcile
from tests.e2e.served_world import Stage
from tests.git_remotes import git

WORKFLOW = ".github/workflows/reconcile.yml"


def check(schema: str, *files: Path) -> None:
    """check-jsonschema, without network."""
    program = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    assert program is not None
    flag = "--builtin-schema" if schema.startswith("vendor.") else "--schemafile"
    done = subprocess.run(
        [program, "--default-filetype", "yaml", flag, schema, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_it_writes_is_valid_locked_and_planned(tmp_path: Path) -> None:
    folder = tmp_path / "my models"
    answer = reconcile("init", str(folder))
    assert answer.code == 0, answer.said
    assert f"reconcile validate --repo '{folder}'" in answer.out
    assert reconcile("validate", "--repo", str(folder)).out == f"1 model checked in {folder}, no problems.\n"
    assert reconcile("lock", "--check", "--repo", str(folder)).code == 0
    planned = reconcile("plan", "--observed", "status", "--repo", str(folder), "-o", "json")
    assert [one["name"] for one in planned.document()["models"]] == ["double"]
    assert git(folder, "symbolic-ref", "HEAD") == "refs/heads/main"
    git(folder, "add", "--all")
    assert git(folder, "status", "--porcelain", "--ignored", "--untracked-files=all").count("A  ") == 13


def test_its_files_fit_our_schemas_and_those_of_github(tmp_path: Path) -> None:
    assert reconcile("init", "--no-git", str(tmp_path)).code == 0
    assert not (tmp_path / ".git").exists()
    check(str(tmp_path / "schemas/repository.schema.json"), tmp_path / "reconciler.yaml")
    check(str(tmp_path / "schemas/model.schema.json"), *(tmp_path / "models.d").glob("*.yaml"))
    check(str(tmp_path / "schemas/lock.schema.json"), tmp_path / "models.d/double.lock")
    check("vendor.github-workflows", tmp_path / WORKFLOW)
    json.loads((tmp_path / ".vscode/settings.json").read_text())


def test_its_workflow_uses_this_action_and_its_hooks_are_those_that_there_are(tmp_path: Path) -> None:
    assert reconcile("init", "--no-git", str(tmp_path)).code == 0
    version = "v" + reconcile("--version").out.split()[1]
    job = yaml.safe_load((tmp_path / WORKFLOW).read_text())["jobs"]["review"]
    (step,) = job["steps"]
    assert step["uses"] == f"triton-reconcile/reconcile/.github/actions/reconcile@{version}"
    assert step["with"].keys() <= yaml.safe_load((ACTION / "action.yml").read_text())["inputs"].keys()
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    (hooks,) = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]
    known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in hooks["hooks"]} == known
    assert hooks["rev"] == version


def test_a_second_time_nothing_is_written_and_that_is_said(tmp_path: Path) -> None:
    assert reconcile("init", str(tmp_path)).code == 0
    before = files_of(tmp_path)
    answer = reconcile("init", cwd=tmp_path)
    assert answer.code == 0
    assert "Nothing to write." in answer.out
    assert "  reconcile validate\n" in answer.out
    assert files_of(tmp_path) == before


def test_what_is_in_the_way_is_listed_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    (tmp_path / "models.d" / "team").mkdir(parents=True)
    (tmp_path / "models.d" / "team" / "x.yaml").write_text("mine\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".github").symlink_to(tmp_path / "elsewhere")
    before = files_of(tmp_path)
    answer = reconcile("init", str(tmp_path))
    assert answer.code == 4
    assert "already: .github, README.md, models.d/team/x.yaml" in answer.err
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.symlink_to("nowhere")])
def test_a_dir_that_is_no_folder_is_in_the_way(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "models")
    assert reconcile("init", str(tmp_path / "models")).code == 4


def test_a_readme_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine\n")
    (tmp_path / "README.md").symlink_to("other")
    assert reconcile("init", str(tmp_path)).code == 4
    assert (tmp_path / "other").read_text() == "mine\n"


def test_inside_a_repository_no_other_is_begun(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    answer = reconcile("init", str(tmp_path / "models"), "-o", "json")
    assert answer.document()["git"] == "there"
    assert not (tmp_path / "models" / ".git").exists()
    told = reconcile("init", str(tmp_path / "models")).out
    assert "count in its root only" in told
    assert f"reconcile plan --repo {tmp_path} --path models --volume /models" in told
    assert reconcile("validate", "--repo", str(tmp_path), "--path", "models").code == 0


@pytest.mark.parametrize("folder", ["", "https://u:geheim@host/x", ".git", ".git/hooks"])
def test_what_is_no_place_for_files_of_a_repository_is_a_usage_error(tmp_path: Path, folder: str) -> None:
    git(tmp_path, "init", "--quiet")
    before = sorted(tmp_path.rglob("*"))
    answer = reconcile("init", folder, cwd=tmp_path)
    assert answer.code == 64
    assert "geheim" not in answer.said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.triton
def test_its_model_serves(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path)
    assert reconcile("init", str(ground.repository)).code == 0
    (ground.volume / "models").mkdir(parents=True)
    with start_or_skip(ground.volume / "models") as server:
        done = ground.run("apply", server=server.info.grpc_url)
        assert (done.code, Stage(ground=ground, server=server).answer("double")) == (0, 2.0), done.said


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_its_hooks_run_from_a_clone_of_this_repository(tmp_path: Path) -> None:
    """With the real pre-commit, which installs this checkout."""
    program = shutil.which("pre-commit", path=str(Path(sys.executable).parent))
    assert program is not None
    hooks, folder = tmp_path / "hooks", tmp_path / "new"
    shutil.copytree(ROOT, hooks, ignore=shutil.ignore_patterns(".git", ".venv", "*_cache", "uv.lock", "dist"))
    git(hooks, "init", "--quiet")
    git(hooks, "add", "--all")
    git(hooks, *ME, "commit", "--quiet", "--message", "As it is")
    assert reconcile("init", str(folder)).code == 0
    config = folder / ".pre-commit-config.yaml"
    repos = yaml.safe_load(config.read_text())
    repos["repos"][0] |= {"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD")}
    config.write_text(yaml.safe_dump(repos))
    git(folder, "add", "--all")
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}

    def run() -> subprocess.CompletedProcess[str]:
        command = [program, "run", "--all-files", "--verbose"]
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)

    good = run()
    assert good.returncode == 0, good.stdout + good.stderr
    assert "1 model checked in " in good.stdout
    assert "Locks: 1 up to date." in good.stdout
    (folder / "models/double/1/model.py").write_text("changed = True\n")
    git(folder, "add", "--all")
    stale = run()
    assert stale.returncode == 1
    assert "reconcile validate......." in stale.stdout
    assert "Failed" in stale.stdout.partition("reconcile lock --check")[2]
