"""`reconcile plan`: a look, and what follows; but the same plan again where nothing has changed (docs/adr/0015).

Promise: what is told is what a full look would tell. All that the plan followed from is asked for, from git's tip to
the configs that are served; where any of it is another than it was, or cannot be had, it is planned anew.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from reconciler.adapters.volume import memos
from reconciler.core.errors import Problem
from reconciler.core.memo import Memo, row_name
from reconciler.core.plan import Plan
from reconciler.core.planning.quiet import Quiet, from_json, listed, to_json
from reconciler.passes import grounds
from reconciler.passes.options import Options
from reconciler.render import problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A plan, and what is wrong with the documents it was made from."""

    plan: Plan
    problems: tuple[Problem, ...] = ()


def outlook(options: Options, look: Callable[[Options, datetime], grounds.Seen], *, now: datetime) -> Outlook:
    """What would happen now, by a `look` if need be; changes nothing but what the volume remembers.

    Raises ReconcileError as a look does.
    """
    if not options.volume or options.verify:
        return outlook_of(look(options, now))
    memo = memos.recalled(options.volume, memos.QUIET)
    row = _row(options, now)
    known = _known(memo, row)
    plan = None if known is None else grounds.again(options, options.volume, known)
    if plan is not None:
        return Outlook(plan=plan)
    noted = grounds.before(options, options.volume)
    seen = look(options, now)
    found = grounds.quiet(noted, seen)
    if found is not None and not listed(seen.observed) and seen.target.volume == options.volume:
        memo.keep(row, to_json(found))
        memos.keep(options.volume, memo, memos.QUIET)
    return outlook_of(seen)


def outlook_of(seen: grounds.Seen) -> Outlook:
    """What a look tells."""
    return Outlook(plan=seen.plan, problems=problems.of(seen.desired))


def _row(options: Options, now: datetime) -> str:
    """The name of what is known for these options, and for today."""
    where = (options.repo, options.ref, options.path, options.target, options.servers, options.volume)
    what = (options.models, str(options.labels), options.timeout, options.allow_removals, options.no_server)
    return row_name("quiet", repr((where, what, options.adopt, options.pinned is None, now.date())).encode())


def _known(memo: Memo, row: str) -> Quiet | None:
    with suppress(ValueError, TypeError, AttributeError, LookupError):
        return from_json(memo.recall(row))
    return None
