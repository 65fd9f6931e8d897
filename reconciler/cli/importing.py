"""`reconcile import`: writes models.d files from what another system has."""

import sys
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli import exits, out
from reconciler.cli.commands import Exampled
from reconciler.cli.helping import Command, examples
from reconciler.cli.options import OUTPUT, flag, reported
from reconciler.core.errors import Reason, UsageError
from reconciler.core.imports.fates import ImportReport

_KINDS = {
    "kserve": ("KServe's ConfigMaps with the models.json of multi-model serving, or that file", "modelconfig.yaml"),
    "trainedmodel": ("KServe's TrainedModel resources", "trainedmodels.yaml"),
    "seldon": ("Model resources of Seldon Core 2", "models.yaml"),
    "tfserving": ("the model_config_list of TensorFlow Serving", "models.config"),
}


class Kinds(Exampled, click.Group):
    """A command for each kind of system."""


@click.group(
    name="import",
    cls=Kinds,
    epilog=examples(
        "import trainedmodel trainedmodels.yaml --dry-run",
        "import triton --server grpc://localhost:8001 --repository /models",
    ),
)
def group() -> None:
    """Write models.d files from another system.

    Each model becomes a file. What has no equivalent is told, and stands as a comment in the file.
    """


def _placed(command: Callable[..., int]) -> Callable[..., int]:
    """The options that every kind shares."""
    for option in (
        OUTPUT,
        click.option("--force", is_flag=True, help="Replace files that are there."),
        click.option("--dry-run", is_flag=True, help="Write nothing; print the files instead."),
        click.option("--out", "folder", default="models.d", show_default=True, metavar="DIR", help="Where to write."),
    ):
        command = option(command)
    return command


def _told(report: ImportReport, output: str) -> int:
    from reconciler.render import importing

    if output == "json":
        out.document(importing.document(report))
    else:
        files = importing.texts(report)
        click.echo(files, nl=False)
        out.show(importing.lines(report), err=bool(files))
    return exits.first(exits.of_imports({model.fate for model in report.models}))


def _read(name: str) -> tuple[str, bytes]:
    """A file, or what comes on stdin. Raises UsageError."""
    if name == "-":
        return "stdin", sys.stdin.buffer.read()
    try:
        with open(name, "rb") as stream:
            return name, stream.read()
    except OSError as error:
        raise UsageError(Reason.USAGE, f"{name} cannot be read: {error.strerror}") from error


def _command(kind: str) -> click.Command:
    what, example = _KINDS[kind]

    @click.command(
        name=kind,
        cls=Command,
        help=f"From {what}. `-` is stdin.",
        short_help=f"From {what.partition(' with ')[0]}.",
        epilog=examples(f"import {kind} {example} --dry-run", f"import {kind} - --out models.d --force -o json"),
    )
    @_placed
    @click.option(
        "--framework", metavar="BACKEND", help="Triton's backend for models whose framework it has no backend for."
    )
    @click.argument("files", nargs=-1, required=True, metavar="FILE...")
    @reported
    def command(output: str, *, files: tuple[str, ...], framework: str | None, **more: Any) -> int:
        from reconciler.authoring.filing import Place
        from reconciler.authoring.importing import from_files

        place = Place(folder=more["folder"], force=more["force"], dry=more["dry_run"])
        return _told(from_files(kind, [_read(name) for name in files], framework, place), output)

    return command


@group.command(
    cls=Command,
    short_help="From a running Triton.",
    epilog=examples("import triton --server grpc://localhost:8001 --repository /models --dry-run"),
)
@_placed
@flag("--server", "The Triton server, like grpc://localhost:8001.", required=True, metavar="URL")
@click.option("--repository", required=True, metavar="DIR", help="Its model repository, as this machine sees it.")
@reported
def triton(output: str, *, server: str, repository: str, **more: Any) -> int:
    """From a running Triton and the directory that it serves models from.

    Then `reconcile apply --adopt MODEL` takes a model's directory over, if it lies in models/ of the volume.
    """
    from reconciler.authoring.filing import Place
    from reconciler.authoring.surveying import from_triton

    place = Place(folder=more["folder"], force=more["force"], dry=more["dry_run"])
    return _told(from_triton(server, repository, place), output)


for _kind in _KINDS:
    group.add_command(_command(_kind))
