"""`reconcile validate`: checks files without network; for pre-commit and CI."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

import click

from reconciler.cli import exits, out
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import PATH, flag, output_of, reported
from reconciler.core.errors import Problem, Reason, UsageError
from reconciler.render import annotations, problems, validation

FILE, FOLDER = "reconciler.yaml", "models.d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is to be checked of the repository at `location`: paths in it, files or folders; none for all of it.

    `folder`: the one in the repository that the paths are in.
    """

    location: str
    folder: str = ""
    paths: frozenset[str] = frozenset()

    def has(self, file: str) -> bool:
        """Whether the file is to be checked: reconciler.yaml always is, and a model together with its lock."""
        asked = {_model_file(path) for path in self.paths}
        file = _model_file(file)
        return not asked or file == FILE or any(file == path or file.startswith(path + "/") for path in asked)


def _model_file(path: str) -> str:
    return path.removesuffix(".lock") + ".yaml" if path.endswith(".lock") else path


def selections(paths: Iterable[str]) -> list[Selection]:
    """The paths by the repository that each is in, a repository being what holds models.d/ or reconciler.yaml.

    Raises UsageError for a path that is in none, or is not there.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        root, inside = _located(path)
        found.setdefault(root, set()).add(inside)
    return [
        Selection(location=root, paths=frozenset() if "" in inside else frozenset(inside))
        for root, inside in found.items()
    ]


def _located(path: str) -> tuple[str, str]:
    """The repository's folder, and the path in it; empty for the folder itself."""
    if not os.path.exists(path):
        raise UsageError(Reason.USAGE, f"{path} does not exist", "check the path for a typing error")
    whole = os.path.abspath(path)
    if any(os.path.lexists(os.path.join(whole, name)) for name in (FILE, FOLDER)):
        return whole, ""
    parts = whole.split("/")
    if parts[-1] == FILE:
        return os.path.dirname(whole), FILE
    if FOLDER in parts:
        at = len(parts) - 1 - parts[::-1].index(FOLDER)
        return "/".join(parts[:at]) or "/", "/".join(parts[at:])
    hint = f"models are files below {FOLDER}/, beside an optional {FILE}"
    raise UsageError(Reason.USAGE, f"{path} is in no repository", hint)


def _checked(selection: Selection, ref: str | None) -> tuple[int, list[Problem]]:
    """How many models are right, and the problems, with paths as they are seen from here."""
    from reconciler.adapters import gitrepo
    from reconciler.core.parsing.parse import parse
    from reconciler.core.trust.signers import key_folders

    access = gitrepo.access_from(os.environ)
    checkout = gitrepo.read(selection.location, ref=ref, path=selection.folder, access=access, further=key_folders)
    desired = parse(checkout.files, revision=checkout.revision, message=checkout.message, root=checkout.root)
    right = sum(selection.has(model.file) for model in desired.models.values())
    wrong = [problem for problem in problems.of(desired) if selection.has(problem.file)]
    return right, [_seen_from_here(problem, checkout.root) for problem in wrong]


def _seen_from_here(problem: Problem, root: str | None) -> Problem:
    if root is None:
        return problem
    whole = os.path.abspath(os.path.join(root, problem.file))
    near = os.path.relpath(whole)
    return replace(problem, file=whole if near.startswith("..") else near)


def _shown(location: str) -> str:
    """A folder by its whole path: `.` tells nobody where that is. Anything else without userinfo and query."""
    from reconciler.adapters import gitrepo

    return os.path.abspath(location) if os.path.isdir(location) else gitrepo.shown(location)


@click.command(
    cls=Command,
    epilog=examples(
        "validate",
        "# Two files, as annotations of GitHub Actions.",
        "validate models.d/densenet.yaml models.d/scale.yaml -o github",
    ),
)
@flag("--repo", "What is checked without PATHs.", default=".", show_default=True, metavar="URL|DIR")
@flag("--ref", "Branch, tag or commit of --repo.", metavar="REF")
@PATH
@output_of("text", "json", "github")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@reported
def validate(repo: str, ref: str | None, path: str, output: str, paths: tuple[str, ...]) -> int:
    """Check files without network: every error of every file, at once.

    PATHs are files below a models.d/, a reconciler.yaml, or folders; without them the repository of --repo is checked
    (a work tree as it is on the disk).
    """
    wanted = selections(paths) if paths else [Selection(location=repo, folder=path)]
    checks = [_checked(selection, None if paths else ref) for selection in wanted]
    right, wrong = sum(count for count, _ in checks), [problem for _, found in checks for problem in found]
    _tell(output, right, wrong, [_shown(selection.location) for selection in wanted])
    return exits.Exit.INVALID if wrong else exits.Exit.OK


def _tell(output: str, right: int, wrong: list[Problem], where: list[str]) -> None:
    if output == "json":
        out.document(validation.document(right, wrong, where))
    else:
        told = annotations.lines if output == "github" else problems.lines
        out.show([*told(wrong), validation.sentence(right, wrong, where)])
