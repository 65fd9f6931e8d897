"""What was measured as a page of Markdown: a table for each set, and whether the bars hold."""

import datetime
import os
import platform
import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.clients import OURS, RAW
from bench.measure import Run
from bench.sets import Files

_LIMIT, _AGAIN, _MEMORY = 0.8, 1.0, 300
"""The bars: of the raw limit's speed, seconds of the second fetch, MiB."""

_BEGIN, _END = "<!-- measured: `make bench-fetch` writes from here -->", "<!-- to here -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The second fetch of what has not changed: its own seconds, and bytes that the server sent for it."""

    seconds: float
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One set's runs by client; `hashing` is what one processor takes to hash it all, in seconds."""

    files: Files
    runs: Mapping[str, list[Run]]
    again: Again
    hashing: float

    def median(self, name: str) -> float | None:
        """Seconds, None where no run came to its end."""
        good = [run.seconds for run in self.runs[name] if not run.fault and not run.stopped]
        return statistics.median(good) if good else None

    def memory(self, name: str) -> float:
        """MiB at the highest peak."""
        return max((run.memory for run in self.runs[name]), default=0) / (1 << 20)


def page(found: list[Measured], versions: Mapping[str, str], day: datetime.date) -> str:
    """All of it."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items()) or "none"
    head = [f"Measured on {day.isoformat()}: {machine()}.", "", f"Compared with: {named}."]
    return "\n".join([*head, *(line for each in found for line in _section(each))]) + "\n"


def put_into(text: str, measured: str, begin: str = _BEGIN) -> str:
    """The document with what was measured in its place. Raises ValueError if it has no such place."""
    before, found, after = text.partition(begin)
    if not found or _END not in after:
        raise ValueError(f"there is no place for the measurements: {begin} ... {_END}")
    return f"{before}{begin}\n\n{measured}\n{_END}{after.partition(_END)[2]}"


def machine() -> str:
    """The machine in words."""
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
        text = stream.read()
    model = re.search(r"model name\s*: (.*)", text)
    hashes = "with" if re.search(r"\bsha_ni\b", text) else "without"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}, {hashes} SHA instructions), "
        f"{memory:.0f} GiB of memory, Python {platform.python_version()}"
    )


def _section(found: Measured) -> Iterator[str]:
    yield from ("", f"### {found.files.title[0].upper()}{found.files.title[1:]}", "")
    yield "| client | seconds, median | fastest | times ours | processor seconds | peak MiB | runs |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    ours = found.median(OURS)
    for name in sorted(found.runs, key=lambda name: found.median(name) or float("inf")):
        yield _row(found, name, ours)
    yield ""
    yield f"SHA-256 of these bytes alone takes one processor {found.hashing:.1f} s here.".replace("  ", " ")
    yield ""
    yield from _bars(found)


def _row(found: Measured, name: str, ours: float | None) -> str:
    runs, median = found.runs[name], found.median(name)
    shown = f"**{name}**" if name == OURS else name
    memory = f"{found.memory(name):,.0f}"
    if median is None:
        return f"| {shown} | {_why(runs)} | - | - | - | {memory} | {len(runs)} |"
    good = [run for run in runs if not run.fault and not run.stopped]
    ratio = f"{median / ours:.2f}" if ours else "-"
    cpu = statistics.median(run.cpu for run in good)
    fastest = min(run.seconds for run in good)
    return f"| {shown} | {median:.1f} | {fastest:.1f} | {ratio} | {cpu:.1f} | {memory} | {len(good)} |"


def _why(runs: list[Run]) -> str:
    """Why there is no time."""
    fault = next((run.fault for run in runs if run.fault), None)
    return f"failed: {fault}" if fault else f"> {max(run.seconds for run in runs):.0f} (stopped)"


def _bars(found: Measured) -> Iterator[str]:
    ours, raw = found.median(OURS), found.median(RAW)
    peers = [(median, name) for name in found.runs if name not in (OURS, RAW) and (median := found.median(name))]
    if ours is None or raw is None:
        yield "- **fails**: this program or the raw limit did not come to its end"
        return
    if peers:
        best, name = min(peers)
        yield bar(ours <= best, f"as fast as the fastest peer: {ours:.1f} s, {name} {best:.1f} s")
    yield bar(raw / ours >= _LIMIT, f"at least {_LIMIT} of the raw limit's speed: {raw / ours:.2f}")
    memory = found.memory(OURS)
    yield bar(memory < _MEMORY, f"peak memory under {_MEMORY} MiB: {memory:.0f} MiB")
    again = found.again
    words = f"the second fetch sends nothing and takes under a second: {again.sent} bytes, {again.seconds:.2f} s"
    yield bar(again.sent == 0 and again.seconds < _AGAIN, words)


def bar(holds: bool, words: str) -> str:
    """Whether a bar holds."""
    return f"- {'holds' if holds else '**fails**'}: {words}"
