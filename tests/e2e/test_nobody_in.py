"""Who is on the same machine, in the same repository or beside a saved plan gets no further: by the command line."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bad_world import ME, Ground, document, mentions
from tests.e2e.command import reconcile
from tests.e2e.gates import gated
from tests.e2e.running import begun
from tests.git_remotes import bare, daemon, git

pytestmark = pytest.mark.slow

SECRETS = {
    "RECONCILE_GIT_TOKEN": "hunter2-of-git",
    "SITE_HTTP_TOKEN": "hunter2-of-the-site",
    "AWS_SECRET_ACCESS_KEY": "hunter2-of-aws",
}
SITE = "apiVersion: reconciler/v1\nkind: Repository\nspec: {credentials: {site: {fromEnv: SITE_}}}\n"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = Ground(folder=tmp_path).begin()
    made.want({name: document(name, str(made.source(name))) for name in ("a", "b")})
    return made


def open_to_others(folder: Path) -> Iterator[Path]:
    """What is in a folder that others come to, and may write; what is in a folder that is shut to them is safe."""
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        if mode & 0o022:
            yield path
        if stat.S_ISDIR(mode) and mode & 0o011:
            yield from open_to_others(path)


def test_with_the_loosest_umask_nothing_on_the_volume_is_left_for_others_to_write(ground: Ground) -> None:
    bare(ground.folder / "served" / "config.git", ground.repository)
    with daemon(ground.folder / "served") as url:
        where = ("--repo", f"{url}/config.git", "--ref", "main", "--volume", str(ground.volume), "--server", "none")
        answer = reconcile("apply", *where, prefix=("sh", "-c", 'umask 000; exec "$@"', "sh"))
    assert answer.code == 0, answer.said
    ours = ground.volume / ".reconciler"
    assert (ours / "git" / "repository").is_dir()
    assert stat.S_IMODE((ours / "git").stat().st_mode) == 0o700
    assert list(open_to_others(ground.volume)) == []


def test_no_secret_is_in_the_process_list_and_a_run_starts_no_other_process(ground: Ground) -> None:
    with gated() as gates:
        source = f"{{uri: '{gates.file('m')}', credentials: site}}"
        ground.want({"m": document("m", source)}, {"reconciler.yaml": SITE.encode()})
        where = ("--repo", str(ground.repository), "--volume", str(ground.volume), "--server", "none")
        with begun(where, {**os.environ, **SECRETS}, ground.folder / "log") as run:
            run.reach("fetch m: started")
            processes = {int(path.name): path for path in Path("/proc").iterdir() if path.name.isdecimal()}
            mine = processes[run.process.pid]
            assert "hunter2" not in (mine / "cmdline").read_text()
            children = [pid for task in (mine / "task").iterdir() for pid in (task / "children").read_text().split()]
            assert children == []
            gates.open("m")
            run.code()
        assert "hunter2" not in run.said
    written = [path for path in ground.volume.rglob("*") if path.is_file()]
    assert not [path for path in written if b"hunter2" in path.read_bytes()]
    status = git(ground.repository, "log", "-p", "reconciler-status")
    assert "kind: " in status
    assert "hunter2" not in status


def test_a_plan_that_names_a_commit_which_nobody_merged_is_stale(ground: Ground) -> None:
    """As of a fork, whose commits are in the same repository for whoever knows their name."""
    git(ground.repository, "checkout", "--quiet", "-b", "fork")
    evil = ground.source("evil", factor=666)
    ground.want({name: document(name, str(evil)) for name in ("a", "b")})
    file = ground.folder / "evil.plan"
    assert ground.run("plan", "--out", str(file)).code == 0
    git(ground.repository, "checkout", "--quiet", "main")
    before = ground.snapshot()
    assert json.loads(file.read_text())["revision"] == git(ground.repository, "rev-parse", "fork")
    answer = ground.run("apply", str(file), ref="main")
    assert (answer.code, answer.out) == (3, "")
    mentions(answer.err, "PlanStale", "nothing was done")
    assert ground.snapshot() == before


@pytest.mark.parametrize("field", ["volume", "adopt", "models", "state"])
def test_a_plan_that_somebody_wrote_to_does_nothing_that_git_does_not_say(ground: Ground, field: str) -> None:
    foreign = ground.volume / "models" / "a"
    foreign.mkdir(parents=True)
    file = ground.folder / "p.plan"
    assert ground.run("plan", "--out", str(file), "b").code == 0
    forged = {"volume": "/", "models": ["a", "b"], "adopt": ["a"], "state": {}}
    file.write_text(json.dumps(json.loads(file.read_text()) | {field: forged[field]}))
    answer = ground.run("apply", str(file))
    assert answer.code == {"volume": 3, "adopt": 64, "models": 6, "state": 0}[field], answer.said
    assert (foreign.is_symlink(), list(foreign.iterdir())) == (False, [])
    done = {} if field in ("volume", "adopt") else {"b": (ground.folder / "sources/b/1/model.py").read_bytes()}
    links = [link for link in (ground.volume / "models").iterdir() if link.is_symlink()]
    assert {link.name: (link / "1" / "model.py").read_bytes() for link in links} == done


def test_what_a_job_s_log_quotes_is_no_command_of_its_runner(ground: Ground) -> None:
    odd = ground.volume / "models" / "##[add-matcher]x"
    odd.mkdir(parents=True)
    write = ground.repository / "models.d" / "::add-mask::x.yaml"
    write.write_text("a: '##[error]x'\n::stop-commands::y\n")
    where = ("--repo", str(ground.repository))
    world = (*where, "--volume", str(ground.volume), "--server", "none")
    looks = [("plan", *world), ("plan", "-o", "json", *world), ("plan", "-o", "markdown", *world), ("status", *world)]
    for command in [*looks, ("validate", *where)]:
        answer = reconcile(*command, environ={"GITHUB_ACTIONS": "true"})
        for line in answer.said.splitlines():
            assert not line.lstrip().startswith("::"), line
            assert "##[" not in line, line


def test_a_lock_is_written_through_no_link_that_a_repository_brings_along(ground: Ground) -> None:
    victim = ground.folder / "victim"
    victim.write_text("mine")
    start = 'ln -s "$0" "models.d/.a.lock.$$"; exec "$@"'  # exec keeps the number that the name foretells
    prefix = ("sh", "-c", start, str(victim))
    answer = reconcile("lock", "--repo", ".", "a", prefix=prefix, cwd=ground.repository)
    assert answer.code == 0, answer.said
    assert victim.read_text() == "mine"
    lock = ground.repository / "models.d" / "a.lock"
    assert lock.is_file()
    assert not lock.is_symlink()


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "s3://ok-evil/m",
        "s3://ok/../evil/m",
        "s3://ok/%2e%2e/evil/m",
        "S3://ok/m",
        "s3:/ok/m",
        "https://ok@evil.example/m",
        "s3://ok@evil/m",
        "zip://m::s3://ok/m.zip",
        "http://169.254.169.254/latest/meta-data",
    ],
)
def test_nothing_but_what_is_allowed_is_asked(ground: Ground, uri: str) -> None:
    policy = "apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {allowedSources: ['s3://ok/']}}\n"
    ground.want({"m": document("m", f'"{uri}"')}, {"reconciler.yaml": policy.encode()})
    answer = ground.run("plan")
    assert answer.code == 65
    mentions(answer.said, "models.d/m.yaml:6:")
    git(ground.repository, *ME, "commit", "--quiet", "--allow-empty", "--message", "again")
    assert ground.run("apply").code == 65
    assert not (ground.volume / "models" / "m").exists()
