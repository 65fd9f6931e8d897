"""What the commands that run a pass share: its options, the environment, the clock."""

import os
from datetime import UTC, datetime

from reconciler.adapters import names
from reconciler.adapters.triton import endpoint
from reconciler.cli.options import Chosen, Common
from reconciler.core.errors import Reason, TerminalError, UsageError
from reconciler.core.servers import is_name
from reconciler.core.spec import CommitSigners
from reconciler.passes.options import Options


def now() -> datetime:
    """The one place where the clock enters."""
    return datetime.now(UTC)


def options(
    common: Common, chosen: Chosen | None = None, allow_removals: int | None = None, adopt: tuple[str, ...] = ()
) -> Options:
    """The options of one pass. Raises UsageError for what is no address of a server, and for pins that pin nobody."""
    for url in common.servers:
        _check(url)
    return Options(
        repo=common.repo,
        ref=common.ref,
        path=common.path,
        require_fresh=common.require_fresh,
        target=common.target,
        servers=common.servers,
        volume=common.volume,
        models=chosen.models if chosen else (),
        labels=chosen.labels if chosen else None,
        timeout=common.timeout,
        allow_removals=allow_removals,
        no_server=common.no_server,
        adopt=adopt,
        pinned=_pinned(common),
        environment=os.environ,
    )


def _pinned(common: Common) -> CommitSigners | None:
    if common.allowed_signers is None and common.gpg_keys is None:
        return None
    from reconciler.cli import pins

    return pins.pinned(common.allowed_signers, common.gpg_keys)


def _check(url: str) -> None:
    try:
        if is_name(url):
            names.check(url)
        else:
            endpoint.parse(url)
    except TerminalError as error:
        raise UsageError(Reason.USAGE, error.message, error.hint) from error
