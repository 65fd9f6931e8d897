"""What the status says after a pass."""

import dataclasses

import pytest

from reconciler.core.content import Known
from reconciler.core.digest import Digest, FileDigest, of_bytes, tree_digest
from reconciler.core.errors import Problem, Reason
from reconciler.core.observed import ForeignEntry, Observed, Served, Serving, StalledAt, Unreachable, VolumeView
from reconciler.core.plan import Adopt, Change, Deactivate, Prune, Result, Step, Unload
from reconciler.core.plan import Outcome as PlanOutcome
from reconciler.core.spec import Probe
from reconciler.core.statuses.conditions import Kind, ModelStatus, Truth, short, stable
from reconciler.core.statuses.status import Pass, from_files, stalled, summarise, to_files
from tests.core.status_worlds import (
    LATER,
    NEW,
    NEW_TREE,
    NOW,
    OLD,
    OLD_TREE,
    A,
    B,
    activate,
    after,
    fetch,
    line,
    load,
    outcome,
    said,
    serves,
    serving,
    spec,
    status_of,
    world,
)

WELL = line(Change.UNCHANGED, NEW, Reason.SUCCEEDED)
HERE = world(NEW, serving(NEW), trees=(NEW_TREE,))
LOAD_FAILED = outcome(load(), Result.FAILED, Reason.LOAD_FAILED, "no model.py", terminal=True)
UP_BEFORE = status_of(after(world(OLD, serving(OLD)), line(Change.UNCHANGED, OLD, Reason.SUCCEEDED)))


def held(reason: Reason, message: str = "why", *, wanted: bool = False, hopeless: bool = False) -> Pass:
    planned = line(Change.HELD, NEW if wanted else None, reason, message, stalled=hopeless)
    return after(world(OLD, serving(OLD)), planned)


def test_a_model_served_as_wanted_by_every_server_is_ready() -> None:
    status = status_of(after(world(NEW, serving(NEW, A, B)), WELL))
    assert said(status, Kind.READY) == (Truth.TRUE, Reason.SUCCEEDED, f"{short(NEW)} is served")
    assert said(status, Kind.FETCHED) == said(status, Kind.LOADED) == (Truth.TRUE, Reason.SUCCEEDED, "")
    assert said(status, Kind.STALLED) == (Truth.FALSE, Reason.SUCCEEDED, "")
    assert said(status, Kind.PROBED) == (Truth.UNKNOWN, Reason.NO_PROBE, "")
    assert (status.generation, status.active, status.served) == (NEW, NEW, {A: NEW, B: NEW})
    assert (status.versions, status.revision, status.target, status.ready) == ((1,), "c1", "prod", True)


def test_one_server_that_lacks_it_makes_it_not_ready() -> None:
    status = status_of(after(world(NEW, {**serving(NEW, A), B: Serving()}), WELL))
    assert said(status, Kind.LOADED) == (Truth.FALSE, Reason.NOT_LOADED, f"{B} does not serve it")
    assert not status.ready


def test_a_server_with_another_generation_is_named_with_it() -> None:
    status = status_of(after(world(NEW, {**serving(NEW, A), **serving(OLD, B)}), WELL))
    assert said(status, Kind.LOADED) == (Truth.FALSE, Reason.SERVED_GENERATION_DIFFERS, f"{B} serves {short(OLD)}")


def test_a_model_without_our_stamp_is_not_what_is_wanted() -> None:
    for active, wanted in ((NEW, NEW), (None, None)):
        planned = line(Change.HELD, wanted, Reason.FOREIGN, "not ours")
        status = status_of(after(world(active, serving(None)), planned))
        assert status.conditions[Kind.LOADED].status is Truth.FALSE
        assert status.conditions[Kind.READY].message == "not ours; another goes on serving"
    assert "without our stamp" in status_of(after(world(NEW, serving(None)), WELL)).conditions[Kind.LOADED].message


