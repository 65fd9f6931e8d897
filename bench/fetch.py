"""`make bench-fetch`: every client fetches every set, one after the other, several times over; then the table."""

import argparse
import datetime
import itertools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import environments, sets
from bench.clients import CLIENTS, OURS, RAW, Client, environment
from bench.measure import Run, run
from bench.report import Again, Measured, page, put_into
from bench.serving import Served, served

_FAR = 1.5
"""Times as long as ours, after which a client is not asked again: it is far from any bar."""

_KEPT = 1 << 30
"""Bytes: what smaller sets were fetched to is removed at the end, for ext4 is slow where much was just removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One set, served, and where it is fetched to."""

    files: sets.Files
    server: Served
    work: str
    slowest: float
    numbers: Iterator[int]

    def fetch(self, client: Client, allowed: float) -> Run:
        """One run of one client into an empty folder, checked."""
        with self._folder() as folder:
            result = self._start(client, folder, allowed)
            held = sets.held(self.files, folder)
        if result.fault or result.stopped or held == self.files.count:
            return result
        return Run(seconds=0, cpu=0, memory=0, output=result.output, fault=f"{held} of {self.files.count} files came")

    def twice(self, client: Client) -> Again:
        """A fetch by us, and one of the same again: its own seconds, and the bytes that it had sent."""
        with self._folder() as folder:
            self._start(client, folder, 3600)
            before = self.server.sent()
            found = self._start(client, folder, 3600)
            return Again(seconds=json.loads(found.output)["seconds"], sent=self.server.sent() - before)

    def _start(self, client: Client, folder: str, allowed: float) -> Run:
        programs = environments.programs(client.package)
        command = client.filled({"prefix": f"bench/{self.files.name}/", "to": folder})
        command[0] = os.path.join(programs, command[0])
        return run(command, environment(client, self.server.endpoint, programs), folder, allowed)

    @contextmanager
    def _folder(self) -> Iterator[str]:
        folder = os.path.join(self.work, f"{next(self.numbers)}", "to")
        os.makedirs(folder)
        yield folder
        if self.files.bytes > _KEPT:
            shutil.rmtree(os.path.dirname(folder))


def race(found: Race, clients: Sequence[Client], rounds: int, tell: Callable[[str], None]) -> dict[str, list[Run]]:
    """All clients in turn, as often as asked; who was far slower or failed is not asked again."""
    runs: dict[str, list[Run]] = {client.name: [] for client in clients}
    for _ in range(rounds):
        for client in clients:
            ours = min((each.seconds for each in runs.get(OURS, []) if not each.fault), default=600.0)
            if any(each.fault or each.seconds > _FAR * ours for each in runs[client.name]):
                continue
            try:
                result = found.fetch(client, max(20.0, found.slowest * ours))
            except RuntimeError as error:
                result = Run(seconds=0, cpu=0, memory=0, fault=f"not installed: {error}")
            runs[client.name].append(result)
            took = f"{result.seconds:7.1f} s {result.cpu:7.1f} s of processors"
            tell(f"{found.files.name:5} {client.name:24} {took}  {result.fault}")
            if result.fault:
                tell(result.output[-500:])
    return runs


def measure(files: sets.Files, options: argparse.Namespace, tell: Callable[[str], None]) -> Measured:
    """One set made, served and raced for; nothing of it is left."""
    named = options.clients.split(";") if options.clients else None
    clients = [each for each in CLIENTS if (each.name in named if named else options.all or each.name in (OURS, RAW))]
    os.makedirs(options.work, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=options.work) as work,
        tempfile.TemporaryDirectory(dir=sets.room_for(files, work), prefix="reconcile-bench-") as source,
    ):
        sets.make(files, source)
        with served(source, options.line and options.line * 1e9 / 8) as server:
            found = Race(files=files, server=server, work=work, slowest=options.slowest, numbers=itertools.count())
            runs = race(found, clients, options.rounds, tell)
            return Measured(files=files, runs=runs, again=found.twice(clients[0]), hashing=sets.hashing(files))


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-fetch", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="smaller sets: 0.1 is a tenth of the bytes and files")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each client that is not far slower than ours")
    parser.add_argument("--sets", default="one,some,many", help="which sets")
    parser.add_argument("--slowest", type=float, default=4.0, help="stop what takes so many times as long as ours")
    parser.add_argument("--line", type=float, help="Gbit/s that the server sends at most (big files only)")
    parser.add_argument("--clients", help="only these, with ; between them")
    parser.add_argument("--own", dest="all", action="store_false", help="only this program and the raw limit")
    parser.add_argument("--work", default="bench/.work", help="folder to fetch to, on the disk that is measured")
    parser.add_argument("--write", help="document to put the tables into, if all is measured in full size")
    return parser.parse_args(words)


def _write(path: str, measured: str) -> None:
    with open(path, encoding="utf-8") as stream:
        text = put_into(stream.read(), measured)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def main(words: Sequence[str]) -> int:
    """Races, prints, and writes the page if all was measured in full size."""
    options = _options(words)
    chosen = [files for files in sets.scaled(options.scale) if files.name in options.sets.split(",")]

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    packages = sorted({client.package for client in CLIENTS if client.package and options.all})
    found = [measure(files, options, tell) for files in chosen]
    versions = {package.partition("[")[0]: environments.version(package) for package in packages}
    text = page(found, versions, datetime.datetime.now(datetime.UTC).date())
    print(text)
    if options.write and options.scale == 1 and len(found) == 3 and options.all and not options.line:
        _write(options.write, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
