"""`make bench-load`: inference without a pause while git changes two hundred times, and every third change fails.

One client asks one model after the other, over one connection, as fast as it is answered. Each change is a commit and
what `reconcile apply` does. No request may fail: all models are asked for that serve, but for one that git removes just
now.
"""

import argparse
import datetime
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import bar, machine, put_into
from reconciler import embedded, reconcile
from reconciler.core.progress import Silent
from reconciler.core.recording import PassResult
from reconciler.passes.options import Options
from tests.e2e.desired_models import GIVEN
from tests.e2e.running import asked, wipe
from tests.estate import Changed, Estate, estate

BEGIN = "<!-- measured: `make bench-load` writes from here -->"

_MOST_ILL = 5
_QUESTION = json.dumps({"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [GIVEN]}]})


@dataclass(slots=True, kw_only=True)
class Client:
    """Asks until it is to stop; seconds of each answer by phase, and what failed."""

    address: str
    phase: str = "before"
    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    names: tuple[str, ...] = ()
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def ask_for(self, names: Iterable[str]) -> None:
        """These from now on; no other is under way any more."""
        with self._turn:
            self.names = tuple(sorted(names))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Meanwhile."""
        thread = threading.Thread(target=self._ask, name="client")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _ask(self) -> None:
        connection, number = http.client.HTTPConnection(self.address, timeout=60), 0
        while not self._over.is_set():
            with self._turn:
                if self.names:
                    self._one(connection, self.names[number % len(self.names)])
            number += 1
        connection.close()

    def _one(self, connection: http.client.HTTPConnection, name: str) -> None:
        begin = time.monotonic()
        try:
            connection.request("POST", f"/v2/models/{name}/infer", _QUESTION, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
            fault = "" if answer.status == 200 and '"data":[' in text else f"{answer.status} {text}"
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            fault = f"{type(error).__name__}: {error}"
        took = time.monotonic() - begin
        self.seconds.setdefault(self.phase, []).append(took)
        self.slowest = max(self.slowest, took)
        if fault:
            self.failures.append(f"{name}: {fault}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of it: how many changes of which kind; what no longer served, and was to."""

    kinds: Counter[str]
    client: Client
    lost: list[str]

    @property
    def well(self) -> bool:
        """Whether no request failed, and nothing was lost."""
        return not self.client.failures and not self.lost


def loaded(root: Path, changes: int, rest: float, seed: int, tell: Callable[[str], None]) -> Loaded:
    """So many changes, between two rests of so many seconds."""
    kinds: Counter[str] = Counter()
    with estate(root, seed) as (world, server), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        apply = partial(_applied, pool, world, server)
        if apply() != PassResult.DONE:
            raise RuntimeError("the first apply failed")
        client = Client(address=urlsplit(server.info.http_url).netloc)
        client.ask_for(_ready(server))
        lost: list[str] = []
        with client.asking():
            time.sleep(rest)
            client.phase = "during"
            for number in range(changes):
                before = len(client.failures)
                changed = _change(world, client, number)
                kinds[changed.words.split()[0] if number % 3 != 2 else "broken"] += 1
                outcome = apply()
                lost += _after(world, server, client, changed.words)
                told = f"{len(client.failures) - before} requests failed"
                tell(f"{number + 1:4} {changed.words}: {outcome}, {told}, the slowest took {client.slowest:.3f} s")
                client.slowest = 0.0
            client.phase = "after"
            time.sleep(rest)
    return Loaded(kinds=kinds, client=client, lost=lost)


def _change(world: Estate, client: Client, number: int) -> Changed:
    """What is removed is asked for no more before git says so."""
    served = set(client.names)
    if number % 3 == 2:
        return world.harm()
    if len(world.ills) > _MOST_ILL:
        return world.mend_one() or world.change()
    return world.change(lambda changed: client.ask_for(served - changed.gone))


def _after(world: Estate, server: embedded.Server, client: Client, words: str) -> list[str]:
    """Asks for what is new, too; what is not there any more, and was to stay."""
    ready, before = _ready(server), set(client.names)
    client.ask_for(ready & world.names)
    return [f"{name} was lost when {words}" for name in sorted(before - ready)]


def _ready(server: embedded.Server) -> set[str]:
    found = asked(f"{server.info.http_url}/v2/models/stats", None)
    rows = found["model_stats"] if isinstance(found, dict) else None
    return {str(row["name"]) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


def _applied(pool: ProcessPoolExecutor, world: Estate, server: embedded.Server) -> PassResult:
    """What `reconcile apply` does, in a process of its own, which is not begun anew each time."""
    options = Options(repo=str(world.repository), servers=(server.info.grpc_url,), volume=str(world.volume))
    return pool.submit(_apply, options).result()


def _apply(options: Options) -> PassResult:
    now = datetime.datetime.now(datetime.UTC)
    return reconcile.apply(options, reporter=Silent(), confirm=lambda _: True, cancelled=lambda: False, now=now).result


def page(found: Loaded, day: datetime.date) -> str:
    """All of it as Markdown."""
    count, kinds = sum(found.kinds.values()), ", ".join(f"{n} {kind}" for kind, n in found.kinds.most_common())
    asked_for = sum(map(len, found.client.seconds.values()))
    head = f"Measured on {day.isoformat()}: {machine()}, Triton 2.51."
    lines = [
        f"{head} {count} changes ({kinds}), {asked_for:,} requests.",
        "",
        "| | requests | p50 ms | p99 ms | most ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for phase, seconds in found.client.seconds.items():
        cuts = statistics.quantiles(seconds, n=100)
        numbers = " | ".join(f"{1000 * one:.1f}" for one in (cuts[49], cuts[98], max(seconds)))
        lines.append(f"| {phase} | {len(seconds):,} | {numbers} |")
    failures = found.client.failures
    words = f"no request failed: {len(failures)} of {asked_for:,}"
    lines += [
        "",
        bar(not failures, words),
        bar(not found.lost, f"nothing was lost that was to stay: {len(found.lost)}"),
    ]
    return "\n".join([*lines, *(f"  - {words}" for words in [*failures, *found.lost][:20])]) + "\n"


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-load", description=__doc__)
    parser.add_argument("--changes", type=int, default=200, help="how many")
    parser.add_argument("--rest", type=float, default=15.0, help="seconds before and after them")
    parser.add_argument("--seed", type=int, default=1, help="of the changes")
    parser.add_argument("--work", default="/dev/shm", help="folder for repository and volume")  # noqa: S108
    parser.add_argument("--write", help="document to put the table into")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measures, prints, and writes the page if it is asked to; 1 if a request failed."""
    options = _options(words)
    work = Path(tempfile.mkdtemp(dir=options.work, prefix="reconcile-load-"))
    try:
        found = loaded(
            work,
            options.changes,
            options.rest,
            options.seed,
            lambda line: print(line, file=sys.stderr, flush=True),
        )
    finally:
        wipe(work)
    text = page(found, datetime.datetime.now(datetime.UTC).date())
    print(text)
    if options.write:
        document = Path(options.write)
        document.write_text(put_into(document.read_text(), text, BEGIN))
    return 0 if found.well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
