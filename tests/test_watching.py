"""A board follows a loop's passes: what came of each, what is known meanwhile, and when all had converged first."""

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.errors import Reason, TransientError
from reconciler.core.observed import Observed, Serving, Unreachable
from reconciler.core.plan import Plan, Refusal
from reconciler.core.spec import Desired, ModelSpec, Target
from reconciler.core.statuses.status import ModelStatus
from reconciler.core.trust.trusted import Trusted, UntrustedError
from reconciler.core.views.board import Board, Loop, readiness
from reconciler.core.views.tally import Ending
from reconciler.looping import watching
from reconciler.passes.committing import Report
from reconciler.passes.looking import Look
from tests.boards import NOW, model
from tests.plan_samples import EVERYTHING, OUTCOMES, REVISION, SERVER, SETTLED

LOOP = Loop(since=NOW - timedelta(minutes=10), interval=60)


def times(minutes: int) -> tuple[datetime, datetime]:
    began = NOW + timedelta(minutes=minutes)
    return began, began + timedelta(seconds=2)


def report(*models: ModelStatus, plan: Plan = SETTLED, up: bool = True) -> Report:
    """One that leaves these models; `m` was declared to need `n`."""
    view = Serving(version="2.51.0") if up else Unreachable(reason=Reason.SERVER_UNREACHABLE, message="refused")
    spec = ModelSpec(name="m", file="models.d/m.yaml", framework="python", depends_on=("n",))
    seen = Look(
        desired=Desired(revision=REVISION, models={"m": spec}),
        target=Target(name="prod"),
        observed=Observed(servers={SERVER: view}),
        plan=plan,
        statuses={},
    )
    outcomes = OUTCOMES if plan is EVERYTHING else ()
    return Report(look=seen, last=plan, outcomes=outcomes, statuses={one.name: one for one in models})


def begun() -> Board:
    return watching.beginning("prod", LOOP)


def test_before_the_first_pass_nothing_is_known_and_nothing_is_ready() -> None:
    shown = begun()
    assert (shown.target, shown.models, shown.passes) == ("prod", {}, ())
    assert not readiness(shown).well


def test_a_pass_is_running_until_it_is_over() -> None:
    shown = watching.pass_begun(begun(), NOW)
    assert shown.loop is not None
    assert shown.loop.running == NOW
    after = watching.after_report(shown, report(model("m")), Ending.SUCCESS, times(0))
    assert after.loop is not None
    assert (after.loop.running, after.loop.last) == (None, times(0)[1])


def test_the_board_has_what_the_last_pass_found_and_did() -> None:
    shown = watching.after_report(begun(), report(model("m"), plan=EVERYTHING), Ending.INCOMPLETE, times(0))
    assert (shown.revision, shown.at, shown.plan) == (REVISION, times(0)[1], EVERYTHING)
    assert shown.needs == {"m": frozenset({"n"})}
    assert [(one.url, one.up, one.told) for one in shown.servers] == [(SERVER, True, "Triton 2.51.0")]
    passed = shown.passes[0]
    assert (passed.ending, passed.seconds, passed.outcomes) == (Ending.INCOMPLETE, 2.0, OUTCOMES)
    dead = watching.after_report(shown, report(model("m"), up=False), Ending.ERROR, times(1))
    assert [(one.up, one.told) for one in dead.servers] == [(False, "refused")]


def test_the_first_convergence_is_reached_once_and_stays_reached() -> None:
    waiting = watching.after_report(begun(), report(model("m", Reason.PENDING)), Ending.INCOMPLETE, times(0))
    assert not readiness(waiting).well
    good = watching.after_report(waiting, report(model("m")), Ending.SUCCESS, times(1))
    assert readiness(good).well
    later = watching.after_report(good, report(model("m", Reason.PENDING)), Ending.INCOMPLETE, times(2))
    assert later.loop is not None
    assert later.loop.converged == times(1)[1]
    assert readiness(later).well


def test_what_waits_for_another_try_has_not_converged() -> None:
    failed = replace(report(model("m")), waiting=frozenset({"n"}))
    waiting = watching.after_report(begun(), failed, Ending.INCOMPLETE, times(0))
    assert not readiness(waiting).well
    assert readiness(watching.after_report(waiting, report(model("m")), Ending.SUCCESS, times(1))).well


def test_a_pass_that_ends_early_leaves_what_is_known_and_never_counts_as_converged() -> None:
    error = TransientError(Reason.REPOSITORY_UNREACHABLE, "git cannot be reached", "check the network")
    first = watching.after_error(begun(), error, Ending.ERROR, times(0))
    assert not readiness(first).well
    assert first.passes[0].message == "git cannot be reached; check the network"
    good = watching.after_report(first, report(model("m")), Ending.SUCCESS, times(1))
    after = watching.after_error(good, ValueError("secret"), Ending.ERROR, times(2))
    assert (after.models, after.at) == (good.models, good.at)
    assert after.passes[0].message == "this is a bug: ValueError"


def test_a_revision_that_is_not_trusted_is_shown_until_one_is() -> None:
    held = Trusted(revision="a" * 40, since="a" * 40, committed=0, signers=None, target="prod", branch="status")
    error = UntrustedError("signed by nobody", "sign it", held=held, volume="/v", revision="b" * 40)
    shown = watching.after_error(begun(), error, Ending.REFUSED, times(0))
    assert shown.held is not None
    assert (shown.held.revision, shown.held.refused) == ("a" * 40, "b" * 40)
    assert watching.after_report(shown, report(model("m")), Ending.SUCCESS, times(1)).held is None


def test_a_refusal_and_a_status_that_could_not_be_written_are_told_with_the_pass() -> None:
    refused = replace(SETTLED, refusal=Refusal(reason=Reason.EMPTY_REFUSED, message="all would go"))
    shown = watching.after_report(begun(), report(model("m"), plan=refused), Ending.REFUSED, times(0))
    assert shown.passes[0].message == "all would go"
    assert not readiness(shown).well
    failed = replace(report(model("m")), publish_error=TransientError(Reason.PUSH_REFUSED, "a hook says no", ""))
    assert watching.after_report(shown, failed, Ending.INCOMPLETE, times(1)).passes[0].message == "a hook says no"
