"""A plan as a person reads it."""

from dataclasses import replace
from textwrap import dedent

import pytest

from reconciler.core.amounts import Span
from reconciler.core.errors import Reason
from reconciler.core.plan import Change, ModelPlan, Moves, Plan, Refusal, Versions
from reconciler.render import plan_json, plan_markdown, plan_text
from reconciler.render.line import Line, Tone, text, wrapped
from reconciler.render.plan_text import SIGNS, lines
from reconciler.render.summary import Outlook, outlook
from tests.plan_samples import BLIND, EVERYTHING, REVISION, SERVER, SETTLED, created, fetch, generation, prune


def shown(plan: Plan) -> str:
    return text(lines(plan))


def last(plan: Plan) -> str:
    return shown(plan).splitlines()[-1]


def test_every_change_has_its_sign_its_reason_and_its_steps_in_order() -> None:
    assert shown(EVERYTHING) == dedent(f"""\
        Target prod, revision 4f1c2d3e5a6b.
        PERHAPS OLD: 4f1c2d3e5a6b is the last known revision; https://git.example/models cannot be reached: timed out

        -/+ bert  aaaaaaaaaaaa → bbbbbbbbbbbb
              GenerationChanged: what the spec wants differs from what is on the volume
              unload from {SERVER}
              gap in service: both copies do not fit 80.0 GiB of gpuMemory

          + densenet  → 281ff580a24c
              NotOnVolume: it is not on the volume yet
              fetch 12.3 MiB
              activate 281ff580a24c
              load 281ff580a24c on {SERVER}

          ~ ens  eeeeeeeeeeee
              DependencyReloaded: densenet is loaded anew
              load b94a616403a0 on {SERVER}  (after load of densenet)
              warning: version 2 pins densenet 1

          ~ later  ffffffffffff → (known after fetch)
              ContentUnknown: what its source holds is known once it is fetched
              fetch (size not known before)  (NotOnVolume)
              what follows is planned once it is fetched

          ~ mended  cccccccccccc
              TreeDamaged: files of its tree are missing or changed

          - old  dddddddddddd
              Removed: the desired state does not have it any more
              unload from {SERVER}
              deactivate dddddddddddd

          ! asleep  held
              Suspended: incident 4711

          ! broken  stalled, stays at 888888888888
              PreflightFailed: 1/model.py is missing

          · theirs  not ours
              Foreign: a directory

        prune: 2 trees, 5 blobs, 12.3 MiB that nothing refers to

        To fetch: at least 12.3 MiB.
        GPU memory: 60.0 GiB now, up to 70.0 GiB, then 10.0 GiB (of 80.0 GiB); not known of ens (nothing declared).
        Plan: 1 to add, 4 to change, 1 to remove, 1 unchanged, 2 held.
        """)


@pytest.mark.parametrize("change", list(Change))
def test_every_change_has_a_sign(change: Change) -> None:
    assert SIGNS[change][0]


FULL = Span(name="gpuMemory", before=8 << 30, peak=8 << 30, after=8 << 30, capacity=5 << 30)


def test_a_capacity_that_is_less_than_what_stays_taken_is_a_warning_with_the_difference_and_what_to_do() -> None:
    told = (
        "warning: GPU memory: 3.0 GiB more than the 5.0 GiB of capacity.gpuMemory stay taken, and nothing that is "
        "served is taken away for that: raise it, correct the models' resources, or remove or disable models "
        "(load.enabled)"
    )
    plan = replace(SETTLED, spans=(FULL, replace(FULL, name="disk")))
    assert told in shown(plan).splitlines()
    assert "warning: Disk: 3.0 GiB more than the 5.0 GiB of capacity.disk stay taken" in shown(plan)
    assert "enlarge the volume" in shown(plan)
    assert "- warning: GPU memory: 3.0 GiB more" in plan_markdown.document(plan)
    assert len(plan_json.document(plan)["warnings"]) == 2  # type: ignore[arg-type]
    assert "warning" not in shown(replace(SETTLED, spans=(replace(FULL, after=5 << 30),)))


def test_memory_that_nobody_could_look_at_is_not_known_and_not_nothing() -> None:
    blind = Span(name="memory", before=None, peak=None, after=None, capacity=64 << 30)
    plan = replace(BLIND, spans=(blind, replace(blind, name="gpuMemory", capacity=None)))
    assert "Memory: not known, for no server could be looked at (of 64.0 GiB)." in shown(plan).splitlines()
    assert "GPU" not in shown(plan)


def test_versions_that_come_and_go_are_told_with_their_model() -> None:
    line = ModelPlan(
        model="power",
        change=Change.UPDATE,
        reason=Reason.GENERATION_CHANGED,
        versions=Versions(before=(2, 7), after=(7, 8)),
    )
    assert Line("      versions 2, 7 → 7, 8: 2 goes away", Tone.ALERT) in lines(replace(SETTLED, models=(line,)))
    more = replace(line, versions=Versions(before=(7,), after=(7, 8)))
    assert Line("      versions 7 → 7, 8") in lines(replace(SETTLED, models=(more,)))


def test_no_changes_is_a_sentence() -> None:
    assert last(SETTLED) == "No changes. 2 models are as revision 4f1c2d3e5a6b wants them."


