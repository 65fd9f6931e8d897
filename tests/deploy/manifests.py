"""The manifests of deploy/ as Kubernetes would get them, and what stands in them."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Container:
    """One container, where it is, and the pod around it."""

    place: str
    spec: Document
    pod: Document
    pod_labels: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    def command_lines(self) -> list[list[str]]:
        """What it runs of our program, each without the program's name."""
        arguments = [*self.spec.get("command", ["reconcile"]), *self.spec.get("args", [])]
        if self.spec["image"].split(":")[0].rpartition("/")[2] != "reconcile":
            return []
        if arguments[0] == "reconcile":
            return [arguments[1:]]
        script = arguments[2] if arguments[:2] == ["sh", "-c"] else ""
        return [shlex.split(line)[1:] for line in script.splitlines() if line.startswith("reconcile ")]


def builder() -> list[str]:
    """kustomize, or a kubectl that has it."""
    program = shutil.which("kustomize")
    if program is not None:
        return [program, "build"]
    cached = Path.home() / ".cache/reconcile-test/kustomize-v5.0.3/kustomize"
    if cached.exists():
        return [str(cached), "build"]
    if shutil.which("kubectl") is not None:
        return ["kubectl", "kustomize"]
    pytest.skip("neither kustomize nor kubectl is here: tests/kustomize.sh builds it")


@cache
def text(overlay: str) -> str:
    """The overlay as kustomize prints it."""
    return built(KUBERNETES / "overlays" / overlay)


def built(folder: Path) -> str:
    """Any kustomization; a warning is an error."""
    done = subprocess.run([*builder(), str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def documents(overlay: str) -> list[Document]:
    return list(yaml.safe_load_all(text(overlay)))


def of_kind(overlay: str, *kinds: str) -> dict[str, Document]:
    return {one["metadata"]["name"]: one for one in documents(overlay) if one["kind"] in kinds}


def templates(overlay: str) -> Iterator[tuple[str, Document]]:
    """Every pod template, and whose it is."""
    for one in documents(overlay):
        place = f"{overlay}: {one['kind']}/{one['metadata']['name']}"
        match one["kind"]:
            case "CronJob":
                yield place, one["spec"]["jobTemplate"]["spec"]["template"]
            case "Deployment" | "StatefulSet":
                yield place, one["spec"]["template"]


def containers(overlay: str) -> Iterator[Container]:
    for place, template in templates(overlay):
        for one in [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]:
            labels = template["metadata"]["labels"]
            yield Container(f"{place}/{one['name']}", one, template["spec"], labels)
