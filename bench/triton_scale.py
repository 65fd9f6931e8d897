"""`make bench-triton`: thousands of ensembles on a real Triton: a cold server, a pass with nothing to do, one change.

Each number is told beside what a plain loop of tritonclient takes for the same in the same run, and as a ratio to it:
the machine may be busy.
"""

import argparse
import contextlib
import datetime
import importlib.metadata
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tritonclient.grpc import InferenceServerClient

from bench.fleet import Fleet, load_alone, load_one_by_one, loads, read_all, span
from bench.report import bar, machine, put_into
from reconciler import embedded
from reconciler.adapters.triton.client import connect

_COLD, _PASS, _CHANGE = 0.2, 1.5, 2.0
"""The bars: of loading one by one, times the reading alone, times a load alone."""

_PASSES = 2
"""Of the loop, each round."""

BEGIN = "<!-- measured: `make bench-triton` writes from here -->"

Tell = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Times:
    """Seconds by what was done; more than one where it was done in turn with its floor."""

    tell: Tell
    seconds: dict[str, list[float]]

    def take(self, name: str, what: Callable[[], object]) -> None:
        """Notes how long it takes."""
        begin = time.monotonic()
        what()
        self.note(name, time.monotonic() - begin)

    def note(self, name: str, seconds: float) -> None:
        """Notes it."""
        self.seconds.setdefault(name, []).append(seconds)
        self.tell(f"{name:36} {seconds:8.3f} s")

    def median(self, name: str) -> float:
        """The one in the middle."""
        return statistics.median(self.seconds[name])


@contextlib.contextmanager
def empty(fleet: Fleet) -> Iterator[tuple[str, InferenceServerClient]]:
    """A Triton on the fleet's volume that serves nothing, and a plain client of it."""
    with embedded.start(fleet.models) as server, contextlib.ExitStack() as stack:
        client = InferenceServerClient(server.info.grpc_url.removeprefix("grpc://"))
        stack.callback(client.close)
        yield server.info.grpc_url, client
        server.kill()  # to finalise Python models takes Triton a second each


def measured(fleet: Fleet, rounds: int, tell: Tell) -> Times:
    """All three, each beside its floor."""
    times = Times(tell=tell, seconds={})
    fleet.make()
    times.take("volume filled", fleet.apply)
    with empty(fleet) as (_, client):
        times.take("one by one", lambda: load_one_by_one(fleet, client))
        fleet.check(client)
    with empty(fleet) as (url, client):
        _cold(fleet, url, times)
        fleet.check(client)
        for number in range(rounds):
            _quiet(fleet, url, client, times)
            _changed(fleet, url, client, times, number)
        fleet.check(client)
    return times


def _cold(fleet: Fleet, url: str, times: Times) -> None:
    begin = time.monotonic()
    report = fleet.apply(url)
    times.note("cold pass", time.monotonic() - begin)
    times.note("its loads", span(report))
    if len(loads(report)) != len(fleet.names):
        raise RuntimeError(f"{len(loads(report))} loads instead of {len(fleet.names)}")


def _quiet(fleet: Fleet, url: str, client: InferenceServerClient, times: Times) -> None:
    def look() -> None:
        with connect(url) as ours:
            ours.observe()

    times.take("read by one client", lambda: read_all(client))
    times.take("read as a pass does", look)
    times.take("apply with nothing to do", lambda: fleet.apply(url))
    for seconds in fleet.quiet_passes(url, _PASSES):
        times.note("pass with nothing to do", seconds)


def _changed(fleet: Fleet, url: str, client: InferenceServerClient, times: Times, number: int) -> None:
    """One that differs in its config, beside another one that is loaded alone."""
    first, other = 2 * number, 2 * number + 1
    times.take("one load", lambda: load_alone(fleet, client, other, number))
    fleet.notes[first] = number + 1
    fleet.commit()
    report = fleet.apply(url)
    if len(loads(report)) != 1:
        raise RuntimeError(f"{len(loads(report))} loads for one change")
    times.note("one change", span(report))


def page(fleet: Fleet, times: Times, day: datetime.date) -> str:
    """All of it as Markdown."""
    packages = ("tritonclient", "grpcio", "protobuf")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    rows = [
        ("cold pass", "one by one", "all of them onto an empty server, the whole pass"),
        ("its loads", "one by one", "the same, from the first load to the last"),
        ("read as a pass does", "read by one client", "index, statistics and every config"),
        ("pass with nothing to do", "read by one client", "a pass of `run` with nothing to do, after the first"),
        ("apply with nothing to do", "read by one client", "`apply` with nothing to do: git, volume, plan, status"),
        ("one change", "one load", "one changed ensemble: link, load, stamps read back"),
    ]
    lines = [f"Measured on {day.isoformat()}: {machine()}, Triton 2.51, {versions}."]
    lines += [f"{fleet.count:,} ensembles over a few Python models; medians.", ""]
    lines += ["| what | seconds | a plain loop of tritonclient | ratio |", "| --- | ---: | ---: | ---: |"]
    for ours, floor, words in rows:
        one, other = times.median(ours), times.median(floor)
        lines.append(f"| {words} | {one:.2f} | {other:.2f} | {one / other:.2f} |")
    return "\n".join([*lines, "", *_bars(fleet, times)]) + "\n"


def _bars(fleet: Fleet, times: Times) -> Iterator[str]:
    for ours, floor, limit, words in (
        ("its loads", "one by one", _COLD, f"{fleet.count:,} ensembles onto an empty server, of one by one"),
        ("read as a pass does", "read by one client", _PASS, "what a pass reads of the server, times one client"),
        ("pass with nothing to do", "read by one client", _PASS, "a pass with nothing to do, times the same"),
        ("one change", "one load", _CHANGE, "one changed ensemble, times one load"),
    ):
        ratio = times.median(ours) / times.median(floor)
        yield bar(ratio <= limit, f"{words}, at most {limit}: {ratio:.2f}")


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-triton", description=__doc__)
    parser.add_argument("--models", type=int, default=2000, help="how many ensembles")
    parser.add_argument("--rounds", type=int, default=3, help="runs of what is done more than once")
    parser.add_argument("--work", default="/dev/shm", help="folder for repository and volume")  # noqa: S108
    parser.add_argument("--write", help="document to put the table into")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measures, prints, and writes the page if it is asked to."""
    options = _options(words)
    work = tempfile.mkdtemp(dir=options.work, prefix="reconcile-bench-triton-")
    fleet = Fleet(root=os.path.join(work, "fleet"), count=options.models)
    try:
        times = measured(fleet, options.rounds, lambda line: print(line, file=sys.stderr, flush=True))
    finally:
        _remove(work)
    text = page(fleet, times, datetime.datetime.now(datetime.UTC).date())
    print(text)
    if options.write:
        with open(options.write, encoding="utf-8") as stream:
            whole = put_into(stream.read(), text, BEGIN)
        with open(options.write, "w", encoding="utf-8") as stream:
            stream.write(whole)
    return 0


def _remove(work: str) -> None:
    """Trees on a volume are read-only."""
    for folder, _, _ in os.walk(work):
        os.chmod(folder, 0o755)  # noqa: S103
    shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
