"""Memory along the plan: an order in which every load finds room, and who has to give way for it (spec §6).

Where all fits in any order, units run side by side. Where not, those that take memory run in turn
(core/scheduling/turns.py).

Promise: no order that the steps allow, and no failure among them, takes more than the target declares, but for what
was over it already.
"""

from reconciler.core.amounts import Amount, excesses, most, total
from reconciler.core.judging.served import serving
from reconciler.core.plan import AT_ONCE
from reconciler.core.scheduling.profiles import Profile, profiles
from reconciler.core.scheduling.turns import Schedule, Turns
from reconciler.core.settling.units import Scene, Unit
from reconciler.core.spec import Target

__all__ = ["Schedule", "scheduled"]


def scheduled(scene: Scene, units: tuple[Unit, ...], target: Target) -> Schedule:
    """The schedule of these units, which come with what is waited for first."""
    found = {unit: profiles(unit, scene) for unit in units}
    peaks = list[Amount]()
    for server, view in serving(scene.observed).items():
        before = total(scene.sizes.served(view, name) for name in view.models)
        more = _at_most([found[unit][server] for unit in units])
        if [*excesses(before, more, target.capacity)]:
            return Turns(scene, found, target.capacity).schedule()
        peaks.append(before + more)
    return Schedule(units=units, peak=most(peaks))


def _at_most(units: list[Profile]) -> Amount:
    """What they take beyond what is taken before: in any order, a few steps at once."""
    memory = sorted((one.passing.memory for one in units), reverse=True)[:AT_ONCE]
    gpu_memory = sorted((one.passing.gpu_memory for one in units), reverse=True)[:AT_ONCE]
    return total(one.crest for one in units) + Amount(memory=sum(memory), gpu_memory=sum(gpu_memory))
