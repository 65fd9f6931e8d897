"""A git repository, a volume with things of others on it, perhaps a real Triton; killed at a number and mended."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.demo.configuration import Clone, environment
from tests.crash.judging import foreign, half_made, half_way, incomplete, links, orphans, unlike
from tests.crash.killing import KILLED, Ended, Nursery, Refusal
from tests.crash.scenes import POLICY, Scene
from tests.e2e.real_world import STATUS, World
from tests.e2e.running import wipe
from tests.e2e.soundness import complaints, served


@dataclass(slots=True, kw_only=True)
class Ground:
    """`world` has no server where nothing is loaded; `killed` counts what was tried."""

    born: Nursery
    world: World
    server: str = "none"
    killed: int = 0
    strangers: dict[str, object] = field(default_factory=dict)

    def run(self, command: str, *more: str, fatal: int = 0, refusal: Refusal = Refusal()) -> Ended:  # noqa: B008  frozen
        """A command line on all this."""
        where = ("--repo", str(self.world.clone.folder), "--volume", str(self.world.volume), "--server", self.server)
        root, environ = self.world.volume.parent, self.world.clone.environ
        return self.born.run([command, *where, *more], root, environ, fatal=fatal, refusal=refusal)

    def crash(self, scene: Scene, at: int) -> None:
        """Git says this, the run is killed at this effect, and all must be well; and after one more run as wanted."""
        self.world.want(scene.models)
        ended = self.run("apply", fatal=at)
        after = f"{scene.name}, killed at {at}: {ended.last}\n{ended.said}"
        if ended.code == KILLED:
            self.killed += 1
            well(self.wrong(), after)
        self.settle(scene, after)

    def begin_round(self) -> None:
        """Where nothing is removed without a server, by hand."""
        if self.server == "none":
            for name in links(self.world.volume):
                self.world.link(name).unlink()
            wipe(self.world.ours())
            self.world.clone.git("update-ref", "-d", f"refs/heads/{STATUS}")

    def pass_a_minute(self) -> None:
        """For a lock of git that a killed run has left: the next run waits until it has stood for half a minute."""
        for lock in (self.world.clone.folder / ".git").rglob("*.lock"):
            os.utime(lock, (time.time() - 60,) * 2)

    def settle(self, scene: Scene, after: str) -> None:
        """One normal run, after which nothing is to be done and nothing left.

        One in which something fails for the first time leaves the pruning to another.
        """
        self.pass_a_minute()
        if scene.failing:
            self.run("apply")
        ended = self.run("apply")
        after += f"\nThen apply ended with {ended.code}:\n{ended.said}"
        well([] if ended.code == (6 if scene.failing else 0) else ["it should have ended otherwise"], after)
        well(self.wrong() + self.unlike(scene), after)
        ended = self.run("plan", "--detailed-exitcode")
        well([] if ended.code == 0 else ["a plan finds something to do", ended.said], after)
        if self.server != "none":
            ended = self.run("gc")
            well([] if ended.code == 0 else ["gc fails", ended.said], after)
            if None not in scene.failing.values():  # what cannot be looked at may need any blob
                well(orphans(self.world.volume, scene.models, scene.standing), f"{after}\n{ended.said}")
        elif not scene.failing:
            well(half_way(self.world.volume), after)
        well(self.world.clone.git("fsck", "--no-dangling").splitlines(), after)

    def wrong(self) -> list[str]:
        """What must never be, at no moment."""
        found = half_made(self.world.volume)
        if foreign(self.world.volume) != self.strangers:
            found.append("what is not ours was touched")
        if self.server != "none":
            found += [f"{name} serves without being whole: {words}" for name, words in self._unverified()]
        return found

    def _unverified(self) -> Iterator[tuple[str, str]]:
        for name, stamp in served(self.world).items():
            for words in incomplete(self.world.volume, stamp.removeprefix("sha256:")) if stamp else ():
                yield name, words

    def unlike(self, scene: Scene) -> list[str]:
        """How the world differs from what can be had of what git says."""
        if self.server == "none":
            return unlike(self.world.volume, scene.standing)
        self.world.wanted = scene.standing
        found = complaints(self.world)
        self.world.wanted = scene.models
        told = ("the status ", "there are trees that no link names")
        return [words for words in found if not (scene.failing and words.startswith(told))]


def well(complaints: list[str], after: str) -> None:
    """Fails with all that is not well, and after what."""
    assert not complaints, "\n".join([*complaints, after])


def beside(world: World) -> None:
    """What is not ours, and stays as it is."""
    (world.clone.folder / "reconciler.yaml").write_text(POLICY)
    models = world.volume / "models"
    (models / "theirs/1").mkdir(parents=True)
    (models / "theirs/1/factor").write_text("11\n")
    (models / "notes.txt").write_text("not ours\n")
    (models / "elsewhere").symlink_to("theirs")


def round_about(ground: Ground, scenes: Sequence[Scene], most: int | None) -> str:
    """Kills runs from scene to scene, at points evenly spread over all that there are; tells how many there were."""
    points = tried_at(ground, scenes, ground.crash, most)
    return f"{points} kill points; {ground.killed} runs killed"


def tried_at(ground: Ground, scenes: Sequence[Scene], attempt: Callable[[Scene, int], None], most: int | None) -> str:
    """Makes attempts from scene to scene, at points evenly spread over all that there are; tells how many there are."""
    beside(ground.world)
    ground.strangers = foreign(ground.world.volume)
    counts = [_measured(ground, scene) for scene in scenes]
    points = [(number, at) for number, count in enumerate(counts) for at in range(1, count + 1)]
    chosen = points if most is None else [points[i * len(points) // most] for i in range(most)]
    left = [[at for number, at in chosen if number == mine] for mine in range(len(scenes))]
    while any(left):
        ground.begin_round()
        for scene, mine in zip(scenes, left, strict=True):
            if mine:
                attempt(scene, mine.pop(0))
            else:
                ground.world.want(scene.models)
                ground.run("apply")
    told = ", ".join(f"{count} in {scene.name}" for scene, count in zip(scenes, counts, strict=True))
    return f"{len(points)} ({told})"


def _measured(ground: Ground, scene: Scene) -> int:
    ground.world.want(scene.models)
    effects = ground.run("apply").effects
    ground.settle(scene, f"{scene.name}, not killed")
    return len(effects)


def most(sample: int, variable: str = "CRASHES") -> int | None:
    """How many points are tried: all of them with CRASHES=all."""
    chosen = os.environ.get(variable, str(sample))
    return None if chosen == "all" else int(chosen)


def serverless(folder: Path) -> World:
    """A world where nothing is loaded."""
    volume, work = folder / "volume", folder / "work"
    for path in (volume / "models", work):
        path.mkdir(parents=True)
    clone = Clone(folder=work, remote=work, environ=environment(os.environ))
    clone.git("init", "--quiet", "--initial-branch=main")
    return World(clone=clone, volume=volume, server=None)  # type: ignore[arg-type]
