"""How planning grows with the number of models where not all of them fit: times for twice as many."""

import argparse
import datetime
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.judging.verdicts import Request
from reconciler.core.observed import Observed, Served, Serving, VersionState
from reconciler.core.planning.planner import plan
from reconciler.core.spec import Desired, ModelSpec, Repository, Resources, Source, Target

_EACH = 1 << 30
_PAIR = 2


def world(count: int, *, share: float) -> tuple[Desired, Observed, Target]:
    """So many models that all change, on a server with room for a share of them."""
    names = [f"model-{number:05}" for number in range(count)]
    models = {
        name: ModelSpec(
            name=name,
            file=f"models.d/{name}.yaml",
            framework="python",
            source=Source(uri=f"s3://models/{name}/"),
            depends_on=(names[number - 1],) if number % _PAIR else (),
            resources=Resources(memory=_EACH),
        )
        for number, name in enumerate(names)
    }
    content = {name: _content(name) for name in names}
    up = Served(versions=(VersionState(version=1, state="READY"),), resources=Resources(memory=_EACH))
    served = {f"other-{number:05}": up for number in range(count // 2)}
    desired = Desired(revision="r", models=models, rejected={}, repository=Repository(), problems=())
    room = Resources(memory=round(_EACH * count * share))
    target = Target(servers=("server",), volume="/volume", capacity=room)
    return desired, Observed(servers={"server": Serving(models=served)}, contents=content), target


def _content(name: str) -> Known:
    return Known(files={None: (FileDigest(path="1/model.py", size=10, digest=of_bytes(name.encode())),)})


def seconds(count: int, share: float) -> float:
    """Processor seconds of one plan."""
    desired, observed, target = world(count, share=share)
    begin = time.process_time()
    plan(desired, observed, target, Request(today=datetime.date(2026, 1, 1)))
    return time.process_time() - begin


def lines(count: int, share: float) -> int:
    """Lines of Python that one plan runs, each turn of a loop counted: the same on a busy machine."""
    desired, observed, target = world(count, share=share)
    ran, before = 0, sys.gettrace()

    def count_lines(frame: FrameType, event: str, arg: object) -> Any:  # noqa: ARG001
        nonlocal ran
        ran += event == "line"
        return count_lines

    sys.settrace(count_lines)
    try:
        plan(desired, observed, target, Request(today=datetime.date(2026, 1, 1)))
    finally:
        sys.settrace(before)
    return ran


def growth(count: int, share: float) -> float:
    """Times as many lines for twice as many models."""
    return lines(2 * count, share) / lines(count, share)


def main(words: Sequence[str]) -> int:
    """Prints what a plan takes and how that grows, with room for all and with room for less."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args(words).count
    for share in (2.0, 0.75, 0.3):
        few, many = seconds(count, share), seconds(2 * count, share)
        print(f"room for {share:.0%}: {count} {few:.2f} s, {2 * count} {many:.2f} s, {many / few:.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