def test_no_changes_of_one_model_is_a_sentence_in_the_singular() -> None:
    assert last(replace(SETTLED, models=SETTLED.models[:1])).endswith("1 model is as revision 4f1c2d3e5a6b wants it.")


def test_what_is_held_is_counted_where_nothing_else_changes() -> None:
    held = ModelPlan(model="asleep", change=Change.HELD, reason=Reason.SUSPENDED)
    assert last(replace(SETTLED, models=(*SETTLED.models, held))).endswith("wants them, 1 held.")


def test_an_empty_repository_on_an_empty_volume_says_so() -> None:
    assert last(replace(SETTLED, models=())) == "No changes. At revision 4f1c2d3e5a6b nothing is wanted."


def test_what_could_not_be_looked_at_is_named_and_is_never_no_changes() -> None:
    told = shown(BLIND)
    assert f"server {SERVER}: connection refused" in told
    assert "No changes" not in told
    assert last(BLIND) == "Plan: 0 to add, 0 to change, 0 to remove, 0 unchanged, 0 held."


def test_a_plan_that_only_prunes_is_not_no_changes() -> None:
    told = shown(replace(SETTLED, steps=(prune(),)))
    assert "prune: 2 trees, 5 blobs, 12.3 MiB that nothing refers to\n" in told
    assert "No changes" not in told


def test_a_refusal_stands_with_its_reason_and_hint_above_the_counts() -> None:
    refusal = Refusal(reason=Reason.REMOVALS_EXCEEDED, message="3 of 4 models would go", hint="say it in the commit")
    *_, why, hint, empty, counts = shown(replace(EVERYTHING, steps=(), spans=(), refusal=refusal)).splitlines()
    assert why == "Refused, nothing of this will be done: RemovalsExceeded: 3 of 4 models would go"
    assert (hint, empty) == ("  say it in the commit", "")
    assert counts.startswith("Plan: ")


def test_models_that_were_not_asked_for_are_one_line() -> None:
    others = tuple(
        ModelPlan(model=f"other{number}", change=Change.HELD, reason=Reason.NOT_SELECTED) for number in range(9)
    )
    told = shown(replace(EVERYTHING, models=(*EVERYTHING.models, *others)))
    assert "9 other models were not asked for." in told
    assert "other3" not in told


def test_an_unchanged_model_is_shown_if_there_is_a_warning() -> None:
    warned = replace(SETTLED.models[0], warnings=("two versions pin it",))
    assert "warning: two versions pin it" in shown(replace(SETTLED, models=(warned,)))


def test_a_dirty_work_tree_is_seen_in_the_revision() -> None:
    told = shown(replace(SETTLED, revision=f"{REVISION}-dirty-0123456789ab"))
    assert told.startswith("Target prod, revision 4f1c2d3e5a6b-dirty-0123456789ab.")


def test_the_size_of_fetches_is_added_up() -> None:
    told = shown(replace(SETTLED, steps=(fetch("a", 1024), fetch("b", 1024))))
    assert "To fetch: 2.0 KiB." in told


def test_long_lines_are_folded_with_an_indent() -> None:
    model = ModelPlan(
        model="m", change=Change.HELD, reason=Reason.STALLED, message="word " * 30, active=generation("a")
    )
    folded = [line.text for line in wrapped(lines(replace(SETTLED, models=(model,))), 60)]
    assert all(len(line) <= 60 for line in folded)
    assert "        word word" in "\n".join(folded)


def test_what_is_not_known_is_told_as_such_and_not_as_no_change() -> None:
    unknown = ModelPlan(model="m", change=Change.UNKNOWN, reason=Reason.NOT_COMPARED, active=generation("9"))
    told = shown(replace(SETTLED, models=(*SETTLED.models, unknown), remembered=True))
    assert "Planned against the last committed status" in told
    assert "? m  999999999999 → ?" in told
    assert told.splitlines()[-1] == "Plan: 0 to add, 0 to change, 0 to remove, 2 unchanged, 0 held, 1 unknown."
    assert outlook(SETTLED) is Outlook.NONE
    assert outlook(BLIND) is outlook(replace(SETTLED, models=(unknown,))) is Outlook.UNKNOWN
    assert outlook(EVERYTHING) is outlook(replace(EVERYTHING, unknown=("t9",))) is Outlook.CHANGES


def test_what_a_model_needs_of_others_is_told() -> None:
    calling = replace(created(), foreign_needs=("a", "b"))
    assert "needs a, b, which are not ours" in shown(replace(SETTLED, models=(calling,)))
    assert "needs a, which is not ours" in plan_markdown.document(
        replace(SETTLED, models=(replace(calling, foreign_needs=("a",)),))
    )


def test_a_move_says_from_where_and_to_where() -> None:
    line = ModelPlan(
        model="m", change=Change.MOVE, reason=Reason.NOT_PLACED, moves=Moves(leaves=("t0", "t1"), comes_to=("t2",))
    )
    assert plan_text.moves(line) == "moves from t0, t1 to t2, where it is loaded first"
    assert plan_text.moves(replace(line, moves=Moves(leaves=("t0",)))) == "leaves t0"
    found = text(plan_text.lines(Plan(target="prod", revision="c1", models=(line,))))
    assert "NotPlaced: it belongs on other servers of the target\n      moves from t0, t1 to t2" in found
