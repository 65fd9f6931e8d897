"""Whether something grows: the medians of the second and of the last third of what was measured."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What is measured; it is flat if the last third is above the second by no more than `share` of it and `slack`."""

    name: str
    unit: str
    share: float = 0.0
    slack: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The medians of the thirds, and the most."""

    gauge: Gauge
    thirds: tuple[float, float, float]
    most: float

    @property
    def flat(self) -> bool:
        """The first third is left out: what is imported, cached and pooled comes with it."""
        _, second, last = self.thirds
        return last <= second * (1 + self.gauge.share) + self.gauge.slack

    def row(self) -> str:
        """Of a table in Markdown."""
        numbers = " | ".join(f"{number:,.1f}".removesuffix(".0") for number in (*self.thirds, self.most))
        share = f"{self.gauge.share:.0%}" if self.gauge.share else ""
        allowed = " + ".join(words for words in (share, f"{self.gauge.slack:g}" if self.gauge.slack else "") if words)
        verdict = "flat" if self.flat else "**grows**"
        return f"| {self.gauge.name}, {self.gauge.unit} | {numbers} | {allowed or '0'} | {verdict} |"


def course(gauge: Gauge, values: Sequence[float]) -> Course:
    """Of at least three measurements, in their order."""
    third = len(values) // 3
    parts = values[:third], values[third : 2 * third], values[2 * third :]
    first, second, last = (float(statistics.median(part)) for part in parts)
    return Course(gauge=gauge, thirds=(first, second, last), most=float(max(values)))
