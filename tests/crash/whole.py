"""The whole system, harmed in every way: what runs find there, and what must be so whatever they do.

Harms may leave anything. A run may not: what it finds sound stays sound, what it finds foreign stays as it is, and
nothing that it makes is half-made under a final name. So the world is judged before and after it, and nothing may be
wrong that was not wrong before.
"""

import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.demo.configuration import Clone, environment
from tests.crash.harms import Harm
from tests.crash.judging import foreign, incomplete, links, orphans, unlike
from tests.crash.killing import KILLED, Ended, Nursery
from tests.e2e.real_world import World
from tests.e2e.running import wipe
from tests.e2e.soundness import complaints, served
from tests.estate import Changed, Estate

_WELL, _CHANGES, _ANOTHER_RUN, _NOT_ALL, _INVALID = 0, 2, 5, 6, 65
_PATIENCE = 2
"""Runs until all is as wanted, once all harms are over."""


@dataclass(slots=True, kw_only=True)
class Whole:
    """`log` is what was done in this example; `counted` what was done in all, by kind."""

    nurseries: tuple[Nursery, Nursery]
    world: World
    estate: Estate
    counted: Counter[str]
    server: str = "none"
    log: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    strangers: dict[str, object] = field(default_factory=dict)
    failed: bool = False

    def note(self, kind: str, words: str) -> None:
        """A step was done."""
        self.counted[kind] += 1
        self.log.append(f"{kind}: {words}")

    def harm(self, harms: tuple[Harm, ...], kind: str, dice: random.Random) -> None:
        """One of these, if there is anything to do it to."""
        words = dice.choice(harms)(self.world, dice)
        self.note(kind, words or "there was nothing to harm")

    def edit(self, how: Callable[[], Changed | None], dice: random.Random) -> None:
        """Git says something else."""
        self.estate.dice = dice
        changed = how()
        self.note("git", changed.words if changed is not None else "nothing was to be changed")

    def _born(self, nursery: Nursery, command: str, fatal: int, server: str) -> Ended:
        where = ("--repo", str(self.estate.repository), "--volume", str(self.world.volume), "--server", server)
        environ = self.world.clone.environ
        return nursery.run([*command.split(), *where], self.world.volume.parent, environ, fatal=fatal)

    def run(self, command: str, *, fatal: int = 0, server: str = "") -> Ended:
        """One run, killed at an effect if it comes that far."""
        self._look_before()
        ended = self._born(self.nurseries[0], command, fatal, server or self.server)
        killed = f", killed before: {ended.last}" if ended.code == KILLED else ""
        self.note("killed" if killed else command, f"{command} {fatal or ''} ended with {ended.code}{killed}")
        self._look_after(ended)
        return ended

    def run_two(self, commands: tuple[str, str], *, fatal: int = 0) -> None:
        """Two at once, of which the first may be killed."""
        self._look_before()
        with ThreadPoolExecutor(2) as pool:
            both = [*pool.map(self._born, self.nurseries, commands, (fatal, 0), (self.server,) * 2)]
        self.note("two at once", f"{' and '.join(commands)} {fatal or ''} ended with {[one.code for one in both]}")
        self._look_after(*both)

    def _look_before(self) -> None:
        self._pass_a_minute()
        self.known, self.strangers = self._wrong(), foreign(self.world.volume)

    def _look_after(self, *ended: Ended) -> None:
        said = "\n".join(one.said for one in ended)
        worse = sorted(self._wrong() - self.known)
        self.well(worse, "this is wrong and was not before", said)
        now = foreign(self.world.volume)
        changed = [path for path in now.keys() | self.strangers.keys() if now.get(path) != self.strangers.get(path)]
        self.well(sorted(changed), "what is not ours was touched", said)
        codes = {KILLED, _WELL, _CHANGES, _NOT_ALL, _INVALID} | ({_ANOTHER_RUN} if len(ended) > 1 else set())
        odd = [str(one.code) for one in ended if one.code not in codes or "Traceback" in one.said]
        self.well(odd, "a run ended in no way that it may end", said)

    def well(self, wrong: list[str], what: str, said: str) -> None:
        """Fails with all that is known, if anything is wrong."""
        self.failed = bool(wrong)
        assert not wrong, "\n".join([f"{what}:", *wrong, "after these steps:", *self.log, "It said:", said])

    def _pass_a_minute(self) -> None:
        """For git's locks, which a run believes in until they have stood for half a minute."""
        for lock in (self.estate.repository / "refs").rglob("*.lock"):
            os.utime(lock, (time.time() - 60,) * 2)
        for lock in self.estate.repository.glob("*.lock"):
            os.utime(lock, (time.time() - 60,) * 2)

    def _wrong(self) -> set[str]:
        """Each thing of which something is wrong."""
        volume, ours = self.world.volume, self.world.ours()
        trees = {path.name for path in (ours / "trees").glob("*")}
        bad = {generation for generation in trees if next(incomplete(volume, generation), None)}
        found = {f"the tree {generation} is not whole" for generation in bad}
        found |= {f"{name} dangles" for name, generation in links(volume).items() if generation not in trees}
        blobs = (path for path in (ours / "blobs").rglob("*") if path.is_file())
        found |= {f"the blob {path.name} is something else" for path in blobs if not _true(path)}
        return found | set(self._unverified())

    def _unverified(self) -> Iterator[str]:
        if self.server == "none":
            return
        for name, stamp in served(self.world).items():
            if stamp and next(incomplete(self.world.volume, stamp.removeprefix("sha256:")), None):
                yield f"{name} serves {stamp}, of which no whole tree is there"

    def settle(self) -> None:
        """All harms are over: one or two normal runs make all of it as wanted, and leave nothing to be done.

        What a source was listed to hold is a note on the volume, read with care; one that others have damaged stays
        until it is needed again or `--verify` finds it.
        """
        self.world.tidy()
        if self.estate.ills:
            self.estate.mend()
        self.world.wanted = self.estate.models()
        ended, runs = self.run("apply"), 1
        while runs < _PATIENCE and (ended.code != _WELL or self._plan() != _WELL):
            ended, runs = self.run("apply"), runs + 1
        self.counted[f"converged with run {runs}"] += 1
        self.well(
            [] if ended.code == _WELL else [f"it ended with {ended.code}"], f"{runs} runs were not enough", ended.said
        )
        unlike = [one for one in self._unlike() if not one.startswith("the blob ")]
        self.well(unlike, "the world is not as git says", ended.said)
        plan = self.run("plan --detailed-exitcode")
        self.well([] if plan.code == _WELL else [plan.said], "something is left to be done", ended.said)
        if self.server != "none":
            read = self.run("apply --verify")
            self.well([] if read.code == _WELL else [str(read.code)], "not all can be verified", read.said)
            self.well(self._unlike(), "the world is not as git says once all was read", read.said)
            gone = self.run("gc")
            self.well([] if gone.code == _WELL else [f"gc ended with {gone.code}"], "nothing can be cleared", gone.said)
            self.well(orphans(self.world.volume, self.world.wanted), "orphans are left", gone.said)
        self.well(self.world.clone.git("fsck", "--no-dangling").splitlines(), "git is damaged", ended.said)

    def _plan(self) -> int:
        return self.run("plan --detailed-exitcode").code

    def _unlike(self) -> list[str]:
        if self.server != "none":
            return complaints(self.world)
        wanted, named = self.world.wanted, links(self.world.volume)
        missing = [f"{name} has no link" for name in wanted.keys() - named.keys()]
        return missing + [one for one in unlike(self.world.volume, wanted) if not one.startswith("links to")]


def _true(blob: Path) -> bool:
    return hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name


def begun(
    nurseries: tuple[Nursery, Nursery], folder: Path, world: World | None, counted: Counter[str], seed: int
) -> Whole:
    """A new world in the folder: an empty volume, a first commit, a server that serves nothing, if there is one."""
    volume = folder / "volume"
    if world is not None:
        world.server.kill()
    for path in (volume, folder / "models.git", folder / "sources"):
        if path.exists():
            wipe(path)
    dice = random.Random(seed)  # noqa: S311  reproducible, not secret
    estate = Estate(root=folder, dice=dice, fewest=4, most=10)
    estate.begin()
    clone = Clone(folder=estate.repository, remote=estate.repository, environ=environment(os.environ))
    if world is None:
        world = World(clone=clone, volume=volume, server=None)  # type: ignore[arg-type]
        return Whole(nurseries=nurseries, world=world, estate=estate, counted=counted)
    world.clone, world.afterwards = clone, []
    world.server.restart()
    return Whole(nurseries=nurseries, world=world, estate=estate, counted=counted, server=world.server.info.grpc_url)
