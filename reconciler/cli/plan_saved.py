"""What a saved plan is held against: the world, the repository by now, and what was applied before."""

import re
from dataclasses import replace
from datetime import datetime

from reconciler import reconcile
from reconciler.adapters.volume.applied import was_applied
from reconciler.cli.plan_saving import saved
from reconciler.core.errors import Reason, StaleError, UsageError
from reconciler.core.planning.saved import Saved, differences, overtaken
from reconciler.passes.beginning import revision
from reconciler.passes.looking import Look
from reconciler.passes.options import Options

_COMMIT = re.compile(r"[0-9a-f]{40}")


def meant(plan: Saved, options: Options) -> Options:
    """The options with what the plan says of its revision and its models.

    A commit without any ref was that of a work tree, if the repository is one: its relative paths lead from there.
    """
    committed = _COMMIT.fullmatch(plan.revision) is not None
    ref = plan.revision if committed else options.ref
    rooted = committed and not (options.ref or plan.ref)
    verify = options.verify or plan.verify
    target = options.target or plan.target
    asked = replace(options, target=target, models=plan.models, adopt=plan.adopt, verify=verify)
    return replace(asked, ref=ref, rooted=rooted)


def check(path: str, plan: Saved, seen: Look) -> None:
    """Raises StaleError where the world has moved on in a way that touches the plan, or it was applied before."""
    if was_applied(seen.target.volume, plan.id):
        raise _stale(path, ["it was applied before, and a plan is good for once"])
    moved = list(differences(plan, saved(seen, Options())))
    if moved:
        raise _stale(path, moved)


def check_newest(path: str, plan: Saved, options: Options, now: datetime) -> None:
    """Raises StaleError where the repository has moved on in a way that touches the plan.

    What it says meanwhile may be a revert, a freeze, or a stricter policy.
    """
    newest = replace(meant(plan, options), ref=options.ref or plan.ref or None)
    now_at = revision(newest)
    if now_at == plan.revision:
        return
    try:
        moved = list(overtaken(plan, reconcile.look(newest, now=now).plan))
    except UsageError as error:  # a model that is no longer there to be asked for
        moved = [error.message]
    if moved:
        raise _stale(path, [f"the repository is at {now_at[:12]} by now", *moved])


def _stale(path: str, moved: list[str]) -> StaleError:
    return StaleError(Reason.PLAN_STALE, f"{path} is stale: {'; '.join(moved[:8])}", "plan again; nothing was done")
