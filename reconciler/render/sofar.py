"""How far something is, as numbers: what has come, how fast, and how long the rest will take at that rate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """Bytes `done` of `total` (None if not known) in so many seconds; `file` is what came last."""

    done: int
    total: int | None
    seconds: float
    file: str = ""

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return max(self.done, 0) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds, None where nobody can tell."""
        if self.total is None or not self.rate or self.done > self.total:
            return None
        return (self.total - self.done) / self.rate
