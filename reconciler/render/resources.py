"""Memory and disk along a plan, in words."""

from collections.abc import Iterable, Iterator

from reconciler.core.amounts import Span
from reconciler.core.quantities import in_words
from reconciler.render import words

_NAMES = {"memory": "Memory", "gpuMemory": "GPU memory", "disk": "Disk"}


def told(spans: Iterable[Span]) -> Iterator[str]:
    """A line for each resource of which the target declares what there is, and each memory that anything takes."""
    for span in spans:
        if span.capacity is not None or (span.name != "disk" and span.peak):
            yield _line(span)


def warnings(spans: Iterable[Span]) -> Iterator[str]:
    """What will still be more than there is: nothing is unloaded for that, so a person must see to it."""
    for span in spans:
        if span.excess:
            over, there = in_words(span.excess), in_words(span.capacity or 0)
            less = "enlarge the volume" if span.name == "disk" else "correct the models' resources"
            yield (
                f"{_NAMES[span.name]}: {over} more than the {there} of capacity.{span.name} stay taken, and nothing "
                f"that is served is taken away for that: raise it, {less}, or remove or disable models (load.enabled)"
            )


def _line(span: Span) -> str:
    of = f" (of {in_words(span.capacity)})" if span.capacity is not None else ""
    if span.before is None or span.peak is None or span.after is None:
        return f"{_NAMES[span.name]}: not known, for no server could be looked at{of}."
    shown = f"{in_words(span.before)} now, up to {in_words(span.peak)}, then {in_words(span.after)}{of}"
    known = [words.line(name) for name in span.uncounted]
    rest = f" and {len(known) - 5} more" if len(known) > 5 else ""
    unknown = f"; not known of {', '.join(known[:5])}{rest}" if known else ""
    return f"{_NAMES[span.name]}: {shown}{unknown}."
