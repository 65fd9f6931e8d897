"""Runs to whom the disk refuses each numbered effect in turn: they say so, and the next one reaches what is wanted.

A full disk and a broken one refuse once, one that was remounted read-only from then on.
"""

import errno
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.crash.conftest import FIGURES
from tests.crash.ground import Ground, most, serverless, tried_at, well
from tests.crash.killing import Nursery, Refusal
from tests.crash.scenes import SCENES, SERVERLESS, Scene
from tests.e2e.real_world import started
from tests.e2e.scale_models import built
from tests.e2e.soundness import served

Record = Callable[[str, object], None]
REFUSALS = (
    Refusal(error=errno.ENOSPC),
    Refusal(error=errno.EIO),
    Refusal(error=errno.EROFS, for_good=True),
)
DONE, IN_PART = 0, (1, 6)


@dataclass(slots=True)
class Refusing:
    """Each point has its turn of what the disk may say, or all of it; `codes` counts how the runs ended."""

    ground: Ground
    every: bool
    codes: dict[int, int] = field(default_factory=dict)
    _turns: "itertools.cycle[Refusal]" = field(default_factory=lambda: itertools.cycle(REFUSALS))

    def __call__(self, scene: Scene, at: int) -> None:
        for refusal in REFUSALS if self.every else (next(self._turns),):
            self._refuse(scene, at, refusal)

    def _refuse(self, scene: Scene, at: int, refusal: Refusal) -> None:
        before = self._served()
        self.ground.world.want(scene.models)
        ended = self.ground.run("apply", fatal=at, refusal=refusal)
        words = os.strerror(refusal.error)
        effect = ended.effects[at - 1] if len(ended.effects) >= at else "nothing"
        after = f"{scene.name}, {words} at {at}: {effect}\nIt ended with {ended.code}:\n{ended.said}"
        self.codes[ended.code] = self.codes.get(ended.code, 0) + 1
        well([*_unclear(ended.code, ended.said, words, scene), *self.ground.wrong()], after)
        gone = before & scene.standing.keys() - self._served()
        well([f"{name} does not serve any more" for name in sorted(gone)], after)
        self.ground.settle(scene, after)

    def _served(self) -> set[str]:
        return set() if self.ground.server == "none" else {*served(self.ground.world)}


def _unclear(code: int, said: str, words: str, scene: Scene) -> Sequence[str]:
    """What is not as it should be about how a run ended; what is only for speed may be refused without a word."""
    found = ["it tells of a bug"] if "Traceback" in said or "is a bug" in said else []
    if code not in (DONE, *IN_PART):
        found.append("it should have ended otherwise")
    if code in IN_PART and not scene.failing and words.lower() not in said.lower():
        found.append("it does not say what the disk said")
    return found


def refused(ground: Ground, scenes: Sequence[Scene], sample: int) -> str:
    """Has runs refused something from scene to scene; tells how many points there were, and how the runs ended."""
    number = most(sample, "FAULTS")
    refusing = Refusing(ground, every=number is None)
    points = tried_at(ground, scenes, refusing, number)
    ends = ", ".join(f"{count} ended with {code}" for code, count in sorted(refusing.codes.items()))
    return f"{points} points; of {sum(refusing.codes.values())} runs {ends}"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_whatever_the_disk_refuses_without_a_server_the_run_says_so_and_the_next_converges(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    record_property(FIGURES, refused(Ground(born=born, world=serverless(folder)), SERVERLESS, 24))


@pytest.mark.slow
@pytest.mark.triton
@pytest.mark.timeout(7200)
def test_whatever_the_disk_refuses_what_serves_goes_on_and_the_next_run_converges(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    with started(folder, f"--backend-directory={built(folder)}") as world:
        ground = Ground(born=born, world=world, server=world.server.info.grpc_url)
        record_property(FIGURES, refused(ground, SCENES, 30))
