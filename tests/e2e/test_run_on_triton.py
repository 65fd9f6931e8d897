"""`reconcile run` against a real Triton: one that hangs, models that fail or hang, and a thousand passes."""

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.core.errors import ReconcileError
from reconciler.core.progress import Silent
from reconciler.looping.bell import Bell, Wake
from reconciler.looping.loop import Pace, Surroundings
from reconciler.looping.running import keep
from reconciler.looping.turn import Turn
from reconciler.passes.options import Options
from tests.e2e.bad_world import Ground, document
from tests.e2e.served_world import Stage, staged
from tests.e2e.test_run import keeping

pytestmark = [pytest.mark.triton, pytest.mark.slow]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, "a") as found:
        yield found


def local(ground: Ground, name: str, factor: int = 2, initialize: str = "pass") -> str:
    return document(name, str(ground.source(name, factor, initialize)))


def test_a_server_that_hangs_hangs_no_pass_and_all_converges_when_it_is_back(stage: Stage) -> None:
    ground, pid = stage.ground, stage.triton.pid
    wanted = {"a": local(ground, "a")}
    ground.want(wanted)
    with keeping(ground, "--timeout", "5s") as run:
        run.reach("nothing to do, 1 model ready")
        os.kill(pid, signal.SIGSTOP)
        try:
            ground.want({**wanted, "b": local(ground, "b", 3)})
            run.reach("Cannot tell: ")
            run.reach("not everything is known, 0 models ready, 2 not")
        finally:
            os.kill(pid, signal.SIGCONT)
        run.process.send_signal(signal.SIGHUP)
        run.reach("nothing to do, 2 models ready")
    assert (stage.answer("a"), stage.answer("b")) == (2.0, 3.0)


def test_a_model_that_cannot_be_loaded_is_tried_once_and_goes_on_as_it_was_through_many_passes(stage: Stage) -> None:
    ground = stage.ground
    ground.want({"a": local(ground, "a", 5, "raise RuntimeError('no weights')")})
    with keeping(ground) as run:
        run.reach("nothing to do, 0 models ready, 1 not")
        for _ in range(3):
            before = run.said.count("a pass was asked for")
            run.process.send_signal(signal.SIGHUP)
            run.reach(f"(?s)(a pass was asked for.*){{{before + 1}}}nothing to do")
        assert run.said.count("load a on") == run.said.count("load a on grpc") == 2, "started once, failed once"
        assert stage.answer("a") == 2.0
        ground.want({"a": local(ground, "a", 7)})
        run.reach("nothing to do, 1 model ready")
    assert stage.answer("a") == 7.0


def test_what_hangs_past_the_grace_period_is_left_and_the_process_ends(stage: Stage) -> None:
    ground = stage.ground
    ground.want({"a": local(ground, "a"), "b": local(ground, "b", 3, "import time; time.sleep(45)")})
    with keeping(ground, "--grace-period", "2s") as run:
        run.reach(r"load b on \S+: started")
        asked = time.monotonic()
        run.process.terminate()
        assert run.code() == 143
        assert time.monotonic() - asked < 20
    assert "is left as it is: the next run mends it" in run.said


def test_a_server_that_lost_everything_is_filled_again_at_the_next_pass(stage: Stage) -> None:
    ground = stage.ground
    with keeping(ground) as run:
        run.reach("nothing to do, 1 model ready")
        stage.server.kill()
        stage.server.restart()
        run.process.send_signal(signal.SIGHUP)
        run.reach_after("nothing to do, 1 model ready", "load a on")
    assert stage.answer("a") == 2.0


@dataclass(slots=True)
class Counting:
    """A journal that notes how much is open after each pass."""

    handles: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    errors: list[ReconcileError] = field(default_factory=list)
    bell: Bell | None = None

    def turning(self, why: Wake) -> None:
        """Nothing."""

    def turned(self, turn: Turn) -> None:
        """Measures, and asks for the next at once."""
        assert not turn.running
        gc.collect()
        self.handles.append(len(os.listdir("/proc/self/fd")))
        self.threads.append(threading.active_count())
        self.memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        if self.bell is not None:
            self.bell.ring(Wake.ASKED)

    def failed(self, error: ReconcileError, seconds: float) -> None:
        """Notes it."""
        assert seconds > 0
        self.errors.append(error)

    def stopping(self, running: int) -> None:
        """Nothing."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("ref", "passes"), [("main", 1000), (None, 300)], ids=["where nothing changes", "with looks"])
def test_over_a_thousand_passes_memory_file_handles_and_threads_stay_as_they_are(
    stage: Stage, ref: str | None, passes: int
) -> None:
    ground = stage.ground
    ground.want({"a": local(ground, "a"), **{f"m{number}": local(ground, f"m{number}") for number in range(3)}})
    assert ground.run("apply").code == 0
    bell = Bell()
    journal = Counting(bell=bell)
    options = Options(repo=str(ground.repository), ref=ref, volume=str(ground.volume), servers=(ground.server,))
    around = Surroundings(journal=journal, reporter=Silent(), bell=bell, now=lambda: datetime.now(UTC))
    assert keep(options, around, Pace(interval=600.0, poll=600.0, grace=10.0, passes=passes))
    assert journal.errors == []
    early, late = slice(100, 200), slice(-100, None)
    assert max(journal.handles[late]) <= max(journal.handles[early]), journal.handles[::50]
    assert max(journal.threads[late]) <= max(journal.threads[early]), journal.threads[::50]
    assert max(journal.memory[late]) <= max(journal.memory[early]) + (16 << 20), journal.memory[::50]
