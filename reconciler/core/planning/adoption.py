"""Taking over a foreign directory for a model that git has (spec §3): what comes from it, and when it may go.

The directory's files become blobs, our link takes its place, what is up is loaded once more with our stamp, and only
when that is served is the directory deleted, which was set aside meanwhile. A failure on the way puts it back.
"""

from collections.abc import Iterator, Mapping

from reconciler.core.content import Known
from reconciler.core.errors import Reason
from reconciler.core.judging.deltas import Delta
from reconciler.core.judging.served import is_up, serving, stamp_on
from reconciler.core.observed import Observed, Unreachable
from reconciler.core.plan import Adopt, Retire, Step
from reconciler.core.settling.units import Scene

FROM_DIRECTORY = "takes over the directory models/{name}, of which nothing is fetched again"
OTHER_FILES = "takes the place of the directory models/{name}, which does not hold all that its sources do"
LEFT_OVER = "its own directory, which was set aside when it was taken over, is not needed any more"


def adopting(name: str, scene: Scene) -> Step | None:
    """The step that makes blobs of what the directory holds; None where all of that is here or has to be fetched."""
    content = scene.observed.contents.get(name)
    if not isinstance(content, Known) or not content.held:
        return None
    sizes = {file.digest: file.size for files in content.files.values() for file in files}
    size = sum(sizes[digest] for digest in content.held)
    action = Adopt(model=name, files=content.files, held=content.held, size=size)
    return Step(id=f"adopt:{name}", action=action, reason=Reason.ADOPTED)


def told(delta: Delta) -> str:
    """What becomes of the directory, in words."""
    text = OTHER_FILES if delta.verdict.missing else FROM_DIRECTORY
    return text.format(name=delta.verdict.spec.name)


def strangers(delta: Delta, observed: Observed) -> tuple[str, ...] | None:
    """The servers on which the model is up from its own directory, if that comes back where the change fails."""
    name, views = delta.verdict.spec.name, serving(observed)
    up = [server for server in views if is_up(views[server], name)]
    found = tuple(server for server in up if stamp_on(views[server], name) is None)
    begun = name in observed.volume.aside and bool(up) and len(found) == len(up)
    return found if delta.activation is Reason.ADOPTED or begun else None


def retirements(scene: Scene, finals: Mapping[str, frozenset[str]]) -> Iterator[Step]:
    """Deletes what was or will be set aside, once what took its place is as wanted on every server."""
    views = scene.observed.servers.values()
    if not views or any(isinstance(view, Unreachable) for view in views):
        return
    taken = {name for name, delta in scene.deltas.items() if delta.activation is Reason.ADOPTED}
    for name in sorted(taken | (scene.observed.volume.aside & (scene.deltas.keys() | scene.removals.keys()))):
        leaving = (finals[one.name] for one in scene.departures.values() if one.model == name)
        after = finals.get(name, frozenset()).union(*leaving)
        yield Step(id=f"retire:{name}", action=Retire(model=name), reason=Reason.ADOPTED, after=after)
