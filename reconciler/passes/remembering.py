"""A look at nothing but git: what would change since the last committed status (spec §5, `plan --observed status`)."""

from dataclasses import replace
from datetime import datetime

from reconciler.adapters import gitrepo
from reconciler.core.planning import planner
from reconciler.core.spec import Desired
from reconciler.core.statuses.remembered import recalled
from reconciler.passes.asking import request_of
from reconciler.passes.choosing import asked_of, check_models, named_target, with_models
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from reconciler.passes.reading import read_desired, read_memory
from reconciler.passes.trusting import admitted


def recall(options: Options, *, now: datetime) -> Look:
    """Plans against the last committed status: no volume, no server and no source is touched, no secret is needed.

    Raises ReconcileError where git cannot be read, names no such target or model, or is not trusted.
    """
    access = options.access(None)
    desired = read_desired(options, access)
    admitted(desired, named_target(desired, options), options)
    return recall_of(desired, options, access, now=now)


def recall_of(desired: Desired, options: Options, access: gitrepo.Access, *, now: datetime) -> Look:
    """The same where the desired state was read already, signed or not: a pull request's merge never is."""
    target = named_target(desired, options)
    options = with_models(desired, target, options)
    memory = read_memory(desired, target, options, access)
    observed = recalled(desired, target, asked_of(desired, target, options), memory)
    check_models(desired, observed, options)
    options = replace(options, no_server=not observed.servers)
    planned = planner.plan(desired, observed, target, request_of(options, desired, now, {}))
    return Look(desired=desired, target=target, observed=observed, plan=planned, statuses=memory.statuses or {})
