"""`make bench-plan`: what a plan costs when nothing has changed, by the number of models, and what start-up costs.

Everything is told as ratios to floors that are measured in turn with it, in processor seconds: the machine may be busy.
"""

import argparse
import contextlib
import datetime
import importlib.metadata
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.measure import Run, run
from bench.report import bar, machine, put_into
from bench.repositories import Place, arguments, make

_FLOOR = """
import sys, pygit2, yaml
tree = pygit2.Repository(sys.argv[1]).revparse_single("main").peel(pygit2.Tree)
for entry in tree["models.d"]:
    yaml.load(entry.data, Loader=yaml.CSafeLoader)
"""
_CLICK = "import click"
_STARTS = (("--version",), ("--help",), ("plan", "--help"))

_WARM, _MEMORY, _START, _GROWTH = 0.25, 400, 1.5, 3.0
"""The bars: of the cold floor, MiB, times `import click`, times for twice the models."""

BEGIN = "<!-- measured: `make bench-plan` writes from here -->"


@dataclass(slots=True, kw_only=True)
class Size:
    """Runs of one size, by what ran."""

    count: int
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def cpu(self, name: str) -> float:
        """Processor seconds, the median."""
        return statistics.median(each.cpu for each in self.runs[name])

    def memory(self, name: str) -> float:
        """MiB at the highest peak."""
        return max(each.memory for each in self.runs[name]) / (1 << 20)


@contextmanager
def served(volume: str) -> Iterator[str]:
    """The stand-in server of a volume, by its URL."""
    command = [sys.executable, "-m", "bench.triton", volume]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"grpc://127.0.0.1:{port}"
        finally:
            if process.stdin:
                process.stdin.close()


def measured(place: Place, rounds: int, tell: Callable[[str], None]) -> Size:
    """The floor, a cold plan, a warm one, and a warm one that is told what is served by a file, in turn."""
    make(place)
    found, recorded = Size(count=place.count), os.path.join(place.root, "server.json")
    with served(place.volume) as server:
        _run([sys.executable, "-m", "bench.recorded", recorded, server], place.root)
        commands = {
            "floor": [sys.executable, "-c", _FLOOR, place.git],
            "cold": _plan(place, server),
            "warm": _plan(place, server),
            "recorded": [sys.executable, "-m", "bench.recorded", recorded, "--", *_plan(place, server)[3:]],
        }
        for _ in range(rounds):
            for name, command in commands.items():
                if name == "cold":
                    _forget(place)
                result = _run(command, place.root)
                found.runs.setdefault(name, []).append(result)
                tell(f"{place.count:6} {name:10} {result.cpu:7.2f} s of processors {result.memory >> 20:5} MiB")
    return found


def starts(rounds: int, work: str) -> dict[str, float]:
    """Processor seconds of start-up commands as times those of `import click`."""
    commands = {" ".join(words): [sys.executable, "-m", "reconciler", *words] for words in _STARTS}
    commands["click"] = [sys.executable, "-c", _CLICK]
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(_run(command, work).cpu)
    floor = statistics.median(runs.pop("click"))
    return {name: statistics.median(each) / floor for name, each in runs.items()}


def _plan(place: Place, server: str) -> list[str]:
    return [sys.executable, "-m", "reconciler", "plan", "--detailed-exitcode", "--server", server, *arguments(place)]


def _forget(place: Place) -> None:
    for name in ("memo.json", "quiet.json"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(place.volume, ".reconciler", name))


def _run(command: list[str], folder: str) -> Run:
    inside = os.path.join(folder, "run")
    os.makedirs(inside, exist_ok=True)
    keep = {name: text for name, text in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    result = run(command, {**keep, "PYTHONPATH": here}, inside, 3600)
    if result.fault:
        raise RuntimeError(f"{command}: {result.fault}\n{result.output[-2000:]}")
    return result


def page(sizes: Sequence[Size], begins: dict[str, float], day: datetime.date) -> str:
    """All of it as Markdown."""
    packages = ("pygit2", "PyYAML", "grpcio", "protobuf", "click")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    lines = [f"Measured on {day.isoformat()}: {machine()}, {versions}. Processor seconds, medians.", ""]
    lines += ["| models | floor | cold | ÷ floor | warm | ÷ floor | warm, recorded | ÷ floor | peak MiB, warm | cold |"]
    lines += ["| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    lines += [_row(size) for size in sizes]
    return "\n".join([*lines, "", *_bars(sizes, begins)]) + "\n"


def _row(size: Size) -> str:
    floor = size.cpu("floor")
    cells = [f"{size.count:,}", f"{floor:.2f}"]
    for name in ("cold", "warm", "recorded"):
        cells += [f"{size.cpu(name):.2f}", f"{size.cpu(name) / floor:.2f}"]
    return f"| {' | '.join([*cells, *(f'{size.memory(name):.0f}' for name in ('warm', 'cold'))])} |"


def _bars(sizes: Sequence[Size], begins: dict[str, float]) -> Iterator[str]:
    last = sizes[-1]
    ratio, asking = (last.cpu(name) / last.cpu("floor") for name in ("recorded", "warm"))
    told = f"a warm plan of {last.count:,} models takes at most {_WARM} of the floor: {ratio:.2f}"
    yield bar(ratio <= _WARM, f"{told} (with a server asked for {last.count:,} configs: {asking:.2f})")
    peak = max(last.memory("warm"), last.memory("cold"))
    yield bar(peak < _MEMORY, f"peak memory under {_MEMORY} MiB: {peak:.0f} MiB")
    for words, times in begins.items():
        told = f"`reconcile {words}` under {_START} times `python -c 'import click'`: {times:.2f}"
        yield bar(times < _START, told)


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-plan", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000", help="how many models, with commas between")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each")
    parser.add_argument("--starts", type=int, default=15, help="runs of each start-up command")
    parser.add_argument("--work", default="/dev/shm", help="folder for repositories and volumes")  # noqa: S108
    parser.add_argument("--write", help="document to put the tables into")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measures, prints, and writes the page if it is asked to."""
    options = _options(words)
    work = tempfile.mkdtemp(dir=options.work, prefix="reconcile-bench-plan-")

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def sized(count: int) -> Size:
        root = os.path.join(work, str(count))
        os.makedirs(root)
        try:
            return measured(Place(root=root, count=count), options.rounds, tell)
        finally:
            shutil.rmtree(root)

    try:
        sizes = [sized(int(count)) for count in options.sizes.split(",")]
        text = page(sizes, starts(options.starts, work), datetime.datetime.now(datetime.UTC).date())
    finally:
        shutil.rmtree(work)
    print(text)
    if options.write:
        with open(options.write, encoding="utf-8") as stream:
            whole = put_into(stream.read(), text, BEGIN)
        with open(options.write, "w", encoding="utf-8") as stream:
            stream.write(whole)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
