"""What there is room for on the volume: no fetch begins that cannot end (spec §8: a full disk).

In the order of their names, each model that fits into what those before it leave; what several have in common counts
once. Trees are links to the same files, so they take no room of their own.
"""

from collections.abc import Mapping

from reconciler.core import quantities
from reconciler.core.digest import Digest
from reconciler.core.errors import Reason
from reconciler.core.observed import Active, Observed
from reconciler.core.verdicts import Deferred, Hold, Verdict, Wanted, keep


def with_room(verdicts: Mapping[str, Verdict], observed: Observed) -> dict[str, Verdict]:
    """The verdicts, with a hold for every model whose files do not fit; all the same where free space is not known."""
    found = dict(verdicts)
    room, counted = observed.volume.free_bytes, set[Digest]()
    if room is None:
        return found
    for name, verdict in sorted(verdicts.items()):
        if isinstance(verdict, Hold):
            continue
        files = _to_come(verdict, observed)
        own = verdict.size or 0 if isinstance(verdict, Deferred) else 0
        needed = own + sum(size for digest, size in files.items() if digest not in counted)
        if needed > room:
            size = quantities.in_words(needed)
            message = f"{size} are to be fetched, and the volume has no room for so much: enlarge it, or remove models"
            wanted = verdict.artifact.tree.generation if isinstance(verdict, Wanted) else None
            hold = Hold(reason=Reason.NO_SPACE, message=message, wanted=wanted)
            found[name] = keep(verdict.spec, hold, observed)
        else:
            room -= needed
            counted |= files.keys()
    return found


def _to_come(verdict: Wanted | Deferred, observed: Observed) -> dict[Digest, int]:
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
