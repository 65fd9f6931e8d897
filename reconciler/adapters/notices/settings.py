"""Who is told, where, and with which secrets: by options and environment, as the operator sets them."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.core.errors import Reason, TerminalError, UsageError
from reconciler.core.web_links import address_of

TOKENS = ("RECONCILE_GITHUB_TOKEN", "GITHUB_TOKEN")
_API, _FILE = "https://api.github.com", "_FILE"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


class Channel(StrEnum):
    """How a forge is told."""

    STATUSES = "statuses"
    CHECKS = "checks"


class Mode(StrEnum):
    """How an event travels."""

    STRUCTURED = "structured"
    BINARY = "binary"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What a command line asks for: `github` None and no `urls` is nobody. `required`: that it fails is a failure."""

    github: Channel | None = None
    github_api: str | None = None
    github_repository: str | None = None
    urls: tuple[str, ...] = field(default=(), repr=False)
    mode: Mode = Mode.STRUCTURED
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """A repository of GitHub, and what opens it."""

    channel: Channel
    api: str
    repository: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver of events; its path may be a secret."""

    url: str = field(repr=False)
    mode: Mode
    token: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """Scheme and host alone."""
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def settings_of(
    asked: Notices, remote: str | None, environment: Mapping[str, str]
) -> tuple[Forge | None, tuple[Receiver, ...]]:
    """Whom to tell; `remote` is the address of the repository, which tells GitHub's name of it.

    Raises UsageError for what does not fit or is not said, TerminalError for secrets that are missing or unreadable.
    """
    forge = _forge(asked, asked.github, remote, environment) if asked.github is not None else None
    token, secret = _secret("RECONCILE_NOTIFY_TOKEN", environment), _secret("RECONCILE_NOTIFY_SECRET", environment)
    receivers = tuple(Receiver(url=_checked(url), mode=asked.mode, token=token, secret=secret) for url in asked.urls)
    return forge, receivers


def _forge(asked: Notices, channel: Channel, remote: str | None, environment: Mapping[str, str]) -> Forge:
    api, repository = _api(asked.github_api, remote), asked.github_repository or _named(remote)
    if api is None or repository is None or not _REPOSITORY.fullmatch(repository):
        message = "where to report to GitHub does not follow from --repo"
        raise UsageError(Reason.USAGE, message, "give --github-repository OWNER/NAME and --github-api URL")
    found = (_secret(name, environment) for name in TOKENS)
    token = next((token for token in found if token is not None), None)
    if token is None:
        hint = f"set {TOKENS[0]}, {TOKENS[0]}{_FILE} or {TOKENS[1]}; it needs the right to write {channel.value}"
        raise TerminalError(Reason.CREDENTIALS_MISSING, "there is no token to report to GitHub with", hint)
    return Forge(channel=channel, api=api, repository=repository, token=token)


def _api(given: str | None, remote: str | None) -> str | None:
    """As given; else GitHub's own, if the repository is there: a token goes nowhere that nobody named."""
    if given is None:
        address = address_of(remote) if remote else None
        if address is not None and address.host.endswith(".ghe.com"):
            return f"https://api.{address.host}"
        return _API if address is not None and address.host == "github.com" else None
    parts = urllib.parse.urlsplit(_checked(given))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise UsageError(Reason.USAGE, "--github-api must be https://: a token goes there", "check the address")
    return given.rstrip("/")


def _named(remote: str | None) -> str | None:
    address = address_of(remote) if remote else None
    return None if address is None else address.path


def _checked(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        message = "an address to notify is no http:// or https:// URL"
        raise UsageError(Reason.USAGE, message, "check --notify-url and --github-api, and their variables")
    return url


def _secret(name: str, environment: Mapping[str, str]) -> str | None:
    """A variable's value, or what is in the file that its fellow with _FILE names; read afresh by each run."""
    value = environment.get(name, "").strip() or _read(name + _FILE, environment.get(name + _FILE))
    if value is not None and not (value.isascii() and value.isprintable()):
        hint = "one line of plain text is expected"
        raise TerminalError(Reason.CREDENTIALS_MISSING, f"what {name} (or {name}{_FILE}) says is no token", hint)
    return value or None


def _read(name: str, path: str | None) -> str | None:
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as stream:
            found = stream.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        hint = f"correct {name}, and let the user this runs as read the file"
        raise TerminalError(Reason.CREDENTIALS_MISSING, f"{path} cannot be read: {why}", hint) from error
    if not found:
        raise TerminalError(Reason.CREDENTIALS_MISSING, f"{path}, which {name} names, is empty", f"correct {name}")
    return found
