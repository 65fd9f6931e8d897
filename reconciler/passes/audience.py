"""Whom to tell what came of a pass: known before anything is done, so that nothing of it can fail afterwards."""

from dataclasses import dataclass, field
from pathlib import Path

from reconciler.adapters import gitrepo, notices, trust
from reconciler.core.web_links import public
from reconciler.passes.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told. `remote` is the repository's address and may hold a secret, `source` is how events name it."""

    forge: notices.Forge | None
    receivers: tuple[notices.Receiver, ...]
    remote: str = field(repr=False)
    source: str
    bundle: str | None


def audience(options: Options) -> Audience:
    """Raises UsageError and TerminalError where somebody is to be told whom nobody could ever tell."""
    asked = options.notices
    if asked.github is None and not asked.urls:
        return Audience(forge=None, receivers=(), remote="", source="", bundle=None)
    remote = gitrepo.origin(options.repo) or ""
    forge, receivers = notices.settings_of(asked, remote, options.environment)
    return Audience(
        forge=forge,
        receivers=receivers,
        remote=remote,
        source=public(remote) or Path(options.repo.removeprefix("file://")).absolute().as_uri(),
        bundle=trust.bundle(options.environment),
    )
