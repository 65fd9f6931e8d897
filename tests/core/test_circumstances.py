"""When a stalled model is tried again: what it depends on besides its own generation, as plans and statuses see it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.core.content import Content, Unavailable, Unfetched
from reconciler.core.errors import Problem, Reason
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Active, Observed, ServerView, Serving, StalledAt, Unreachable, VolumeView
from reconciler.core.plan import Change, Load, ModelPlan, Outcome, Plan, Result, Step
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired, Probe
from reconciler.core.statuses.status import ModelStatus, Pass, stalled, summarise
from tests.core.status_worlds import LATER, NOW, serves
from tests.property.strategies import TARGET, TODAY, Variant, tree_of
from tests.property.world import content_blobs

BASE = Variant(name="base", number=1, data_type="TYPE_FP32")
BERT = tuple(Variant(name="bert", number=number, data_type="TYPE_FP32") for number in (1, 2, 3))
PIPE = tuple(Variant(name="pipe", number=number, data_type="TYPE_FP32", members=("bert",)) for number in (1, 2, 3))
PROBE = Probe(inputs=(), outputs=())
DOWN = Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")
UNREAD: tuple[Content, ...] = (
    Unfetched(size=1),
    Unavailable(reason=Reason.SOURCE_UNREACHABLE, message="refused", terminal=False),
)


def desired(*variants: Variant, probes: tuple[Probe, ...] = ()) -> Desired:
    return Desired(revision="c1", models={one.name: replace(one.spec(), probes=probes) for one in variants})


def observed(
    wanted: tuple[Variant, ...], active: tuple[Variant, ...], memory: Mapping[str, StalledAt] | None = None
) -> Observed:
    trees = {one.name: tree_of(one) for one in active}
    views: dict[str, ServerView] = {
        "t0": Serving(models={name: serves(tree.generation) for name, tree in trees.items()})
    }
    contents = {one.name: one.known() for one in wanted}
    blobs = {blob for content in contents.values() for blob in content_blobs(content)}
    return Observed(
        volume=VolumeView(
            entries={name: Active(generation=tree.generation, tree=tree) for name, tree in trees.items()},
            trees={tree.generation: tree for tree in trees.values()},
            blobs=dict.fromkeys(blobs, 1),
        ),
        servers=views,
        contents=contents,
        stalled=memory or {},
    )


def planned(wish: Desired, seen: Observed) -> Plan:
    return plan(wish, seen, TARGET, Request(today=TODAY, no_server=not seen.servers))


def line(found: Plan, name: str) -> ModelPlan:
    return next(each for each in found.models if each.model == name)


def failed(one: Variant, reason: Reason) -> Outcome:
    action = Load(model=one.name, server="t0", tree=tree_of(one), timeout=1, retries=0)
    step = Step(id=f"load:{one.name}@t0", action=action, reason=Reason.GENERATION_CHANGED)
    return Outcome(step=step, result=Result.FAILED, reason=reason, message="no", terminal=True)


def stalled_pipe(reason: Reason = Reason.PROBE_FAILED) -> Mapping[str, ModelStatus]:
    """Pipe 2 over bert 1, its golden request answered wrongly; pipe 1 goes on serving."""
    wish, seen = desired(BERT[0], PIPE[1]), observed((BERT[0], PIPE[1]), (BERT[0], PIPE[0]))
    done = Pass(plan=planned(wish, seen), outcomes=(failed(PIPE[1], reason),), observed=seen, desired=wish)
    return summarise(done, {}, now=NOW)


def passed(wish: Desired, seen: Observed, before: Mapping[str, ModelStatus]) -> Mapping[str, ModelStatus]:
    """The status after a pass in which nothing could be done."""
    found = planned(wish, replace(seen, stalled=stalled(before)))
    return summarise(Pass(plan=found, outcomes=(), observed=seen, desired=wish), before, now=LATER)


MEMORY = stalled(stalled_pipe())
STALLED = (Change.HELD, Reason.STALLED)
TRIED = (Change.UPDATE, Reason.GENERATION_CHANGED)


def of(found: Plan, name: str = "pipe") -> tuple[Change, Reason]:
    told = line(found, name)
    return told.change, told.reason


def test_a_stalled_model_is_not_tried_again_while_nothing_around_it_changes() -> None:
    seen = observed((BERT[0], PIPE[1]), (BERT[0], PIPE[0]), MEMORY)
    assert of(planned(desired(BERT[0], PIPE[1]), seen)) == STALLED


def test_corrected_golden_requests_have_a_stalled_model_tried_again() -> None:
    seen = observed((BERT[0], PIPE[1]), (BERT[0], PIPE[0]), MEMORY)
    assert of(planned(desired(BERT[0], PIPE[1], probes=(PROBE,)), seen)) == TRIED


def test_a_stalled_ensemble_is_tried_again_with_a_new_generation_of_its_member() -> None:
    seen = observed((BERT[1], PIPE[1]), (BERT[0], PIPE[0]), MEMORY)
    assert of(planned(desired(BERT[1], PIPE[1]), seen)) == TRIED


def test_a_model_is_tried_again_with_a_new_generation_of_what_it_declares_to_need() -> None:
    def wish(bert: Variant) -> Desired:
        found = desired(bert, BASE)
        return replace(found, models={**found.models, "base": replace(found.models["base"], depends_on=("bert",))})

    seen = observed((BERT[0], BASE), (BERT[0],))
    before = summarise(
        Pass(
            plan=planned(wish(BERT[0]), seen),
            outcomes=(failed(BASE, Reason.LOAD_FAILED),),
            observed=seen,
            desired=wish(BERT[0]),
        ),
        {},
        now=NOW,
    )
    assert of(planned(wish(BERT[0]), replace(seen, stalled=stalled(before))), "base") == STALLED
    seen = observed((BERT[1], BASE), (BERT[0],), stalled(before))
    assert of(planned(wish(BERT[1]), seen), "base") == (Change.CREATE, Reason.NOT_ON_VOLUME)


def test_a_member_that_was_kept_and_comes_up_later_has_the_ensemble_tried_again() -> None:
    wish, seen = desired(BERT[1], PIPE[1]), observed((BERT[1], PIPE[1]), (BERT[0], PIPE[0]))
    both = (failed(BERT[1], Reason.LOAD_FAILED), failed(PIPE[1], Reason.PROBE_FAILED))
    before = stalled(summarise(Pass(plan=planned(wish, seen), outcomes=both, observed=seen, desired=wish), {}, now=NOW))
    again = planned(wish, replace(seen, stalled=before))
    assert (of(again, "bert"), of(again)) == (STALLED, STALLED)
    assert of(planned(wish, observed((BERT[1], PIPE[1]), (BERT[1], PIPE[0]), before))) == TRIED


@pytest.mark.parametrize("content", UNREAD)
def test_a_member_of_which_nothing_is_known_is_no_reason_to_try_again(content: Content) -> None:
    seen = observed((PIPE[1],), (BERT[0], PIPE[0]), MEMORY)
    seen = replace(seen, contents={**seen.contents, "bert": content})
    assert of(planned(desired(BERT[0], PIPE[1]), seen)) == STALLED


def test_corrected_golden_requests_count_also_where_a_member_is_not_read() -> None:
    seen = observed((PIPE[1],), (BERT[0], PIPE[0]), MEMORY)
    assert of(planned(desired(BERT[0], PIPE[1], probes=(PROBE,)), seen)) == TRIED


def test_a_rejected_member_is_no_reason_to_try_again() -> None:
    problem = Problem(file="models.d/bert.yaml", line=1, column=1, path="", found="x", expected="y")
    wish = replace(desired(PIPE[1]), rejected={"bert": (problem,)})
    assert of(planned(wish, observed((PIPE[1],), (BERT[0], PIPE[0]), MEMORY))) == STALLED


def test_a_member_that_became_wrong_in_another_way_is_a_change_and_is_tried_once() -> None:
    seen = observed((PIPE[1],), (BERT[0], PIPE[0]), MEMORY)
    seen = replace(seen, contents={**seen.contents, "bert": replace(BERT[0].known(), files={None: ()}, configs={})})
    assert of(planned(desired(BERT[0], PIPE[1]), seen)) == TRIED


def test_a_model_that_took_down_what_is_above_it_is_tried_again_when_that_changes() -> None:
    wish, seen = desired(BERT[1], PIPE[0]), observed((BERT[1], PIPE[0]), (BERT[0], PIPE[0]))
    for reason, expected in ((Reason.DEPENDENT_DOWN, TRIED), (Reason.LOAD_FAILED, STALLED)):
        done = Pass(plan=planned(wish, seen), outcomes=(failed(BERT[1], reason),), observed=seen, desired=wish)
        before = stalled(summarise(done, {}, now=NOW))
        assert of(planned(wish, replace(seen, stalled=before)), "bert") == STALLED
        changed = observed((BERT[1], PIPE[1]), (BERT[0], PIPE[0]), before)
        assert of(planned(desired(BERT[1], PIPE[1]), changed), "bert") == expected


def test_an_unreachable_server_neither_moves_a_stalled_model_nor_forgets_it() -> None:
    wish, seen = desired(BERT[0], PIPE[1]), observed((BERT[0], PIPE[1]), (BERT[0], PIPE[0]))
    away = replace(seen, servers={"t0": DOWN})
    told = line(planned(wish, replace(away, stalled=MEMORY)), "pipe")
    assert (told.change, told.reason, told.stalled, told.wanted) == (*STALLED, True, tree_of(PIPE[1]).generation)
    assert told.message.endswith("t0 could not be looked at, so nothing is known of what is served")
    after = passed(wish, away, stalled_pipe())
    assert stalled(after) == MEMORY
    without = planned(wish, replace(seen, servers={}, stalled=stalled(after)))
    assert of(without) == STALLED
    assert without.empty


def test_a_kept_model_that_no_server_tells_of_is_not_said_to_be_what_git_wants() -> None:
    wish, seen = desired(BERT[0], PIPE[1]), observed((BERT[0],), (BERT[0], PIPE[0]))
    told = line(planned(wish, replace(seen, servers={"t0": DOWN}, contents={"bert": BERT[0].known()})), "pipe")
    assert (told.change, told.reason, told.wanted) == (Change.HELD, Reason.SERVER_UNREACHABLE, None)


def test_a_kept_model_in_repair_does_not_forget_what_is_stalled() -> None:
    wish, seen = desired(BERT[0], PIPE[1]), observed((BERT[0], PIPE[1]), (BERT[0], PIPE[0]))
    lost = replace(seen, servers={"t0": Serving()}, contents={**seen.contents, "pipe": UNREAD[1]})
    told = line(planned(wish, replace(lost, stalled=MEMORY)), "pipe")
    assert (told.change, told.kept) == (Change.MEND, Reason.SOURCE_UNREACHABLE)
    after = passed(wish, lost, stalled_pipe())
    assert stalled(after) == MEMORY
    assert after["pipe"].generation == tree_of(PIPE[1]).generation
