"""What a pass is recorded as: spans in a tree, handed to whoever keeps them; the default keeps none."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]
"""Plain facts about a span, without secrets."""


class PassResult(StrEnum):
    """How a whole pass ended; `incomplete`: some steps failed, or the status could not be written."""

    DONE = "done"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    FAILED = "failed"


class Span(Protocol):
    """Something that takes time. Used by any thread, and raises nothing."""

    def note(self, facts: Attributes) -> None:
        """Adds to what is known of it."""

    def fail(self, why: str) -> None:
        """Marks it as one that went wrong; `why` has no secrets."""

    def end(self, seconds: float | None = None) -> None:
        """It is over: now, or so many seconds after it began."""


class Recorder(Protocol):
    """Keeps spans, or sends them somewhere. Used by any thread, raises nothing and holds nobody up."""

    def begin(self, name: str, facts: Attributes, parent: Span | None) -> Span:
        """A span begins; without a parent it is the first of its tree."""


class Unrecorded:
    """The recorder that keeps nothing, and its only span."""

    def begin(self, name: str, facts: Attributes, parent: Span | None) -> Span:  # noqa: ARG002 - the protocol's
        """Itself."""
        return self

    def note(self, facts: Attributes) -> None:
        """Nothing."""

    def fail(self, why: str) -> None:
        """Nothing."""

    def end(self, seconds: float | None = None) -> None:
        """Nothing."""
