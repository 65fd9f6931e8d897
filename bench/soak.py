"""`make soak`: thirty minutes of `reconcile run` at one-second intervals, among changes and faults; does anything grow?

Each second the process is measured; changes in git, faults of sources and of the volume, and restarts of the server
come at random. At last all is mended, and the loop has to converge and to end as it is asked to.
"""

import argparse
import datetime
import os
import random
import re
import signal
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.flatness import Course, Gauge, course
from bench.report import bar, machine, put_into
from reconciler import embedded
from reconciler.demo.configuration import environment
from reconciler.demo.inference import Question, ask
from tests.e2e.running import Run, asked, begun, wipe
from tests.estate import Changed, Estate, estate, stutter
from tests.git_remotes import daemon
from tests.web import Web, web_server

BEGIN = "<!-- measured: `make soak` writes from here -->"

_GAUGES = (
    Gauge(name="memory", unit="MiB", share=0.05, slack=4),
    Gauge(name="file handles", unit="open", slack=2),
    # A pool keeps a thread for each operation that ever ran beside others: that many more may be there at rest.
    Gauge(name="threads", unit="running", slack=16),
    Gauge(name="child processes", unit="running", slack=0),
    Gauge(name="volume", unit="KiB", share=0.25, slack=64),
    Gauge(name="files on the volume", unit="names", share=0.25, slack=50),
    Gauge(name="cache of git", unit="KiB", share=0.5, slack=512),
    Gauge(name="temporary files", unit="names", slack=2),
)
_PATIENCE = 120.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True, kw_only=True)
class Mischief:
    """What happens to a world while the loop keeps it; `ends` undoes what is not undone by itself."""

    estate: Estate
    web: Web
    server: embedded.Server
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    ends: list[Callable[[], None]] = field(default_factory=list)

    def one(self) -> str:
        """Does one thing, and tells which."""
        if self.away.exists():
            self.away.rename(self.estate.repository)
            return "git is there again"
        kinds = (
            (self._change, 10),
            (self._harm, 4),
            (self._mend, 4),
            (self._rewrite, 1),
            (self._git, 1),
            (self._source, 4),
            (self._sources_are_well, 3),
            (self._server, 1),
            (self._unload, 2),
            (self._volume, 2),
            (self._stranger, 1),
        )
        what = self.dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        words = what()
        if words:
            self.done[what.__name__.strip("_").replace("_", " ")] += 1
        return words

    def _change(self) -> str:
        return self.estate.change().words

    def _harm(self) -> str:
        return self.estate.harm().words if len(self.estate.ills) < 6 else ""

    def _mend(self) -> str:
        mended = self.estate.mend_one()
        return mended.words if isinstance(mended, Changed) else ""

    def _rewrite(self) -> str:
        self.estate.commit(instead=True)
        return "history was rewritten"

    def _git(self) -> str:
        self.estate.repository.rename(self.away)
        return "git is gone"

    def _source(self) -> str:
        pages = sorted(self.web.pages)
        if not pages or len(self.ends) > 4:
            return ""
        path = self.dice.choice(pages)
        self.ends.append(stutter(self.web.pages[path], self.dice))
        return f"{path} has a bad day"

    def _sources_are_well(self) -> str:
        if not self.ends:
            return ""
        self.calm()
        return "the sources are well"

    def _server(self) -> str:
        self.server.kill()
        self.server.restart()
        return "the server was killed and is back, empty"

    def _unload(self) -> str:
        names = sorted(self.estate.names)
        name = self.dice.choice(names)
        try:
            asked(f"{self.server.info.http_url}/v2/repository/models/{name}/unload", {})
        except OSError:
            return ""
        return f"{name} was unloaded by hand"

    def _volume(self) -> str:
        links = [entry for entry in (self.estate.volume / "models").iterdir() if entry.is_symlink()]
        if not links:
            return ""
        link = self.dice.choice(sorted(links))
        tree = link.resolve()
        if self.dice.random() < 0.5 or not tree.is_dir():
            link.unlink(missing_ok=True)
            return f"the link of {link.name} was removed"
        wipe(tree)
        return f"the tree of {link.name} was removed"

    def _stranger(self) -> str:
        folder = self.estate.volume / "models/stranger"
        if folder.exists():
            wipe(folder)
            return "a foreign directory is gone"
        folder.mkdir()
        (folder / "README").write_text("not yours\n")
        return "a foreign directory is there"

    @property
    def away(self) -> Path:
        """Where the remote is while it is not there."""
        return self.estate.repository.with_suffix(".away")

    def calm(self) -> None:
        """All sources are well again."""
        while self.ends:
            self.ends.pop()()


