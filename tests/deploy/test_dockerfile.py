"""deploy/Dockerfile: what a linter says, what must be in it, and its own lines carried out without a container engine.

There is none where the tests run, so the RUN lines of the build stage are run here as they stand, on what COPY names,
and the entry point as an unprivileged user on a root file system that is read-only (where the kernel allows that).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.git_remotes import keep_home_out, work_tree

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
NOBODY = 65532


@dataclass(frozen=True, slots=True)
class Line:
    word: str
    rest: str


def lines(stage: int) -> list[Line]:
    """The instructions of a stage, each on one line."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE))
    stages = re.split(r"(?m)^(?=FROM )", joined)
    return [Line(*line.split(" ", 1)) for line in stages[stage].splitlines() if line.strip()]


def said(stage: int, word: str) -> list[str]:
    return [line.rest for line in lines(stage) if line.word == word]


def copied() -> list[str]:
    """What of the repository gets into the image's build."""
    return [name for rest in said(1, "COPY") for name in rest.split()[:-1]]


def test_hadolint_has_nothing_to_say() -> None:
    config = ROOT / "deploy" / ".hadolint.yaml"
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([program, "--config", config, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_runs_as_a_number_that_is_nobody() -> None:
    (user,) = said(2, "USER")
    assert user == f"{NOBODY}:{NOBODY}"
    assert json.loads(said(2, "ENTRYPOINT")[0]) == ["reconcile"]


def test_both_stages_have_the_same_pinned_base() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)
    assert [rest.split()[0] for stage in (1, 2) for rest in said(stage, "FROM")] == ["${BASE}", "${BASE}"]


def test_the_image_says_what_it_is() -> None:
    labels = " ".join(said(2, "LABEL"))
    wanted = ("title", "description", "source", "licenses", "version", "revision")
    assert [name for name in wanted if f"org.opencontainers.image.{name}=" not in labels] == []


def test_only_what_is_copied_gets_into_the_build_and_no_secret_does() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied())
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert (
        re.search(r"(?i)token|password|secret", "".join(line.rest for stage in (1, 2) for line in lines(stage))) is None
    )


def test_the_health_check_asks_a_loop_only(tmp_path: Path) -> None:
    (check,) = said(2, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    found = os.environ | {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}  # as `python` in the image
    for words, code in ((["reconcile", "apply"], 0), (["reconcile", "run", "--interval", "60s"], 1)):
        (tmp_path / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
        here = [word.replace("/proc/1/cmdline", str(tmp_path / "cmdline")) for word in command]
        here = [word.replace("127.0.0.1:8080", "127.0.0.1:9") for word in here]
        done = subprocess.run(here, env=found, capture_output=True, check=False, timeout=30)
        assert done.returncode == code


def python() -> str:
    """A Python that others than its owner may run, as the image's is."""
    for program in ("/usr/bin/python3", sys.executable):
        real = Path(program).resolve()
        asked = [program, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        reached = real.exists() and all(place.stat().st_mode & 0o001 for place in real.parents)
        if reached and subprocess.run(asked, check=False).returncode == 0:
            return program
    pytest.skip("there is no Python here that another user may run")


@dataclass(frozen=True, slots=True)
class Pod:
    """As much of a container as there is here: the image's environment, another user without rights, a read-only root.

    Only `place`, which holds a volume, a repository and a folder for temporary files, can be written.
    """

    venv: Path
    place: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = (
            'mount --bind "$1" "$1" && mount -o remount,bind,ro / && cd "$1" && shift'
            f" && exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --bounding-set=-all --no-new-privs"
            ' --inh-caps=-all -- "$@"'
        )
        own = {"HOME": f"{self.place}/tmp", "TMPDIR": f"{self.place}/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "pod", str(self.place), *arguments],
            env={"PATH": f"{self.venv}/bin:/usr/bin:/bin", **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def pod() -> Iterator[Pod]:
    """The build stage carried out, and a pod with a volume and a repository."""
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("only root may become somebody else here, and mount")
    with tempfile.TemporaryDirectory(prefix="reconcile-image-") as named:
        folder = Path(named)
        folder.chmod(0o755)
        build(folder)
        keep_home_out(folder / "people")
        source = folder / "pod" / "source"
        (source / "1").mkdir(parents=True)
        (source / "1" / "model.py").write_text("x")
        for name in ("volume", "tmp"):
            (folder / "pod" / name).mkdir()
        spec = f"{{framework: python, source: {source}/}}"
        model = f"apiVersion: reconciler/v1\nkind: Model\nmetadata: {{name: m}}\nspec: {spec}\n"
        work_tree(folder / "pod" / "tree", {"models.d/m.yaml": model.encode()})
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder / "pod"], check=True)
        yield Pod(folder / "venv", folder / "pod")


def build(folder: Path) -> None:
    """Carries out the RUN lines of the build stage on what COPY names, but for the one that brings uv."""
    context = folder / "src"
    context.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, context)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "VENV": str(folder / "venv"), "UV_PYTHON": python()}
    for key in ("UV_PYTHON_DOWNLOADS", "UV_LINK_MODE"):
        (environ[key],) = re.findall(rf"{key}=(\S+)", " ".join(said(1, "ENV")))
    _, script = said(1, "RUN")
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=context, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_the_build_stage_makes_runs_as_nobody_on_a_read_only_root(pod: Pod) -> None:
    assert pod.run("touch", f"{pod.venv}/here").returncode != 0
    assert pod.run("touch", "/var/tmp/here").returncode != 0
    version = pod.run("reconcile", "--version")
    assert (version.returncode, version.stderr) == (0, "")
    where = ("--repo", f"{pod.place}/tree", "--volume", f"{pod.place}/volume", "--server", "none")
    plan = pod.run("reconcile", "plan", *where)
    assert (plan.returncode, plan.stderr) == (0, "")
    assert "Plan: 1 to add" in plan.stdout
    apply = pod.run("reconcile", "apply", *where)
    assert apply.returncode == 0, apply.stdout + apply.stderr
    link = pod.place / "volume" / "models" / "m"
    assert (link / "1" / "model.py").read_text() == "x"
    assert link.lstat().st_uid == NOBODY
    again = pod.run("reconcile", "plan", *where)
    assert "No changes" in again.stdout
    assert list((pod.place / "tmp").iterdir()) == []


@pytest.mark.slow
def test_the_image_has_what_every_extra_needs(pod: Pod) -> None:
    clouds = ("botocore", "google.auth.transport.requests", "azure.identity", "huggingface_hub")
    names = (*clouds, "model_signing", "cryptography", "pysequoia", "opentelemetry.sdk")
    done = pod.run("python", "-c", f"import {', '.join(names)}")
    assert (done.returncode, done.stderr) == (0, "")
