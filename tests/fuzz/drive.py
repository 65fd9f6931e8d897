"""Coverage-guided fuzzing of one target:  python -m tests.fuzz.drive TARGET [--seconds N] [--corpus DIR]

Inputs begin with the target's seeds and the cases that were found before. Whatever breaks a promise ends the run with
the input in tests/fuzz/cases/TARGET; there it stays, and the ordinary tests hold it from then on.
"""

import argparse
import random
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import atheris

# What is imported from here on is counted.
with atheris.instrument_imports(
    include=["reconciler", "tarfile", "zipfile", "gzip", "google.protobuf.text_format", "http.server", "yaml"]
):
    from tests.fuzz.bounds import LONGEST, BrokenError, in_time
    from tests.fuzz.targets import FOUND, TARGETS, Target

_LONG = 1 << 14
_TOKEN = re.compile(rb"[\s{}\[\]:,\"']+")


class _Watched:
    """A target with its bounds, which counts."""

    def __init__(self, target: Target) -> None:
        self.count = 0
        self._target = target

    def __call__(self, content: bytes) -> None:
        self.count += 1
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with in_time():
            self._target.check(content)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
        if self.count > 100 and grown > self._target.memory:
            raise BrokenError(f"took {grown >> 20} MiB")


def _mutator(words: Sequence[bytes], seeds: Sequence[bytes]) -> Callable[[bytes, int, int], bytes]:
    """Every other time tokens and lines instead of bytes."""

    def mutated(content: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - no secret
        if not words or chance.random() < 0.4:
            return bytes(atheris.Mutate(content, longest))
        places = [found.start() for found in _TOKEN.finditer(content)] or [0]
        at = chance.choice(places)
        match chance.randrange(5):
            case 0:
                content = content[:at] + chance.choice(words) + content[at:]
            case 1:
                end = chance.choice([place for place in places if place >= at])
                content = content[:at] + chance.choice(words) + content[end:]
            case 2:
                lines = content.split(b"\n")
                line = chance.randrange(len(lines))
                lines.insert(chance.randrange(len(lines)), lines[line])
                content = b"\n".join(lines)
            case 3:
                lines = content.split(b"\n")
                del lines[chance.randrange(len(lines))]
                content = b"\n".join(lines)
            case _:
                other = chance.choice(seeds)
                start = chance.randrange(len(other) + 1)
                content = content[:at] + other[start : start + chance.randrange(80)] + content[at:]
        return content[:longest]

    return mutated


def main() -> None:
    """One target until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", help="where inputs that reach new code are kept")
    asked = parser.parse_args()
    target, kept = TARGETS[asked.target], FOUND / asked.target
    seeds = tuple(target.seeds())
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(asked.corpus or scratch)
        corpus.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(content)
        for path in kept.glob("*"):
            shutil.copy(path, corpus)
        kept.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={asked.seconds}",
            f"-max_len={min(_LONG, LONGEST)}",
            f"-artifact_prefix={kept}/",
            "-timeout=60",
            "-rss_limit_mb=3072",
            "-print_final_stats=1",
            "-verbosity=1",
            "-reload=0",
        ]
        watched = _Watched(target)
        atheris.Setup([sys.argv[0], *options, str(corpus)], watched, custom_mutator=_mutator(target.words(), seeds))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