def test_a_model_that_is_down_is_told_with_tritons_reason() -> None:
    views = {A: Serving(models={"m": serves(None, "UNAVAILABLE", "stub died")})}
    status = status_of(after(world(NEW, views), WELL))
    assert said(status, Kind.LOADED) == (Truth.FALSE, Reason.NOT_LOADED, f"{A} does not serve it: stub died")
    assert (status.served, status.versions) == ({}, ())


def test_a_failed_load_keeps_what_failed_apart_from_what_goes_on_serving() -> None:
    done = after(world(OLD, serving(OLD), trees=(OLD_TREE, NEW_TREE)), line(), outcome(fetch()), LOAD_FAILED)
    status = status_of(done, UP_BEFORE)
    failed = f"generation {short(NEW)} failed to load: no model.py"
    assert said(status, Kind.READY) == (Truth.FALSE, Reason.LOAD_FAILED, f"{failed}; {short(OLD)} goes on serving")
    assert said(status, Kind.FETCHED) == (Truth.TRUE, Reason.SUCCEEDED, "")
    assert said(status, Kind.STALLED) == (Truth.TRUE, Reason.LOAD_FAILED, failed)
    assert (status.generation, status.active, status.served) == (NEW, OLD, {A: OLD})


def test_a_first_load_that_fails_leaves_nothing_served_and_says_so() -> None:
    status = status_of(after(world(None, {A: Serving()}), line(Change.CREATE), LOAD_FAILED))
    assert status.conditions[Kind.READY].message.endswith("no model.py; nothing is served")


def test_a_stalled_model_stays_stalled_at_its_generation_in_the_same_bytes() -> None:
    first = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)
    remembered = stalled({"m": first})["m"]
    message = f"generation {short(NEW)} failed to load: no model.py"
    expected = StalledAt(generation=NEW, reason=Reason.LOAD_FAILED, message=message)
    assert dataclasses.replace(remembered, circumstances=None, probes=None) == expected
    again = first
    for _ in range(3):
        message = f"{stalled({'m': again})['m'].message} (not tried again until the model changes)"
        planned = line(Change.HELD, NEW, Reason.STALLED, message, stalled=True)
        again = status_of(after(world(OLD, serving(OLD)), planned, revision="c9"), again, LATER)
    assert again == first


def test_a_stalled_model_that_is_kept_in_repair_stays_stalled() -> None:
    first = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)
    planned = line(Change.MEND, OLD, Reason.NOT_LOADED, stalled=True)
    mended = dataclasses.replace(planned, warnings=("Stalled: x",), kept=Reason.STALLED)
    again = status_of(after(world(OLD, serving(OLD)), mended, outcome(load(tree=OLD_TREE))), first, LATER)
    assert (again.stalled_at, again.generation, again.ready) == (first.stalled_at, NEW, False)


def test_a_kept_model_without_a_memory_says_why_it_is_kept() -> None:
    planned = line(Change.MEND, OLD, Reason.NOT_LOADED, stalled=True)
    mended = dataclasses.replace(planned, warnings=("PreflightFailed: no",), kept=Reason.PREFLIGHT_FAILED)
    status = status_of(after(world(OLD, serving(OLD)), mended, outcome(load(tree=OLD_TREE))), UP_BEFORE)
    assert said(status, Kind.READY)[:2] == (Truth.FALSE, Reason.STALLED)
    assert said(status, Kind.STALLED) == (Truth.TRUE, Reason.STALLED, "PreflightFailed: no")


@pytest.mark.parametrize("reason", [Reason.SUSPENDED, Reason.REJECTED, Reason.SOURCE_UNREACHABLE])
def test_a_pass_that_does_not_look_does_not_forget_what_is_stalled(reason: Reason) -> None:
    first = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)
    again = status_of(held(reason), first, LATER)
    assert again.stalled_at == first.stalled_at
    assert again.conditions[Kind.STALLED] == first.conditions[Kind.STALLED]


