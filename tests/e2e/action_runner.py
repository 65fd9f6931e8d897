"""Runs the steps of our composite action as GitHub's runner does: its files, its variables, its reading of the log."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "reconcile"
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
_V1 = re.compile(r"##\[(?P<name>[^ \]]+) *(?P<properties>[^\]]*)\](?P<data>.*)")
_V2 = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A workflow command as the runner understood it."""

    name: str
    properties: Mapping[str, str]
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job left behind."""

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]

    def commands(self) -> list[Command]:
        """What the runner would have done on account of the log, but for stopping and going on."""
        return list(understood(self.log))


def understood(log: str) -> list[Command]:
    """Source: ActionCommandManager and ActionCommand of actions/runner."""
    found, stopped = list[Command](), ""
    for line in log.splitlines():
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
            continue
        match = _V2.match(line.strip()) or _V1.search(line)
        if match is None:
            continue
        if match["name"] == "stop-commands":
            stopped = match["data"]
            continue
        pairs = (pair.partition("=") for pair in re.split("[,;]", match["properties"] or "") if pair)
        properties = {name: _decoded(value) for name, _, value in pairs}
        found.append(Command(name=match["name"], properties=properties, data=_decoded(match["data"])))
    assert not stopped
    return found


def _decoded(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """`folder` is the machine's; `variables` are those of the job. `install`: whether the install step is run too."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    install: bool = False

    def run(self, token: str, **inputs: str) -> Done:
        """Runs the action, given inputs with `_` for `-`."""
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        given = {name.replace("_", "-"): text for name, text in inputs.items()}
        assert given.keys() <= action["inputs"].keys()
        context = {"runner.temp": str(self.folder / "temp"), "github.token": token}
        context["steps.python.outputs.python-path"] = sys.executable
        for name, described in action["inputs"].items():
            context[f"inputs.{name}"] = given.get(name, _expanded(described["default"], context))
        (self.folder / "temp").mkdir(parents=True, exist_ok=True)
        files = {name: self.folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV")}
        for path in files.values():
            path.write_text("")
        code, log = self._steps(action["runs"]["steps"], context, {name: str(path) for name, path in files.items()})
        assert files["GITHUB_ENV"].read_text() == ""
        pairs = (line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        outputs = {name: value for name, _, value in pairs}
        return Done(code=code, log=log, summary=files["GITHUB_STEP_SUMMARY"].read_text(), outputs=outputs)

    def _steps(
        self, steps: list[dict[str, Any]], context: Mapping[str, str], files: Mapping[str, str]
    ) -> tuple[int, str]:
        log = ""
        for step in steps:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])
            elif step["name"] == "Install" and not self.install:
                self._as_installed()
            else:
                done = self._bash(step, context, files)
                log += done.stdout
                if done.returncode:
                    return done.returncode, log
        return 0, log

    def _as_installed(self) -> None:
        """The environment of the tests in the place of a new one."""
        python = self.folder / "temp" / "reconcile" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)

    def _bash(
        self, step: dict[str, Any], context: Mapping[str, str], files: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        script = self.folder / "script.sh"
        script.write_text(step["run"])
        own = {name: _expanded(text, context) for name, text in step.get("env", {}).items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=_expanded(step["working-directory"], context),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ACTION),
                "RUNNER_TEMP": context["runner.temp"],
                **self.variables,
                **files,
                **own,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )


def _expanded(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: context[found[1]], text)
