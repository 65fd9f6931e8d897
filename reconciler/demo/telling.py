"""How the demo speaks: short headings, commands as a person would type them, what came of them, and checks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.render.line import Line, Tone, wrapped

WIDTH = 100


class DemoFailedError(Exception):
    """Something that the demo claims did not hold."""


@dataclass(slots=True, kw_only=True)
class Teller:
    """Prints through `show`; counts what was checked."""

    show: Callable[[Iterable[Line]], None]
    checked: int = field(default=0)
    _acts: int = field(default=0)

    def heading(self, text: str) -> None:
        """The title of a new act."""
        self._acts += 1
        self.show([Line(""), Line(f"{self._acts}. {text}", Tone.TITLE)])

    def say(self, text: str) -> None:
        """A paragraph."""
        self._folded(text, "   ", Tone.PLAIN)

    def copyable(self, command: str) -> None:
        """A command for the person to copy, in one line however long."""
        self.show([Line(f"     {command}")])

    def prompt(self, command: str) -> None:
        """A command that is about to run."""
        self.show([Line(""), Line(f"   $ {command}", Tone.TITLE)])

    def heard(self, text: str) -> None:
        """A line that a command printed."""
        self._folded(text, "     ", Tone.FAINT)

    def check(self, claim: str, *, holds: bool) -> None:
        """Says the claim, and raises DemoFailedError where it does not hold."""
        if not holds:
            raise DemoFailedError(claim)
        self.checked += 1
        self._folded(f"✓ {claim}", "   ", Tone.ADD)

    def _folded(self, text: str, margin: str, tone: Tone) -> None:
        self.show(wrapped([Line(f"{margin}{text}".rstrip(), tone)], WIDTH))