def test_a_new_generation_ends_the_stall() -> None:
    first = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)
    reverted = status_of(after(world(OLD, serving(OLD)), line(Change.UNCHANGED, OLD, Reason.SUCCEEDED)), first, LATER)
    assert (reverted.stalled_at, reverted.ready) == (None, True)
    assert stalled({"m": reverted}) == {}
    loads_after_all = status_of(after(HERE, line(), outcome(load())), first, LATER)
    assert (loads_after_all.stalled_at, loads_after_all.ready) == (None, True)


@pytest.mark.parametrize(
    ("failed", "at"),
    [
        (outcome(load(), Result.FAILED, Reason.PROBE_FAILED, "wrong answer", terminal=True), NEW),
        (outcome(activate(), Result.FAILED, Reason.BAD_ARCHIVE, "not a tar", terminal=True), NEW),
        (outcome(fetch(), Result.FAILED, Reason.DIGEST_MISMATCH, "other bytes", terminal=True), None),
        (outcome(load(), Result.FAILED, Reason.CREDENTIALS_MISSING, "no key", terminal=True), None),
    ],
)
def test_a_terminal_failure_stalls_and_is_latched_only_where_the_content_decides(
    failed: PlanOutcome, at: str | None
) -> None:
    status = status_of(after(world(OLD, serving(OLD)), line(), failed))
    assert said(status, Kind.STALLED)[:2] == (Truth.TRUE, failed.reason)
    assert (status.stalled_at and status.stalled_at.generation) == at
    assert bool(stalled({"m": status})) == (at is not None)


def test_a_failure_that_can_pass_does_not_stall() -> None:
    failed = outcome(load(), Result.FAILED, Reason.TIMED_OUT, "no answer in 600 s")
    status = status_of(after(world(OLD, serving(OLD)), line(), failed))
    assert status.conditions[Kind.STALLED].status is Truth.FALSE
    assert said(status, Kind.READY)[:2] == (Truth.FALSE, Reason.TIMED_OUT)


def test_a_failure_to_take_something_away_is_told_in_its_own_words() -> None:
    unload = outcome(Unload(model="m", server=A, timeout=1), Result.FAILED, Reason.UNLOAD_FAILED, "busy")
    status = status_of(after(HERE, line(Change.RECREATE), unload))
    assert said(status, Kind.READY) == (
        Truth.FALSE,
        Reason.UNLOAD_FAILED,
        f"unloading from {A} failed: busy; {short(NEW)} goes on serving",
    )
    removal = outcome(Deactivate(model="m", generation=OLD), Result.FAILED, Reason.VOLUME_UNUSABLE, "read-only")
    gone = line(Change.REMOVE, None, Reason.REMOVED)
    status = status_of(after(world(OLD, {A: Serving()}), gone, removal, wanted=None), UP_BEFORE)
    assert status.conditions[Kind.READY].message == "removing failed: read-only; nothing is served"


def test_a_directory_that_could_not_be_taken_over_is_told_in_its_own_words() -> None:
    action = Adopt(model="m", files={}, held=frozenset(), size=0)
    failed = outcome(action, Result.FAILED, Reason.SOURCE_CHANGED, "it changed")
    status = status_of(after(HERE, line(Change.UPDATE), failed))
    assert status.conditions[Kind.READY].message.startswith("taking over its directory failed: it changed")


def test_a_failed_prune_is_no_models_failure() -> None:
    prune = outcome(Prune(trees=(), blobs=(), partials=(), size=0), Result.FAILED, Reason.VOLUME_UNUSABLE, "no")
    assert status_of(after(HERE, WELL, prune)).ready


def test_a_blocked_model_says_what_blocked_it() -> None:
    blocked = outcome(load(), Result.BLOCKED, Reason.BLOCKED, "tokenizer failed")
    status = status_of(after(world(OLD, serving(OLD)), line(), blocked), UP_BEFORE)
    assert said(status, Kind.READY) == (
        Truth.FALSE,
        Reason.BLOCKED,
        f"tokenizer failed; {short(OLD)} goes on serving",
    )


