"""What is built is installed in clean environments: whole, typed, and without its extras it names them."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.bad_world import ME, document, payload
from tests.git_remotes import git, write
from tests.model_keys import Signer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 280
UV = Path(sys.executable).with_name("uv")
USER = """\
from reconciler import api


def removals(request: api.Request) -> list[str]:
    planned: api.Plan = api.plan(request)
    return [model.name for model in planned.models if model.change == "remove"]


try:
    done: api.Applied = api.apply(api.Request(repo="models", server_none=True), confirm=lambda plan: plan.complete)
except api.ReconcileError as error:
    print(error.reason.value, error.hint)
"""
FEDERATED = {"type": "external_account", "credential_source": {"file": "/nowhere"}}


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the program and what it depends on, and nothing else."""

    root: Path

    def run(
        self, *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        kept = {"HOME": str(cwd), "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(
            [self.root / "bin" / "reconcile", *arguments],
            cwd=cwd,
            env={**kept, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from the sdist beside it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--out-dir", folder], cwd=ROOT, check=True, timeout=SECONDS)
    return folder


def installed(package: Path, root: Path) -> Installed:
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, root], check=True, timeout=SECONDS)
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", root / "bin" / "python", package]
    subprocess.run(install, check=True, timeout=SECONDS, cwd=ROOT)
    return Installed(root)


@pytest.fixture(scope="module")
def bare(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel without extras."""
    return installed(next(dist.glob("*.whl")), tmp_path_factory.mktemp("bare") / "venv")


def ours() -> set[str]:
    """What git has of the package."""
    return {path for path in git(ROOT, "ls-files", "reconciler").splitlines() if (ROOT / path).exists()}


def test_the_wheel_and_the_sdist_hold_the_whole_package_its_marker_of_types_and_the_demo_s_models(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        packed = set(wheel.namelist())
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        source = {name.partition("/")[2] for name in sdist.getnames()}
    assert ours() - packed == set()
    assert ours() - source == set()
    assert "reconciler/py.typed" in packed
    assert {"reconciler/demo/repository/reconciler.yaml", "reconciler/demo/repository/models.d/power.yaml"} <= packed
    assert not [name for name in packed if name.startswith(("tests/", "bench/"))]


def test_the_sdist_installs_where_nothing_else_is(dist: Path, tmp_path: Path) -> None:
    found = installed(next(dist.glob("*.tar.gz")), tmp_path / "venv")
    (tmp_path / "work").mkdir()
    assert found.run("init", "--no-git", ".", cwd=tmp_path / "work").returncode == 0
    told = found.run("validate", "-o", "json", cwd=tmp_path / "work")
    assert (told.returncode, json.loads(told.stdout)["valid"]) == (0, True), told.stderr


def test_a_program_that_uses_the_library_is_checked_against_its_types(bare: Installed, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(USER)
    bad.write_text("from reconciler import api\napi.plan('models')\n")
    check = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--python-executable"]
    told = [
        subprocess.run(
            [*check, bare.root / "bin" / "python", file.name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        for file in (good, bad)
    ]
    assert told[0].returncode == 0, told[0].stdout
    assert 'Argument 1 to "plan" has incompatible type "str"; expected "Request"' in told[1].stdout


@pytest.mark.parametrize(
    ("extra", "source", "environ"),
    [
        ("hf", "hf://org/model", {}),
        ("s3", "{uri: s3://bucket/m/, credentials: p}", {}),
        ("gcs", "gs://bucket/m/", {"GOOGLE_APPLICATION_CREDENTIALS": "federated.json"}),
        ("azure", "az://container/m/", {"AZURE_STORAGE_ACCOUNT": "account", "AZURE_TOKEN_CREDENTIALS": "dev"}),
    ],
)
def test_a_source_that_needs_an_extra_names_it(
    extra: str, source: str, environ: dict[str, str], bare: Installed, tmp_path: Path
) -> None:
    settings = "apiVersion: reconciler/v1\nkind: Repository\nspec: {credentials: {p: {profile: prod}}}\n"
    (tmp_path / "federated.json").write_text(json.dumps(FEDERATED))
    write(tmp_path, {"reconciler.yaml": settings.encode(), "models.d/m.yaml": document("m", source).encode()})
    told = bare.run("lock", cwd=tmp_path, environ=environ)
    assert told.returncode == 1, told.stderr
    assert f"pip install 'triton-reconcile[{extra}]'" in " ".join((told.stdout + told.stderr).split())


def test_traces_without_their_extra_name_it(bare: Installed, tmp_path: Path) -> None:
    (tmp_path / "models.d").mkdir()
    told = bare.run("apply", "--volume", str(tmp_path), "--server", "none", "--traces", cwd=tmp_path)
    assert told.returncode == 1
    assert "pip install 'triton-reconcile[otel]'" in told.stderr


def test_signed_commits_without_their_extra_name_it(bare: Installed, tmp_path: Path) -> None:
    work, key = tmp_path / "work", tmp_path / "key"
    (tmp_path / "volume").mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=SECONDS)
    policy = "spec: {policy: {verifyCommits: {mode: head, allowedSigners: .reconciler/allowed_signers}}}\n"
    signers = f"tess@example.org {key.with_suffix('.pub').read_text()}"
    write(
        work,
        {
            "reconciler.yaml": f"apiVersion: reconciler/v1\nkind: Repository\n{policy}".encode(),
            ".reconciler/allowed_signers": signers.encode(),
            "models.d/.keep": b"",
        },
    )
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "add", "--all")
    git(work, *ME, "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "commit", "--quiet", "-S", "-m", "Signed")
    told = bare.run("plan", "--volume", str(tmp_path / "volume"), "--server", "none", cwd=work)
    assert told.returncode == 4, told.stderr
    assert "pip install 'triton-reconcile[trust]'" in told.stderr


def test_signed_models_without_their_extra_name_it(bare: Installed, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    source, key = payload(tmp_path / "source"), Signer.new(tmp_path / "me.key")
    key.sign(source)
    policy = "spec: {policy: {verifyModels: {mode: require}}}\n"
    write(
        tmp_path / "work",
        {
            "reconciler.yaml": f"apiVersion: reconciler/v1\nkind: Repository\n{policy}".encode(),
            ".reconciler/model-keys/me.pem": key.public,
            "models.d/m.yaml": document("m", str(source)).encode(),
        },
    )
    told = bare.run("apply", "--volume", str(tmp_path / "volume"), "--server", "none", cwd=tmp_path / "work")
    assert "pip install 'triton-reconcile[signing]'" in " ".join((told.stdout + told.stderr).split())
    assert not (tmp_path / "volume" / "models" / "m").exists()


def test_the_demo_without_its_extra_names_it(bare: Installed, tmp_path: Path) -> None:
    told = bare.run("demo", "--prepare", cwd=tmp_path, environ={"RECONCILE_EMBEDDED_DIR": str(tmp_path / "triton")})
    assert told.returncode == 1
    assert "pip install 'triton-reconcile[embedded]'" in told.stderr
