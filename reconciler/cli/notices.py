"""The flags that say who is told what came of an apply: nobody, if none is given."""

import functools
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.options import flag


def _urls(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty ones: a variable that a manifest leaves empty is one that it does not set."""
    del context, parameter
    return tuple(url for url in value if url)


_FLAGS = (
    flag(
        "--github-report",
        "Tell GitHub how the commit stands: as a commit status, or (with a GitHub App's token) as a check run.",
        type=click.Choice(["statuses", "checks"]),
    ),
    flag("--github-repository", "Its name on GitHub, if --repo does not say so.", metavar="OWNER/NAME"),
    flag("--github-api", "The API, if it is not github.com: https://HOST/api/v3.", metavar="URL"),
    flag(
        "--notify-url",
        "Send a CloudEvent there for each model whose Ready changed; may be given again.",
        multiple=True,
        metavar="URL",
        callback=_urls,
    ),
    flag(
        "--notify-mode",
        "How events are sent: as JSON, with the attributes as headers, or many at once.",
        type=click.Choice(["structured", "binary", "batch"]),
        default="structured",
        show_default=True,
    ),
    flag("--require-notified", "End with 6 if somebody could not be told.", is_flag=True),
)


def notifying(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command these flags as one value, `notices`."""

    @functools.wraps(command)
    def wrapper(*args: Any, github_report: str | None, notify_mode: str, **flags: Any) -> int:
        from reconciler.adapters.notices import Channel, Mode, Notices

        notices = Notices(
            github=Channel(github_report) if github_report else None,
            github_api=flags.pop("github_api"),
            github_repository=flags.pop("github_repository"),
            urls=flags.pop("notify_url"),
            mode=Mode(notify_mode),
            required=flags.pop("require_notified"),
        )
        return command(*args, notices=notices, **flags)

    return functools.reduce(lambda inner, flag: flag(inner), reversed(_FLAGS), wrapper)