def test_an_unreachable_server_leaves_it_unknown() -> None:
    down = Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")
    planned = line(Change.HELD, NEW, Reason.SERVER_UNREACHABLE, f"{A} could not be reached")
    status = status_of(after(world(NEW, {A: down}), planned), UP_BEFORE)
    assert said(status, Kind.LOADED) == (Truth.UNKNOWN, Reason.SERVER_UNREACHABLE, f"{A}: connection refused")
    assert said(status, Kind.READY)[0] is Truth.UNKNOWN


def test_without_a_server_it_is_ready_once_it_is_active() -> None:
    status = status_of(after(world(NEW, {}, trees=(NEW_TREE,)), WELL))
    assert said(status, Kind.LOADED)[:2] == (Truth.UNKNOWN, Reason.NO_SERVER)
    assert said(status, Kind.READY) == (Truth.TRUE, Reason.SUCCEEDED, f"{short(NEW)} is on the volume")
    status = status_of(after(world(OLD, {}, trees=(NEW_TREE,)), line()))
    assert said(status, Kind.READY) == (Truth.FALSE, Reason.PENDING, "on the volume, but not activated")


def test_a_model_that_is_not_to_be_loaded_is_not_ready_to_serve() -> None:
    status = status_of(after(world(NEW, {A: Serving()}), WELL, wanted=spec(enabled=False)))
    assert said(status, Kind.READY) == (
        Truth.FALSE,
        Reason.LOAD_DISABLED,
        "load.enabled is false; nothing is served",
    )


def test_what_is_not_on_the_volume_is_not_fetched() -> None:
    status = status_of(after(world(None, {A: Serving()}, trees=()), line(Change.CREATE)))
    assert said(status, Kind.FETCHED) == (Truth.FALSE, Reason.NOT_ON_VOLUME, "not on the volume")
    failed = outcome(fetch(), Result.FAILED, Reason.SOURCE_NOT_FOUND, "no such bucket", terminal=True)
    status = status_of(after(world(None, {A: Serving()}, trees=()), line(Change.CREATE, None), failed))
    assert said(status, Kind.FETCHED) == (Truth.FALSE, Reason.SOURCE_NOT_FOUND, "fetching failed: no such bucket")


def test_a_source_that_changed_again_once_it_was_fetched_is_told_as_such() -> None:
    again = dataclasses.replace(line(Change.CREATE, None), deferred=True)
    status = status_of(after(world(None, {A: Serving()}, trees=()), again, outcome(fetch(), Result.DONE)))
    told = (Truth.FALSE, Reason.SOURCE_CHANGED, "its source has changed again since it was fetched")
    assert said(status, Kind.FETCHED) == told


def test_a_damaged_tree_is_not_fetched_whatever_its_name_says() -> None:
    status = status_of(after(world(NEW, serving(NEW), trees=(NEW_TREE,), damage=("1/a is gone",)), WELL))
    assert said(status, Kind.FETCHED) == (Truth.FALSE, Reason.TREE_DAMAGED, "1/a is gone")


def test_a_rejected_model_keeps_its_file_with_the_fault_and_is_as_ready_as_it_is() -> None:
    problem = Problem(file="models.d/m.yaml", line=3, column=1, path="spec", found="a list", expected="a mapping")
    for seen, truth in ((serving(OLD), Truth.TRUE), ({A: Serving()}, Truth.FALSE)):
        planned = line(Change.HELD, None, Reason.REJECTED, str(problem))
        status = status_of(after(world(OLD, seen), planned, wanted=None), UP_BEFORE, LATER)
        assert said(status, Kind.READY)[:2] == (truth, Reason.REJECTED)
        assert "models.d/m.yaml:3:1" in status.conditions[Kind.READY].message


