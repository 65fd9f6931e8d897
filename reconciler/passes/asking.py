"""What a pass asks of the planner."""

from collections.abc import Mapping
from datetime import datetime

from reconciler.core.configs.assembly import afresh
from reconciler.core.content import Unavailable
from reconciler.core.judging.verdicts import Request
from reconciler.core.memo import Memo
from reconciler.core.parsing.freeze import frozen
from reconciler.core.parsing.recalling import assembling
from reconciler.core.spec import Desired
from reconciler.passes.options import Options


def request_of(
    options: Options,
    desired: Desired,
    now: datetime,
    failed: Mapping[str, Unavailable],
    memo: Memo | None = None,
) -> Request:
    """What the options and the hour ask of the planner; `failed`: models whose fetch failed in this run already."""
    return Request(
        today=now.date(),
        models=frozenset(options.models),
        failed=failed,
        frozen=frozen(desired.repository.policy.freeze, now),
        allow_removals=options.allow_removals,
        no_server=options.no_server,
        adopt=frozenset(options.adopt),
        assemble=afresh if memo is None else assembling(memo),
    )
