"""What there is room for on the volume: no fetch begins that cannot end (spec §8: a full disk).

What several models have in common counts once. Trees are links to the same files, so they take no room of their own.
"""

from collections.abc import Iterable, Mapping

from reconciler.core import quantities
from reconciler.core.digest import Digest
from reconciler.core.errors import Reason
from reconciler.core.judging.verdicts import Deferred, Hold, Verdict, Wanted
from reconciler.core.observed import Active, Observed, VolumeView
from reconciler.core.spec import Target


class Disk:
    """The room that is left while model after model is let in."""

    def __init__(self, observed: Observed, target: Target) -> None:
        self._observed = observed
        self._room, self._why = _room(observed.volume, target)
        self._counted = set[Digest]()

    def shortage(self, verdicts: Iterable[Wanted | Deferred]) -> str:
        """Why there is no room for these, empty if there is."""
        needed = self._needed(verdicts)
        if self._room is None or needed <= self._room or not needed:
            return ""
        size, room = quantities.in_words(needed), quantities.in_words(max(self._room, 0))
        return f"{size} are to be fetched, and {self._why.format(room=room)}: enlarge it, or remove models"

    def take(self, verdicts: Iterable[Wanted | Deferred]) -> None:
        """These are to be fetched."""
        among = list(verdicts)
        if self._room is not None:
            self._room -= self._needed(among)
        self._counted |= {digest for verdict in among for digest in to_come(verdict, self._observed)}

    def _needed(self, verdicts: Iterable[Wanted | Deferred]) -> int:
        among = list(verdicts)
        files = {digest: size for one in among for digest, size in to_come(one, self._observed).items()}
        unknown = sum(one.size or 0 for one in among if isinstance(one, Deferred))
        return unknown + sum(size for digest, size in files.items() if digest not in self._counted)


def _room(volume: VolumeView, target: Target) -> tuple[int | None, str]:
    """What is really free, or what the target's capacity leaves where that is less; and how to say it."""
    declared = target.capacity.disk
    left = None if declared is None else declared - used(volume)
    if left is None or (volume.free_bytes is not None and volume.free_bytes <= left):
        return volume.free_bytes, "the volume has {room} free"
    taken, there = quantities.in_words(used(volume)), quantities.in_words(declared or 0)
    return left, f"{taken} of the {there} of capacity.disk are taken, which leaves {{room}}"


def used(volume: VolumeView) -> int:
    """Bytes of all blobs; trees are links to them."""
    return sum(volume.blobs.values())


def to_come(verdict: Wanted | Deferred, observed: Observed) -> dict[Digest, int]:
    """Sizes of the files that its tree will be made of and that are not on the volume."""
    if isinstance(verdict, Deferred):
        return {}
    tree = verdict.artifact.tree
    active = observed.volume.entries.get(verdict.spec.name)
    if isinstance(active, Active) and active.generation == tree.generation and not active.damage:
        return {}
    return {file.digest: file.size for file in tree.files if file.digest in verdict.missing}


def is_short(verdicts: Mapping[str, Verdict]) -> bool:
    """Whether room is what a model waits for."""
    holds = (verdict.kept if isinstance(verdict, Wanted) else verdict for verdict in verdicts.values())
    return any(isinstance(hold, Hold) and hold.reason is Reason.NO_SPACE for hold in holds)
