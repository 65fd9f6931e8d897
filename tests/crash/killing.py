"""Command lines that are killed or refused something at a numbered effect, and what they did until then."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

KILLED = -9
_SOURCE = Path(__file__).with_name("effects.c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing done to the world: `other` is a second path or a link's text, `data` what is written."""

    what: str
    path: str
    other: str = ""
    argument: int = 0
    data: bytes = b""

    def __str__(self) -> str:
        return f"{self.what} {self.path} {self.other}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, what it said, and its effects in order; of one that was killed the last was not done."""

    code: int
    said: str
    effects: tuple[Effect, ...]

    @property
    def last(self) -> str:
        """What it was about to do."""
        return str(self.effects[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a disk says at an effect, and at each one after it if it is `for_good`; `error` 0: the process is killed."""

    error: int = 0
    for_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nursery:
    """Runs command lines on what is below `root`."""

    process: "subprocess.Popen[str]"
    scratch: Path

    def run(
        self,
        arguments: Sequence[str],
        root: Path,
        environ: Mapping[str, str],
        *,
        fatal: int = 0,
        refusal: Refusal = Refusal(),
    ) -> Ended:
        """To its end; at the effect with this number it is killed, or meets a refusal."""
        said, log = self.scratch / "said", self.scratch / "log"
        paths = {"said": str(said), "log": str(log), "root": os.path.realpath(root)}
        how = {"fatal": fatal, "refusal": refusal.error, "for_good": refusal.for_good}
        order = {"arguments": [*arguments], "environ": dict(environ), **how, **paths}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        code = json.loads(self.process.stdout.readline())
        effects = tuple(_rows(log.read_bytes(), os.path.realpath(root) + "/"))
        return Ended(code=code, said=said.read_text(), effects=effects)


def _rows(log: bytes, prefix: str) -> Iterator[Effect]:
    at = 0
    while at < len(log):
        end = log.index(b"\n", at)
        _, what, path, other, argument, size = log[at:end].decode().split("\t")
        at = end + 1 + int(size) + 1
        data = log[end + 1 : at - 1]
        if what != "symlink":
            other = other.removeprefix(prefix)
        yield Effect(what=what, path=path.removeprefix(prefix), other=other, argument=int(argument), data=data)


@contextmanager
def nursery(scratch: Path) -> Iterator[Nursery]:
    """Skips the test where nothing can be compiled."""
    library = scratch / "effects.so"
    command = ("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(_SOURCE))
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        pytest.skip("there is no C compiler")
    own = {"LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1", "GRPC_VERBOSITY": "NONE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.nursery"],
        env={**os.environ, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        yield Nursery(process=process, scratch=scratch)
        assert process.stdin is not None
        process.stdin.close()
