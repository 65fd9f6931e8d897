"""The flags that every command shares (spec §5), each with its environment variable; flags win over the environment."""

import functools
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from reconciler.cli import completing, logs, out, signals
from reconciler.core import labels, quantities
from reconciler.core.errors import ReconcileError
from reconciler.core.selector import Selector

NONE = "none"
"""`--server none`: the init-container mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What the shared flags said; timeout in seconds. `servers` is empty and `no_server` true for `--server none`."""

    repo: str
    ref: str | None
    path: str
    require_fresh: bool
    target: str | None
    servers: tuple[str, ...]
    no_server: bool
    volume: str | None
    timeout: float | None
    log_json: bool
    allowed_signers: str | None = None
    gpg_keys: str | None = None


def _timeout(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return quantities.duration(value) if value else None
    except ValueError as error:
        message = f"{value!r} is not a duration like 90s, 10m or 1h30m"
        raise click.BadParameter(message, context, parameter) from error


def duration_of(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """A duration in seconds; what is empty is the default."""
    return _timeout(context, parameter, value or parameter.get_default(context))


_SLOWEST = 1000
"""Bytes a second below which a unit was forgotten."""


def _bandwidth(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    try:
        rate = quantities.byte_count(value) if value else None
    except ValueError:
        rate = 0
    if rate == 0:
        message = f"{value!r} is not an amount of bytes a second, like 500k, 20M or 1Gi"
        raise click.BadParameter(message, context, parameter)
    if rate is not None and rate < _SLOWEST:
        message = f"{value} is {rate} bytes a second, too few to fetch a model with: was {rate}M or {rate}k meant?"
        raise click.BadParameter(message, context, parameter)
    return rate


def _servers(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    value = tuple(url for url in value if url)
    if NONE in value and len(value) > 1:
        message = f"`{NONE}` goes alone: no server is asked then"
        raise click.BadParameter(message, context, parameter)
    return value


def _inside(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    path = posixpath.normpath(value) if value else ""
    if path.startswith(("/", "..")):
        message = f"{value} is outside of the repository"
        raise click.BadParameter(message, context, parameter)
    return "" if path == "." else path


def _unset_if_empty(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A variable that a manifest leaves empty is one that it does not set."""
    return parameter.get_default(context) if value == "" else value


def flag(name: str, text: str, **more: Any) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A click option with its environment variable, `RECONCILE_` and its name."""
    variable = "RECONCILE_" + name.removeprefix("--").upper().replace("-", "_")
    further = {"callback": _unset_if_empty, "shell_complete": completing.by_metavar(more.get("metavar")), **more}
    return click.option(name, envvar=variable, show_envvar=True, help=text, **further)


_SHARED = ("repo", "ref", "path", "require_fresh", "target", "volume", "timeout", "allowed_signers", "gpg_keys")

PATH = flag("--path", "The folder of the repository that holds models.d/.", metavar="DIR", callback=_inside)

_FLAGS = (
    flag("--repo", "The configuration repository.", default=".", show_default=True, metavar="URL|DIR"),
    flag("--ref", "Branch, tag or commit, if not the repository's HEAD.", metavar="REF"),
    PATH,
    flag(
        "--require-fresh",
        "End with an error if the remote cannot be reached, rather than take its last known revision.",
        is_flag=True,
    ),
    flag("--target", "Which target of reconciler.yaml.", metavar="NAME"),
    flag(
        "--server",
        "A Triton server, like grpc://localhost:8001; may be given again. `none`: fetch and activate only.",
        multiple=True,
        metavar="URL|none",
        callback=_servers,
    ),
    flag("--volume", "The model volume.", metavar="DIR"),
    flag("--allowed-signers", "Only commits signed by these SSH signers, whatever git says of it.", metavar="FILE"),
    flag("--gpg-keys", "The same for OpenPGP public keys, the files of a folder.", metavar="DIR"),
    flag("--timeout", "For one operation of a server, or of git.", metavar="DURATION", callback=_timeout),
    flag("--log-format", "How progress and errors are told.", type=click.Choice(["text", "json"]), default="text"),
)


def output_of(*kinds: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """`-o` with these kinds, the first of them if nothing is said."""
    told = "How the result is printed: for people, or as one JSON document"
    more = ", or as Markdown for a pull request" if "markdown" in kinds else ""
    more += ", or as annotations of GitHub Actions" if "github" in kinds else ""
    kind = click.Choice(kinds)
    return click.option("-o", "--output", type=kind, default=kinds[0], show_default=True, help=f"{told}{more}.")


OUTPUT = output_of("text", "json")

REMOVALS = click.option(
    "--allow-removals", type=click.IntRange(min=0), metavar="N", help="How many models may be removed."
)


ADOPT = click.option(
    "--adopt",
    multiple=True,
    metavar="MODEL",
    shell_complete=completing.models,
    help="Take over a directory of this name in models/ that is not ours; may be given again.",
)


def _labels(context: click.Context, parameter: click.Parameter, value: str | None) -> Selector | None:
    try:
        return labels.selector(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which models a command is about: names or labels, everything if neither was given."""

    models: tuple[str, ...] = ()
    labels: Selector | None = None


def choosing(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command `-l` and MODEL arguments as one value, `chosen`. Names and labels do not go together."""

    @functools.wraps(command)
    def wrapper(*args: Any, models: tuple[str, ...], selector: Selector | None, **flags: Any) -> int:
        if models and selector is not None:
            message = "name MODELs or choose them with --selector, not both"
            raise click.UsageError(message)
        return command(*args, chosen=Chosen(models=models, labels=selector), **flags)

    told = "Only models with these labels, as with `kubectl -l`: tier=gold,team!=nlp."
    option = click.option("-l", "--selector", metavar="LABELS", callback=_labels, help=told)
    names = click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=completing.plans_and_models)
    return option(names(wrapper))


VERIFY = flag(
    "--verify",
    "Read everything on the volume; what is not what its digest says is damaged, whatever its size and time are.",
    is_flag=True,
)

MAX_BANDWIDTH = flag(
    "--max-bandwidth",
    "The most that all fetches together take a second, like 20M.",
    metavar="BYTES",
    callback=_bandwidth,
)

TRANSFERS = flag(
    "--transfers",
    "How many files, or ranges of big ones, are fetched at once.",
    type=click.IntRange(min=1, max=256),
    default=16,
    show_default=True,
)

TRACES = click.option(
    "--traces/--no-traces",
    default=None,
    envvar="RECONCILE_TRACES",
    show_envvar=True,
    help="Send OpenTelemetry traces; else only if OTEL_EXPORTER_OTLP_ENDPOINT says where to.",
)


def _ended(work: Callable[[], int], output: str | None, *, as_json: bool) -> int:
    logs.set_up(as_json=as_json)
    try:
        return work()
    except ReconcileError as error:
        out.complain_of(error, as_json=as_json)
        if output == "json":
            out.document(out.failure(error))
        from reconciler.cli import exits

        return exits.of_error(error)


def reported(command: Callable[..., int]) -> Callable[..., int]:
    """Ends an expected failure of a command without the shared flags with its message and exit code."""

    @functools.wraps(command)
    def wrapper(**flags: Any) -> int:
        signals.gentle()
        return _ended(functools.partial(command, **flags), flags.get("output"), as_json=False)

    return wrapper


def shared(command: Callable[..., int], heavy: str = "reconciler.reconcile") -> Callable[..., int]:
    """Gives a command the shared flags as one value, and ends an expected failure with its message and exit code.

    `heavy`: what takes its time to import, which is done before it begins.
    """

    @functools.wraps(command)
    def wrapper(*, log_format: str, server: tuple[str, ...], **flags: Any) -> int:
        shared_flags = {name: flags.pop(name) for name in _SHARED}
        servers = tuple(url for url in server if url != NONE)
        common = Common(**shared_flags, servers=servers, no_server=NONE in server, log_json=log_format == "json")

        def work() -> int:
            signals.importing(heavy)
            return command(common, **flags)

        return _ended(work, flags.get("output") or flags.get("form"), as_json=common.log_json)

    return functools.reduce(lambda inner, flag: flag(inner), reversed(_FLAGS), wrapper)
