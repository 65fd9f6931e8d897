"""Steps in words: what is done, to which model, where, how much of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from reconciler.core.plan import Activate, Adopt, Deactivate, Fetch, Load, Prune, Retire, Step, Unload
from reconciler.core.quantities import in_words
from reconciler.render import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A step's verb, its model and server (empty where it has none), and its bytes if they are known."""

    verb: str
    model: str = ""
    server: str = ""
    size: int | None = None


def deed(step: Step) -> Deed:
    """What the step does, in the words that every renderer uses."""
    verb = type(step.action).__name__.lower()
    match step.action:
        case Fetch(model=model, size=size) | Adopt(model=model, size=size):
            return Deed(verb=verb, model=model, size=size)
        case Load(model=model, server=server) | Unload(model=model, server=server):
            return Deed(verb=verb, model=model, server=server)
        case Activate(model=model) | Deactivate(model=model) | Retire(model=model):
            return Deed(verb=verb, model=model)
        case Prune(size=size):
            return Deed(verb=verb, size=size)
    assert_never(step.action)


def name(step: Step) -> str:
    """`load densenet on grpc://triton-0:8001`."""
    done = deed(step)
    parts = (done.verb, done.model, f"on {done.server}" if done.server else "")
    return words.line(" ".join(part for part in parts if part))


def doing(step: Step) -> str:
    """The step as a line below its model: `fetch 12.3 MiB`, `activate 9f2c00000000`, `load on grpc://…`."""
    match step.action:
        case Fetch(size=size):
            return "fetch (size not known before)" if size is None else f"fetch {in_words(size)}"
        case Load(server=server, tree=tree):
            return f"load {words.short(tree.generation)} on {words.line(server)}"
        case Unload(server=server):
            return f"unload from {words.line(server)}"
        case _:
            return _on_the_volume(step.action)


def _on_the_volume(action: Adopt | Activate | Deactivate | Retire | Prune) -> str:
    match action:
        case Adopt(size=size):
            return f"adopt {in_words(size)} of its directory"
        case Activate(tree=tree, adopts=adopts):
            return f"activate {words.short(tree.generation)}{', and set its directory aside' if adopts else ''}"
        case Deactivate(generation=generation):
            return f"deactivate {words.short(generation)}"
        case Retire():
            return "retire its directory, which was set aside"
        case Prune():
            return pruning(action)
    assert_never(action)


def pruning(action: Prune) -> str:
    """`prune: 2 trees, 5 blobs, 12.3 MiB that nothing refers to`, or what is damaged."""
    if action.damaged:
        return f"prune: {words.count(len(action.damaged), 'blob')} found damaged, unless mended by then"
    numbers = (("tree", len(action.trees)), ("blob", len(action.blobs)), ("half-made thing", len(action.partials)))
    parts = [words.count(number, noun) for noun, number in numbers if number]
    return f"prune: {', '.join([*parts, in_words(action.size)])} that nothing refers to"


def awaited(step: Step, steps: Mapping[str, Step]) -> list[str]:
    """The steps of other models that must succeed before this one, in words, sorted."""
    before = [steps[id_] for id_ in step.after if id_ in steps]
    own = deed(step).model
    return sorted(
        {f"{done.verb} of {words.line(done.model)}" for done in map(deed, before) if done.model not in (own, "")}
    )