@pytest.mark.parametrize(
    ("done", "truth"),
    [
        (held(Reason.SUSPENDED), Truth.TRUE),
        (held(Reason.SOURCE_UNREACHABLE), Truth.UNKNOWN),
        (held(Reason.PREFLIGHT_FAILED, hopeless=True), Truth.FALSE),
        (held(Reason.DEPENDENCY_HELD, wanted=True), Truth.FALSE),
        (
            dataclasses.replace(held(Reason.REMOVALS_PAUSED), desired=after(HERE, WELL, wanted=None).desired),
            Truth.FALSE,
        ),
    ],
)
def test_a_held_model_gives_the_reason_and_is_ready_only_if_what_serves_is_wanted(done: Pass, truth: Truth) -> None:
    status = status_of(done, UP_BEFORE)
    assert said(status, Kind.READY)[:2] == (truth, done.plan.models[0].reason)
    assert status.conditions[Kind.READY].message.startswith("why")


def test_a_model_that_was_not_asked_for_keeps_its_status_as_it_was() -> None:
    failing = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)
    assert status_of(held(Reason.NOT_SELECTED), failing, LATER) == failing
    assert status_of(held(Reason.NOT_SELECTED)).conditions[Kind.READY].status is Truth.UNKNOWN


def test_a_foreign_model_has_no_file_and_a_removed_one_loses_it_when_it_is_gone() -> None:
    foreign = Observed(volume=VolumeView(entries={"m": ForeignEntry(kind="a directory")}))
    assert summarise(after(foreign, line(Change.FOREIGN, None, Reason.FOREIGN)), {}, now=NOW) == {}
    gone = line(Change.REMOVE, None, Reason.REMOVED)
    assert summarise(after(world(None, {A: Serving()}), gone, wanted=None), {"m": UP_BEFORE}, now=NOW) == {}
    still = status_of(after(world(None, serving(OLD)), gone, wanted=None), UP_BEFORE)
    assert said(still, Kind.READY)[0] is Truth.FALSE


def test_a_commit_about_another_model_changes_nothing() -> None:
    first = status_of(after(HERE, line(), outcome(load())))
    assert status_of(after(HERE, WELL, revision="c2"), first, LATER) == first


def test_a_new_generation_names_the_commit_at_which_it_was_first_wanted() -> None:
    status = status_of(after(HERE, WELL, revision="c2"), UP_BEFORE, LATER)
    assert (status.revision, status.generation) == ("c2", NEW)


def test_a_conditions_time_changes_only_with_its_status() -> None:
    failing = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE, LATER)
    times = {kind: condition.last_transition_time for kind, condition in failing.conditions.items()}
    assert times == {
        Kind.READY: LATER,
        Kind.FETCHED: LATER,
        Kind.LOADED: LATER,
        Kind.PROBED: NOW,
        Kind.STALLED: LATER,
    }


def test_a_probe_is_believed_for_the_generation_it_was_run_on() -> None:
    wanted = spec(probes=(Probe(inputs=(), outputs=()),))
    unknown = status_of(after(HERE, WELL, wanted=wanted))
    assert said(unknown, Kind.PROBED)[:2] == (Truth.UNKNOWN, Reason.PENDING)
    probed = status_of(after(HERE, line(), outcome(load()), wanted=wanted), unknown)
    assert said(probed, Kind.PROBED)[:2] == (Truth.TRUE, Reason.SUCCEEDED)
    assert said(status_of(after(HERE, WELL, wanted=wanted), probed), Kind.PROBED)[0] is Truth.TRUE
    wrong = outcome(load(), Result.FAILED, Reason.PROBE_FAILED, "wrong answer", terminal=True)
    failed = status_of(after(world(OLD, serving(OLD)), line(), wrong, wanted=wanted), UP_BEFORE)
    assert said(failed, Kind.PROBED) == (Truth.FALSE, Reason.PROBE_FAILED, "wrong answer")
    kept = line(Change.HELD, NEW, Reason.STALLED, "again", stalled=True)
    assert said(status_of(after(world(OLD, serving(OLD)), kept, wanted=wanted), failed), Kind.PROBED)[0] is Truth.FALSE
    back = status_of(after(world(OLD, serving(OLD)), line(Change.UNCHANGED, OLD), wanted=wanted), failed)
    assert said(back, Kind.PROBED)[:2] == (Truth.UNKNOWN, Reason.PENDING)
    added = status_of(after(HERE, WELL, wanted=wanted), status_of(after(HERE, WELL)))
    assert said(added, Kind.PROBED)[:2] == (Truth.UNKNOWN, Reason.PENDING)


