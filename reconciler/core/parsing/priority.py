"""The label that says which models come first where not all fit: a whole number, 0 where there is none."""

from collections.abc import Iterator

from reconciler.core.checking.checked import Checked
from reconciler.core.checking.nodes import quoted
from reconciler.core.errors import Problem
from reconciler.core.spec import ModelSpec

LABEL = "priority"


def priority(spec: ModelSpec) -> int:
    """The higher, the earlier. Total: a label that is no number was refused when the file was read."""
    text = spec.labels.get(LABEL, "")
    return int(text) if _is_number(text) else 0


def faults(checked: Checked) -> Iterator[Problem]:
    """A priority that is no number."""
    written = checked.sound("metadata", "labels", LABEL)
    if isinstance(written, str) and not _is_number(written):
        yield checked.fault(("metadata", "labels", LABEL), quoted(written), "a whole number such as 10 or -1")


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 9
