"""The model volume (spec §3): all reading and writing of it.

Promises: nothing half-made has a final name, whenever the process is killed; everything is idempotent; nothing
foreign is touched. Nothing of ours but links is inside models/, for Triton takes every directory there for a model.
"""

import contextlib
from collections.abc import Callable, Iterator

from reconciler.adapters.sources import Remembered, Sources
from reconciler.adapters.volume import (
    activation,
    adopting,
    aside,
    disk,
    fetch,
    known,
    limits,
    lock,
    proving,
    prune,
    resolve,
    signatures,
    turns,
    view,
)
from reconciler.adapters.volume.pace import Pace, Watch, promptly
from reconciler.adapters.volume.shelf import open_shelf
from reconciler.core.content import Content
from reconciler.core.memo import Memo
from reconciler.core.observed import VolumeView
from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Prune, Retire
from reconciler.core.progress import Moved
from reconciler.core.spec import ModelSigners, ModelSpec, Source


class Volume:
    """A volume by its mount point. Safe to use from several threads, one of them per model.

    `sources` opens what models come from, without credentials profiles if it is left out, and is closed with this.
    `signers`: who must have signed each model; None for nobody. `links`: whether the filesystem has symbolic and hard
    links; None to find out. Raises TerminalError(VOLUME_UNUSABLE) if `root` is not a directory.
    """

    def __init__(
        self,
        root: str,
        *,
        sources: Sources | None = None,
        signers: ModelSigners | None = None,
        links: bool | None = None,
        limits: limits.Limits | None = None,
    ) -> None:
        self._signers = signers
        self._shelf = open_shelf(root, sources or Sources({}, {}), links=links)
        self._pace = Pace(limits) if limits else Pace()
        self._turns = turns.Turns()

    def read_all(self) -> None:
        """From now on nothing counts as whole that was not read."""
        self._shelf = self._shelf.read_through()

    def close(self) -> None:
        """Closes the connections to sources; the volume can go on being used."""
        self._shelf.sources.close()

    def observe(self, memo: Memo | None = None) -> VolumeView:
        """What is there; needs no lock and writes nothing. Raises TerminalError or TransientError.

        `memo`: what was worked out before.
        """
        self._shelf.places.check()
        return view.observe(self._shelf, memo or Memo())

    def resolve(self, model: ModelSpec, *, adopting_it: bool = False) -> Content:
        """What the model's sources hold, as far as it is known without fetching; writes nothing on the volume.

        `adopting_it`: what its foreign directory holds counts as here, unless signatures are required. Failures of
        sources are values. Raises TerminalError or TransientError if the volume cannot be read.
        """
        self._shelf.places.check()
        with disk.translated(f"read the volume {self._shelf.places.root}"):
            look = adopting.content if adopting_it and self._signers is None else resolve.resolve
            return signatures.signed(self._shelf, self._signers, model, look(self._shelf, model))

    def remembered(self, source: Source) -> Remembered:
        """What was learnt of a source here, which counts as long as its fingerprints are the same."""
        return known.remembered(self._shelf, source)

    @contextlib.contextmanager
    def lock(self, owner: str) -> Iterator[None]:
        """Keeps every other run away from the volume; `owner` is shown to it. Raises LockedError at once."""
        with lock.hold(self._shelf.places, owner):
            with disk.translated(f"look at the volume {self._shelf.places.root}"):
                aside.recover(self._shelf.places)
            yield

    def fetch(self, action: Fetch, *, progress: Callable[[Moved], None], cancelled: Callable[[], bool]) -> None:
        """Makes blobs of everything the sources hold.

        `progress` is told what comes, from several threads. Raises TransientError or TerminalError.
        """
        watch = Watch(progress=progress, cancelled=cancelled, pace=self._pace)
        with self._workshop(f"fetch {action.model}") as workshop:
            promptly(lambda: self._fetch(action, workshop, watch), cancelled)

    def _fetch(self, action: Fetch, workshop: str, watch: Watch) -> None:
        for source in action.sources.values():
            with self._turns.alone(self._shelf.sources.identity(source)):
                fetch.fetch(self._shelf, source, workshop, watch)

    def activate(self, action: Activate) -> None:
        """Makes or mends the tree, then makes it what Triton sees, newer than anything before.

        Raises TerminalError(FOREIGN), TransientError(TREE_DAMAGED) if a blob is lost, or whatever the disk says.
        """
        with self._workshop(f"activate {action.model}") as workshop:
            activation.activate(self._shelf, action, workshop)

    def prove(self, action: Load) -> None:
        """Reads all that the load will read, but for what was read in this pass and nobody has touched since.

        Raises TransientError(TREE_DAMAGED) for what is not what it should be, and takes that away;
        TransientError(LINK_REPOINTED), or whatever the disk says.
        """
        with disk.translated(f"read what is to be loaded of {action.model}"):
            proving.prove(self._shelf, action)

    def adopt(self, action: Adopt) -> None:
        """Makes blobs of what the model's foreign directory holds. Raises TransientError or TerminalError."""
        with self._workshop(f"take over models/{action.model}") as workshop:
            adopting.adopt(self._shelf, action, workshop)

    def give_back(self, model: str) -> None:
        """Puts the directory back that our link has taken the place of. Raises whatever the disk says."""
        with self._workshop(f"put the directory of {model} back") as workshop:
            aside.give_back(self._shelf.places, self._shelf.links, model, workshop)

    def retire(self, action: Retire) -> None:
        """Deletes the directory that our link has taken the place of. Raises whatever the disk says."""
        with self._workshop(f"delete the directory of {action.model} that was set aside") as workshop:
            aside.retire(self._shelf.places, action.model, workshop)

    def deactivate(self, action: Deactivate) -> None:
        """Takes our entry away, if it still is this generation.

        Raises TerminalError(FOREIGN), TransientError(LINK_REPOINTED), or whatever the disk says.
        """
        with self._workshop(f"deactivate {action.model}") as workshop:
            activation.deactivate(self._shelf, action, workshop)

    def prune(self, action: Prune) -> None:
        """Deletes what is named and not in use now. Raises TransientError or TerminalError."""
        with self._workshop("prune") as workshop:
            prune.prune(self._shelf, action, workshop)

    @contextlib.contextmanager
    def _workshop(self, doing: str) -> Iterator[str]:
        with disk.translated(doing), self._shelf.places.workshop() as workshop:
            yield workshop
