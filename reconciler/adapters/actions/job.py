"""What a job of GitHub Actions is told of itself, by variables and by the event's file.

Source: docs.github.com, "Variables reference" and "Events that trigger workflows".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.errors import Reason, UsageError

_PULL_EVENTS = ("pull_request", "pull_request_target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request; `text` is its title and its description, of which a commit message may be made."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Empty texts are what is not told. `repo`: the address of the repository; `ref`: what the event is about."""

    repo: str = ""
    ref: str = ""
    api: str = ""
    repository: str = ""
    pull: Pull | None = None
    summary: str = ""
    outputs: str = ""
    token: str = field(default="", repr=False)


def job(environment: Mapping[str, str]) -> Job:
    """The job that this runs in; an empty one outside of GitHub Actions. Raises UsageError for an odd event."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return Job()
    name = environment.get("GITHUB_EVENT_NAME", "")
    pull = _pull(environment.get("GITHUB_EVENT_PATH", "")) if name in _PULL_EVENTS else None
    ref = environment.get("GITHUB_SHA", "")
    if pull is not None and name == "pull_request_target":  # whose commit is that of the base
        ref = f"refs/pull/{pull.number}/merge"
    repository = environment.get("GITHUB_REPOSITORY", "")
    server = environment.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    return Job(
        repo=f"{server}/{repository}" if repository else "",
        ref=ref,
        api=environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        repository=repository,
        pull=pull,
        summary=environment.get("GITHUB_STEP_SUMMARY", ""),
        outputs=environment.get("GITHUB_OUTPUT", ""),
        token=environment.get("GITHUB_TOKEN", ""),
    )


def _pull(path: str) -> Pull:
    try:
        with open(path, encoding="utf-8") as stream:
            event = json.load(stream)
        found = event["pull_request"]
        return Pull(
            number=int(found["number"]),
            text=f"{found.get('title') or ''}\n\n{found.get('body') or ''}",
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"the event of this job cannot be read from {path or 'nowhere'}"
        raise UsageError(
            Reason.USAGE, message, "GITHUB_EVENT_PATH names its file, which GitHub Actions sets"
        ) from error
