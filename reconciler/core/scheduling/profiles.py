"""What a unit's steps do to a server's memories, one after the other (triton-facts §2).

A load beside what is up holds both copies until it is done; an unload gives back first. Where it fails, what was there
is loaded again, beside what has come so far.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reconciler.core.amounts import NOTHING, Amount, most
from reconciler.core.judging.served import serving
from reconciler.core.settling.units import Scene, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Beyond what was taken before the unit: at most at any moment, at most between two steps, and after it."""

    peak: Amount
    crest: Amount
    net: Amount

    @property
    def passing(self) -> Amount:
        """What is taken only while a step runs."""
        return self.peak - self.crest


def profiles(unit: Unit, scene: Scene, apart: AbstractSet[str] = frozenset()) -> dict[str, Profile]:
    """The unit on each server; models `apart` as if they were unloaded first."""
    return {server: _profile(unit, server, scene, apart) for server in serving(scene.observed)}


def _profile(unit: Unit, server: str, scene: Scene, apart: AbstractSet[str]) -> Profile:
    view, level, sizes = serving(scene.observed)[server], NOTHING, scene.sizes
    unloaded = {name for name in unit.models if server in scene.deltas[name].unloads or name in apart}
    for name in sorted(unloaded):
        level -= sizes.served(view, name)
    levels, peaks, replaced = [level], [level], NOTHING
    for name in (name for name in unit.models if server in scene.deltas[name].loads):
        new, old = sizes.wanted(name), NOTHING if name in unloaded else sizes.served(view, name)
        peaks.append(level + new)
        level += new - old
        replaced = most((replaced, old))
        levels.append(level)
        peaks.append(level + replaced)
    going = [scene.departures[name] for name in unit.departures]
    for name in (*unit.removals, *(one.model for one in going if one.server == server)):
        level -= sizes.served(view, name)
    return Profile(peak=most([*peaks, *levels]), crest=most(levels), net=level)
