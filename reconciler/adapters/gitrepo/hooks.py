"""The hooks of a bare repository on this machine.

libgit2 moves refs itself and runs no hooks, and a rule that only some writers obey is none: so the two hooks that can
refuse a push are run as git does (githooks(5)). Opening the repository has proved before that its owner is us.
"""

import os
import subprocess

import pygit2

_TIMEOUT = 60.0
_NOTHING = "0" * 40


def refusal(repo: pygit2.Repository, name: str, tip: pygit2.Commit | None, commit: pygit2.Oid) -> str | None:
    """What a hook says against moving the ref to the commit; None if all agree or there are none."""
    if not repo.is_bare:
        return None
    old = _NOTHING if tip is None else str(tip.id)
    first = _run(repo, ["pre-receive"], f"{old} {commit} {name}\n")
    return first if first is not None else _run(repo, ["update", name, old, str(commit)], "")


def _run(repo: pygit2.Repository, command: list[str], given: str) -> str | None:
    path = os.path.join(_folder(repo), command[0])
    if not os.access(path, os.X_OK):
        return None
    try:
        done = subprocess.run(
            [path, *command[1:]],
            input=given,
            cwd=repo.path,
            env={**_surroundings(), "GIT_DIR": "."},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"its {command[0]} hook cannot be run: {error}"
    return None if done.returncode == 0 else f"{command[0]} hook declined: {done.stdout.strip()[:1000]}"


def _surroundings() -> dict[str, str]:
    """The environment without our own variables, some of which are secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RECONCILE_")}


def _folder(repo: pygit2.Repository) -> str:
    configured = "core.hooksPath" in repo.config and repo.config["core.hooksPath"]
    return os.path.join(repo.path, os.path.expanduser(configured or "hooks"))
