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


def _line(span: Span) -> str:
    of = f" (of {in_words(span.capacity)})" if span.capacity is not None else ""
    shown = f"{in_words(span.before)} now, up to {in_words(span.peak)}, then {in_words(span.after)}{of}"
    known = [words.line(name) for name in span.uncounted]
    rest = f" and {len(known) - 5} more" if len(known) > 5 else ""
    unknown = f"; not known of {', '.join(known[:5])}{rest}" if known else ""
    return f"{_NAMES[span.name]}: {shown}{unknown}."
