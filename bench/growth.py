"""What grows with the number of models: time, memory, the volume, and git by each status commit (docs/scaling.md).

Applies with `--server none`: first onto an empty volume, then with nothing to do, then after one model has changed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Run, run
from bench.repositories import Place, arguments, commit, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one size took; `entries` on the volume, `first_push` and `push` in bytes of git objects."""

    count: int
    first: Run
    idle: Run
    change: Run
    entries: int
    first_push: int
    push: int

    def row(self) -> str:
        """A line of the table."""
        runs = [f"{each.cpu:.1f} | {each.memory >> 20}" for each in (self.first, self.idle, self.change)]
        pushes = [f"{size / 1024:,.0f}" for size in (self.first_push, self.push)]
        return f"| {self.count:,} | {' | '.join(runs)} | {self.entries / self.count:.1f} | {' | '.join(pushes)} |"


def measured(place: Place) -> Growth:
    """One size."""
    write(place)
    empty = _objects(place)
    first = _apply(place)
    filled = _objects(place)
    idle = _apply(place)
    if _objects(place) != filled:
        raise RuntimeError("a run that changed nothing wrote to git")
    documents = place.documents()
    name = "models.d/model-00000.yaml"
    commit(place, documents | {name: documents[name].replace(b"max_batch_size: 32", b"max_batch_size: 64")})
    before = _objects(place)
    change = _apply(place)
    return Growth(
        count=place.count,
        first=first,
        idle=idle,
        change=change,
        entries=sum(len(folders) + len(files) for _, folders, files in os.walk(place.volume)),
        first_push=filled - empty,
        push=_objects(place) - before,
    )


def _apply(place: Place) -> Run:
    inside = os.path.join(place.root, "run")
    os.makedirs(inside, exist_ok=True)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = [sys.executable, "-m", "reconciler", "apply", "--yes", "--server", "none", *arguments(place)]
    result = run(command, {**os.environ, "PYTHONPATH": here}, inside, 3600)
    if result.fault:
        raise RuntimeError(f"{result.fault}\n{result.output[-2000:]}")
    return result


def _objects(place: Place) -> int:
    """Bytes of all objects of the repository, packed anew."""
    subprocess.run(["git", "-C", place.git, "repack", "-adq"], check=True)
    told = subprocess.run(["git", "-C", place.git, "count-objects", "-v"], check=True, capture_output=True, text=True)
    sizes = dict(line.split(": ") for line in told.stdout.splitlines())
    return 1024 * int(sizes["size-pack"])


def main(words: Sequence[str]) -> int:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--sizes", default="100,1000", help="how many models, with commas between")
    parser.add_argument("--work", default="/dev/shm", help="folder for repositories and volumes")  # noqa: S108
    options = parser.parse_args(words)
    work = tempfile.mkdtemp(dir=options.work, prefix="reconcile-bench-growth-")
    print(
        "| models | first: s | MiB | idle: s | MiB | one changed: s | MiB | entries/model | first push KiB | push KiB |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    try:
        for count in map(int, options.sizes.split(",")):
            root = os.path.join(work, str(count))
            os.makedirs(root)
            print(measured(Place(root=root, count=count)).row(), flush=True)
            shutil.rmtree(root)
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
