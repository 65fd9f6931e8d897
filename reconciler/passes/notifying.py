"""Others are told what came of a pass: the models that turned, and how the revision stands.

It comes last, after the status commit, and undoes nothing. That it fails is told, and is no failure unless it must be.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from reconciler.adapters.notices import Timing, github, receivers, side_by_side
from reconciler.core import errors, web_links
from reconciler.core.statuses import transitions, verdict
from reconciler.core.trust.trusted import UntrustedError
from reconciler.passes.audience import Audience, audience
from reconciler.passes.committing import Report
from reconciler.passes.options import Options

_log = logging.getLogger(__name__)


def telling(options: Options, now: datetime, work: Callable[[], Report]) -> Report:
    """Does the work, then tells those who shall know of it. Raises what the work does, and what `audience` does."""
    to = audience(options)
    try:
        report = work()
    except UntrustedError as error:
        for failed in _distrust_told(to, error, options.target):
            _log.warning("%s", failed)
        raise
    return replace(report, untold=told(to, report, now))


def told(to: Audience, report: Report, now: datetime) -> tuple[errors.ReconcileError, ...]:
    """Tells everybody side by side, and gives what failed."""
    seen, timing = report.look, Timing()
    works = []
    if to.forge is not None and web_links.is_commit(seen.desired.revision):
        commit = _commit(seen.desired.revision, seen.target.name, _verdict(report), _page(to, report))
        works.append(("GitHub", partial(github.report, to.forge, commit, timing, to.bundle)))
    before, time = seen.statuses, now.strftime("%Y-%m-%dT%H:%M:%SZ")
    turned = transitions.transitions(before, report.statuses, target=seen.target.name, source=to.source, now=time)
    events = [transitions.event(each, to.source) for each in turned]
    if events:
        works += [(each.shown, partial(receivers.deliver, each, events, timing, to.bundle)) for each in to.receivers]
    return side_by_side(works, timing)


def _distrust_told(to: Audience, error: UntrustedError, target: str | None) -> tuple[errors.ReconcileError, ...]:
    """Tells the forge that a commit is not taken; `target` is the one that was asked for."""
    target = error.held.target if error.held is not None else target
    if to.forge is None or target is None or not web_links.is_commit(error.revision):
        return ()
    commit, timing = _commit(error.revision, target, verdict.verdict({}, refusal=error.message)), Timing()
    return side_by_side([("GitHub", partial(github.report, to.forge, commit, timing, to.bundle))], timing)


def _verdict(report: Report) -> verdict.Verdict:
    desired, refusal = report.look.desired, report.look.plan.refusal
    words = refusal.message if refusal is not None else ""
    rejected = len(desired.rejected) + len(desired.problems)
    return verdict.verdict(report.statuses, refusal=words, rejected=rejected)


def _commit(revision: str, target: str, found: verdict.Verdict, page: str = "") -> github.Commit:
    return github.Commit(revision=revision, context=f"reconcile/{target}", verdict=found, page=page)


def _page(to: Audience, report: Report) -> str:
    """The target's page on the status branch; empty where that is not known."""
    address = web_links.address_of(to.remote)
    branch = report.look.desired.repository.status_branch
    return address.folder(branch, report.look.target.name) if address is not None else ""
