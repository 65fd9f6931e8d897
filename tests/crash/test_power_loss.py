"""The power goes at any moment of an apply, and what was not synced may be gone: the next run converges all the same.

And no link names what is not whole even before that run, for Triton may be back sooner than we are.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from tests.crash.conftest import FIGURES
from tests.crash.disk_model import Disk, read
from tests.crash.ground import Ground, beside, most, serverless, well
from tests.crash.judging import foreign, incomplete, links
from tests.crash.killing import Effect, Nursery
from tests.crash.scenes import REBOOTED, SERVERLESS, Scene
from tests.e2e.real_world import started
from tests.e2e.running import wipe
from tests.e2e.scale_models import built

Record = Callable[[str, object], None]
Recorded = tuple[Scene, Path, tuple[Effect, ...]]


def recorded(ground: Ground, scenes: Sequence[Scene], keep: Path) -> list[Recorded]:
    """Each scene with the world as it was before its apply, and what that did."""
    beside(ground.world)
    ground.strangers = foreign(ground.world.volume)
    found: list[Recorded] = []
    for number, scene in enumerate(scenes):
        ground.world.want(scene.models)
        before = keep / str(number)
        subprocess.run(["cp", "-a", str(ground.world.volume.parent), str(before)], check=True)
        found.append((scene, before, ground.run("apply").effects))
    return found


def power_goes(ground: Ground, what: Recorded, data: st.DataObject) -> None:
    """A world in which only some of the effects have come to the disk takes the place of the other."""
    scene, before, effects = what
    disk, count = Disk(read(before)), data.draw(st.integers(0, len(effects)), label="effects")
    for effect in effects[:count]:
        disk.do(effect)
    note("\n".join(f"{number} {effect}" for number, effect in enumerate(effects[:count], 1)))
    if ground.world.volume.parent.exists():  # hypothesis may have given the last one up halfway
        wipe(ground.world.volume.parent)
    disk.after_power_loss(ground.world.volume.parent, lambda below: data.draw(st.integers(0, below - 1)))
    ground.world.wanted, ground.strangers = scene.models, foreign(ground.world.volume)
    whole = links(ground.world.volume).values()
    well([words for tree in whole for words in incomplete(ground.world.volume, tree)], "what a link names is not whole")
    if ground.server != "none":
        ground.world.server.kill()
        ground.world.server.restart()
    ground.settle(scene, "after the power was cut")


def cut(ground: Ground, scenes: Sequence[Scene], keep: Path, examples: int) -> str:
    """Cuts the power so many times; tells how often at how many effects."""
    cases = recorded(ground, scenes, keep)

    @settings(max_examples=examples, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(data=st.data())
    def lost(data: st.DataObject) -> None:
        power_goes(ground, cases[data.draw(st.integers(0, len(cases) - 1))], data)

    lost()
    return f"{examples} states of the disk, after any of {sum(len(effects) for _, _, effects in cases)} effects"


@pytest.mark.timeout(3600)
def test_what_was_not_synced_may_be_gone_and_the_next_run_converges(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    ground = Ground(born=born, world=serverless(folder / "world"))
    record_property(FIGURES, cut(ground, SERVERLESS, folder, most(30) or 3000))


def test_at_no_moment_does_a_durable_link_name_what_is_not(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    """The worst of all disks: it keeps nothing that was not synced."""
    ground = Ground(born=born, world=serverless(folder / "world"))
    count, worst = 0, folder / "worst"
    for _, before, effects in recorded(ground, SERVERLESS, folder):
        disk = Disk(read(before))
        for number, effect in enumerate(effects):
            moment = effect.what == "fsync" and effect.path == "volume/models"
            disk.do(effect)
            if moment or number % 20 == 0:
                count += 1
                disk.after_power_loss(worst, lambda below: below - 1)
                named = links(worst / "volume").values()
                found = [words for tree in named for words in incomplete(worst / "volume", tree)]
                well(found, f"after {number + 1} effects, the last of them {effect}")
                wipe(worst)
    record_property(FIGURES, f"{count} moments")


def test_the_directories_of_a_new_volume_are_durable_before_anything_is_in_them(born: Nursery, folder: Path) -> None:
    ground = Ground(born=born, world=serverless(folder / "world"))
    ((_, before, effects),) = recorded(ground, SERVERLESS[:1], folder)
    disk = Disk(read(before))
    for effect in effects[: [effect.what for effect in effects].index("link")]:
        if effect.what != "syncfs":
            disk.do(effect)
    disk.after_power_loss(folder / "worst", lambda below: below - 1)
    assert {path.name for path in (folder / "worst/volume/.reconciler").iterdir()} >= {"blobs", "trees", "mends"}


@pytest.mark.slow
@pytest.mark.triton
@pytest.mark.timeout(3600)
def test_what_was_not_synced_may_be_gone_and_the_server_with_it(
    born: Nursery, folder: Path, record_property: Record
) -> None:
    with started(folder / "world", f"--backend-directory={built(folder)}") as world:
        ground = Ground(born=born, world=world, server=world.server.info.grpc_url)
        record_property(FIGURES, cut(ground, REBOOTED, folder, most(40) or 3000))