def test_digests_are_those_of_the_sources_and_are_remembered_for_the_generation() -> None:
    file = FileDigest(path="model.py", size=1, digest=of_bytes(b"x"))
    content = Known(files={None: (file,), 7: ()})
    expected: dict[str, Digest] = {"source": tree_digest([file]), "7": tree_digest([])}
    first = status_of(after(world(NEW, serving(NEW), content=content), WELL))
    assert first.digests == expected
    assert status_of(after(HERE, WELL), first).digests == expected
    assert status_of(after(world(OLD, serving(OLD)), line(Change.UNCHANGED, OLD)), first).digests == {}


def test_versions_are_those_that_answer() -> None:
    rows = Served(versions=(*serves(NEW).versions, *serves(NEW, "UNAVAILABLE").versions), generation=NEW)
    assert status_of(after(world(NEW, {A: Serving(models={"m": rows})}), WELL)).versions == (1,)


def test_a_status_without_conditions_is_not_ready_and_latches_nothing() -> None:
    bare = ModelStatus(name="m", target="prod", revision="c1")
    assert not bare.ready
    assert stalled({"m": bare}) == {}
    assert from_files(to_files({"m": bare}, target="prod")) == {"m": bare}
    held_again = line(Change.HELD, NEW, Reason.STALLED, "again", stalled=True)
    assert said(status_of(after(HERE, held_again), bare), Kind.STALLED) == (Truth.TRUE, Reason.STALLED, "again")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("at 2026-11-21T03:10:11.123Z: no", "at a time: no"),
        ("timed out after 12.5 s (10m0s)", "timed out after some time (10m0s)"),
        ("stub at 0x7f3c113eb880, pid: 4711", "stub at 0x…, pid: …"),
        ("in /tmp/python_env_5KrEwn/0/m.py: line 3", "in /tmp/…: line 3"),
        ("no room in /tmp/models for it", "no room in /tmp/models for it"),
        ("two\n  lines\t here", "two lines here"),
        ("from https://tess:geheim@host/x", "from https://host/x"),
        ("\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("x" * 2000, "x" * 999 + "…"),
    ],
)
def test_a_message_keeps_nothing_that_differs_from_run_to_run(text: str, kept: str) -> None:
    assert stable(text) == kept


def test_a_step_without_a_model_belongs_to_none() -> None:
    step = Step(id="p", action=Prune(trees=(), blobs=(), partials=(), size=0), reason=Reason.UNREFERENCED)
    assert status_of(after(HERE, WELL, PlanOutcome(step=step, result=Result.DONE))).ready


def test_a_generation_that_did_load_is_not_said_to_have_failed_to() -> None:
    for reason, words in (
        (Reason.PROBE_FAILED, "was loaded, but did not pass its golden requests"),
        (Reason.DEPENDENT_DOWN, "was loaded, but what is above it did not come up"),
        (Reason.STAMP_MISMATCH, "was loaded, but is not what serves"),
    ):
        failed = outcome(load(), Result.FAILED, reason, "4 is not 5", terminal=True)
        status = status_of(after(world(OLD, serving(OLD)), line(), failed))
        assert said(status, Kind.STALLED)[2] == f"generation {short(NEW)} {words}: 4 is not 5"


DOWN = Unreachable(reason=Reason.SERVER_UNREACHABLE, message="connection refused")
FAILED_BEFORE = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED), UP_BEFORE)