@dataclass(slots=True, kw_only=True)
class Watch:
    """Measures a process and its volume."""

    pid: int
    volume: Path
    scratch: Path
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def take(self) -> None:
        """One row, in the order of the gauges."""
        proc = Path(f"/proc/{self.pid}")
        memory = int((proc / "statm").read_text().split()[1]) * _PAGE / (1 << 20)
        handles, threads = len(os.listdir(proc / "fd")), os.listdir(proc / "task")
        children = sum(len(_words(proc / "task" / thread / "children")) for thread in threads)
        cache, sizes = [*_sizes(self.volume / ".reconciler/git")], [*_sizes(self.volume / ".reconciler", but="git")]
        disk = sum(sizes) / 1024, len(sizes), sum(cache) / 1024, len(os.listdir(self.scratch))
        self.rows.append((memory, handles, len(threads), children, *disk))

    def courses(self) -> list[Course]:
        """What came of each gauge."""
        return [course(gauge, values) for gauge, values in zip(_GAUGES, zip(*self.rows, strict=True), strict=True)]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []  # the thread has ended


def _sizes(folder: Path, but: str = "") -> Iterator[int]:
    """Of all files below it, some of which may be going."""
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != but]
        for name in files:
            try:
                yield os.lstat(os.path.join(above, name)).st_size
            except OSError:
                continue


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What came of it."""

    seconds: float
    done: Counter[str]
    courses: list[Course]
    passes: int
    converged: bool
    code: int

    @property
    def well(self) -> bool:
        """Whether all of it is as promised."""
        return self.converged and self.code == 143 and all(one.flat for one in self.courses)


def soaked(root: Path, seconds: float, seed: int, tell: Callable[[str], None]) -> Soaked:
    """The whole of it."""
    scratch = root / "scratch"
    scratch.mkdir()
    with web_server() as web, estate(root, seed, web) as (world, server), daemon(root) as remote:
        mischief = Mischief(estate=world, web=web, server=server, dice=random.Random(seed))  # noqa: S311
        environ = {**environment(os.environ), "TMPDIR": str(scratch), "OPENBLAS_NUM_THREADS": "1"}
        with begun(_arguments(world, server, remote), environ, root / "run.log", "run") as run:
            run.reach("Serving ")
            watch = Watch(pid=run.process.pid, volume=world.volume, scratch=scratch)
            _unrest(mischief, watch, run, seconds, tell)
            mischief.calm()
            if mischief.away.exists():
                mischief.away.rename(world.repository)
            world.mend()
            converged = _converges(world, server, run, tell)
            passes = _passes(run)
            run.process.send_signal(signal.SIGTERM)
            code = run.code()
    return Soaked(
        seconds=seconds,
        done=mischief.done,
        courses=watch.courses(),
        passes=passes,
        converged=converged,
        code=code,
    )


def _arguments(world: Estate, server: embedded.Server, remote: str) -> tuple[str, ...]:
    repository = f"{remote}/{world.repository.name}"
    where = ("--repo", repository, "--volume", str(world.volume), "--server", server.info.grpc_url)
    return (*where, "--interval", "1s", "--poll", "1s", "--listen", "127.0.0.1:0", "--timeout", "20s")


def _unrest(mischief: Mischief, watch: Watch, run: Run, seconds: float, tell: Callable[[str], None]) -> None:
    """Something every few seconds, a measurement every second, what is served over HTTP now and then."""
    begin = time.monotonic()
    due = 0.0
    while (since := time.monotonic() - begin) < seconds:
        if run.process.poll() is not None:
            raise RuntimeError(f"the loop has ended:\n{run.said[-5000:]}")
        watch.take()
        if since >= due:
            due = since + mischief.dice.choice((0.5, 1.0, 2.0, 4.0))
            words = mischief.one()
            tell(f"{since:7.1f} s  {words}") if words else None
            mischief.web.requests.clear()
            mischief.web.headers.clear()
        if len(watch.rows) % 5 == 0:
            for path in ("metrics", "", "status.json"):  # as Prometheus, a person and a dashboard would
                _got(run, path)
        if len(watch.rows) % 60 == 0:
            tell(f"{since:7.1f} s  {dict(zip([gauge.name for gauge in _GAUGES], watch.rows[-1], strict=True))}")
        time.sleep(1.0)


def _address(run: Run) -> str:
    found = re.search(r"Serving (\S+)", run.said)
    if found is None:
        raise RuntimeError(run.said)
    return str(found[1]).rstrip("/")


def _got(run: Run, path: str) -> str:
    with urllib.request.urlopen(f"{_address(run)}/{path}", timeout=30) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content.decode()


def _passes(run: Run) -> int:
    rows = re.findall(r"^reconcile_runs_total\{[^}]*\} (\S+)$", _got(run, "metrics"), re.MULTILINE)
    return sum(int(float(row)) for row in rows)


def _converges(world: Estate, server: embedded.Server, run: Run, tell: Callable[[str], None]) -> bool:
    """Whether all that git wants comes to serve, and nothing else of ours; and answers as git says."""
    end, wrong = time.monotonic() + _PATIENCE, ["nothing was looked at"]
    while wrong and time.monotonic() < end and run.process.poll() is None:
        time.sleep(0.5)
        wrong = [*_wrong(world, server)]
    if wrong:
        tell(f"not converged: {wrong}\n{run.said[-3000:]}")
    return not wrong


def _wrong(world: Estate, server: embedded.Server) -> Iterator[str]:
    found = asked(f"{server.info.http_url}/v2/models/stats", None)
    rows = found["model_stats"] if isinstance(found, dict) else None
    ready = {str(row["name"]) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
    if ready != world.names:
        yield f"serves {sorted(ready)} instead of {sorted(world.names)}"
        return
    for name, right in world.answers(3.0).items():
        if (got := ask(server.info.http_url, Question(model=name, given=(3.0,), right=(right,)))) != (right,):
            yield f"{name} answers {got} instead of {right}"


def page(found: Soaked, day: datetime.date) -> str:
    """All of it as Markdown."""
    events = ", ".join(f"{count} times {name}" for name, count in found.done.most_common())
    head = f"Measured on {day.isoformat()}: {machine()}, Triton 2.51. {found.seconds / 60:.1f} minutes"
    lines = [
        f"{head}, {found.passes:,} passes. What happened: {events}.",
        "",
        "| what | median of the first third | of the second | of the last | most | allowed more | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(one.row() for one in found.courses),
        "",
        bar(found.converged, "once all was mended the loop converged, and every model answered as git says"),
        bar(found.code == 143, f"SIGTERM ended it with 143: {found.code}"),
    ]
    return "\n".join(lines) + "\n"


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="of what happens")
    parser.add_argument("--work", default="/dev/shm", help="folder for repository and volume")  # noqa: S108
    parser.add_argument("--write", help="document to put the table into")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Soaks, prints, and writes the page if it is asked to; 1 if something is not as promised."""
    options = _options(words)
    work = Path(tempfile.mkdtemp(dir=options.work, prefix="reconcile-soak-"))
    try:
        found = soaked(work, options.minutes * 60, options.seed, lambda line: print(line, file=sys.stderr, flush=True))
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