@pytest.mark.parametrize(
    "done",
    [
        after(world(OLD, {A: DOWN}), line(Change.HELD, None, Reason.SERVER_UNREACHABLE, "refused")),
        after(world(OLD, {A: DOWN}), line(Change.HELD, NEW, Reason.SERVER_UNREACHABLE, "refused")),
        after(world(OLD, {A: DOWN}), line(Change.HELD, NEW, Reason.NOT_EXPLICIT_MODE, "not explicit")),
        after(world(NEW, {}, trees=(NEW_TREE,)), line(), outcome(activate())),
        held(Reason.BACKEND_UNAVAILABLE, hopeless=True),
        held(Reason.SOURCE_UNREACHABLE, hopeless=True),
        held(Reason.DEPENDENCY_HELD, wanted=True),
        held(Reason.NOT_SELECTED),
        after(
            world(OLD, serving(OLD)),
            dataclasses.replace(line(Change.MEND, OLD, Reason.NOT_LOADED), kept=Reason.SOURCE_UNREACHABLE),
            outcome(load(tree=OLD_TREE)),
        ),
        after(world(OLD, serving(OLD)), line(), outcome(load(), Result.BLOCKED, Reason.BLOCKED, "bert failed")),
        after(world(OLD, serving(OLD)), line(), outcome(load(), Result.CANCELLED, Reason.CANCELLED, "stopped")),
        after(world(OLD, serving(OLD)), line(), outcome(load(), Result.FAILED, Reason.TIMED_OUT, "no answer")),
        after(
            world(OLD, serving(OLD)),
            line(),
            outcome(fetch(), Result.FAILED, Reason.CREDENTIALS_MISSING, "no key", terminal=True),
        ),
    ],
)
def test_a_stall_is_remembered_by_every_pass_that_does_not_disprove_it(done: Pass) -> None:
    status = status_of(done, FAILED_BEFORE, LATER)
    assert status.stalled_at == FAILED_BEFORE.stalled_at
    assert status.conditions[Kind.STALLED].status is Truth.TRUE
    assert stalled({"m": status}) == stalled({"m": FAILED_BEFORE})


def test_a_stall_that_was_written_without_its_circumstances_gets_them() -> None:
    assert FAILED_BEFORE.stalled_at is not None
    old = dataclasses.replace(
        FAILED_BEFORE, stalled_at=dataclasses.replace(FAILED_BEFORE.stalled_at, circumstances=None)
    )
    assert status_of(held(Reason.SUSPENDED), old, LATER).stalled_at == FAILED_BEFORE.stalled_at


def test_what_moved_after_the_failure_was_not_tried_with_it() -> None:
    wanted = dataclasses.replace(spec(), depends_on=("bert",))
    bert = dataclasses.replace(load(), model="bert")
    before = status_of(after(world(OLD, serving(OLD)), line(), outcome(bert), LOAD_FAILED, wanted=wanted))
    since = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED, outcome(bert), wanted=wanted))
    blocked = outcome(bert, Result.BLOCKED, Reason.BLOCKED)
    same = status_of(after(world(OLD, serving(OLD)), line(), LOAD_FAILED, blocked, wanted=wanted))
    assert before.stalled_at == same.stalled_at != since.stalled_at


def test_a_model_is_ready_where_it_belongs_whatever_other_servers_have() -> None:
    placed = dataclasses.replace(line(Change.UNCHANGED, NEW, Reason.SUCCEEDED), servers=(A,))
    views = {A: Serving(models={"m": serves(NEW)}), B: Serving(models={"m": serves(OLD)})}
    status = status_of(after(world(NEW, views, trees=(OLD_TREE, NEW_TREE)), placed))
    assert status.ready
    assert (status.belongs_on, status.served) == ((A,), {A: NEW, B: OLD})


def test_a_model_is_not_ready_while_one_of_its_servers_lacks_it_or_is_silent() -> None:
    placed = dataclasses.replace(line(Change.UNCHANGED, NEW, Reason.SUCCEEDED), servers=(A, B))
    lacking = status_of(after(world(NEW, {A: Serving(models={"m": serves(NEW)}), B: Serving()}), placed))
    silent = Unreachable(reason=Reason.SERVER_UNREACHABLE, message="no answer")
    unsure = status_of(after(world(NEW, {A: Serving(models={"m": serves(NEW)}), B: silent}), placed))
    assert (said(lacking, Kind.READY)[0], said(unsure, Kind.READY)[0]) == (Truth.FALSE, Truth.UNKNOWN)
