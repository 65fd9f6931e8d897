"""Several real Tritons on one volume, which git's models are placed on, and a client that asks all the while."""

import os
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from reconciler import embedded, reconcile
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.judging.rendezvous import ranking
from reconciler.core.progress import Reporter, Silent
from reconciler.demo.configuration import Clone, environment
from reconciler.passes.committing import Report
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from tests.conftest import start_or_skip
from tests.e2e.desired_models import GIVEN
from tests.e2e.real_world import World
from tests.e2e.running import asked
from tests.e2e.scale_models import built


@dataclass(slots=True, kw_only=True)
class Fleet:
    """`servers` are all that run; `used` those that the target has, by their gRPC address."""

    world: World
    servers: Mapping[str, embedded.Server]
    used: tuple[str, ...] = ()
    timeout: float = 60.0

    @property
    def urls(self) -> list[str]:
        """All that run, by name."""
        return sorted(self.servers)

    @property
    def options(self) -> Options:
        """What a command line would say."""
        return replace(self.world.options, servers=self.used, timeout=self.timeout)

    def look(self) -> Look:
        """What `reconcile plan` sees."""
        return reconcile.look(self.options, now=datetime.now(UTC))

    def apply(self, reporter: Reporter = Silent()) -> Report:  # noqa: B008  stateless
        """What `reconcile apply` does."""
        return reconcile.apply(
            self.options, reporter=reporter, confirm=lambda _: True, cancelled=lambda: False, now=datetime.now(UTC)
        )

    def ready(self, url: str) -> set[str]:
        """The models that a server answers for, as it says itself."""
        found = asked(f"{self.servers[url].info.http_url}/v2/models/stats", None)
        rows = found["model_stats"] if isinstance(found, dict) else None
        assert isinstance(rows, list)
        return {str(row["name"]) for row in rows if isinstance(row, dict)}

    def where(self, model: str, urls: Sequence[str]) -> set[str]:
        """The servers that answer for a model."""
        return {url for url in urls if model in self.ready(url)}

    def answer(self, url: str, model: str) -> float | None:
        """What the server makes of 3, None if it does not serve the model."""
        given: JsonObject = {"name": "IN", "datatype": "FP32", "shape": [1], "data": [GIVEN]}
        try:
            found = asked(f"{self.servers[url].info.http_url}/v2/models/{model}/infer", {"inputs": [given]})
        except urllib.error.HTTPError as error:
            error.close()
            return None
        outputs = found["outputs"] if isinstance(found, dict) else None
        assert isinstance(outputs, list)
        assert isinstance(outputs[0], dict)
        data = outputs[0]["data"]
        assert isinstance(data, list)
        assert isinstance(data[0], float)
        return data[0]


def name_whose(first: Callable[[str], bool], prefix: str = "model") -> str:
    """The first model name that is so: placements are computed, so a test can choose who moves."""
    return next(name for number in range(10_000) if first(name := f"{prefix}-{number}"))


def heaviest(model: str, urls: Sequence[str]) -> str:
    """The server that weighs most for a model."""
    return ranking(model, urls)[0]


@dataclass(slots=True, kw_only=True)
class Client:
    """Asks for a model again and again, on any server that has it; `unanswered` counts when none had."""

    fleet: Fleet
    model: str
    urls: Sequence[str]
    asked: int = 0
    unanswered: int = 0
    answers: set[float] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask, name="client")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _ask(self) -> None:
        """Twice round the servers, for a model may come to the first while the last is asked."""
        while not self._over.is_set():
            found = next((got for url in (*self.urls, *self.urls) if (got := self.fleet.answer(url, self.model))), None)
            self.asked += 1
            self.unanswered += found is None
            self.answers |= {found} if found is not None else set()
            time.sleep(0.005)


@contextmanager
def fleet_of(folder: Path, count: int) -> Iterator[Fleet]:
    """So many servers with the `scale` backend on one empty volume; nothing is served."""
    volume, work = folder / "volume", folder / "work"
    for path in (volume / "models", work):
        path.mkdir(parents=True)
    clone = Clone(folder=work, remote=work, environ=environment(os.environ))
    clone.git("init", "--quiet", "--initial-branch=main")
    flags = (f"--backend-directory={built(folder)}",)
    with ExitStack() as stack:
        servers = [stack.enter_context(start_or_skip(volume / "models", *flags)) for _ in range(count)]
        by_url = {server.info.grpc_url: server for server in servers}
        yield Fleet(
            world=World(clone=clone, volume=volume, server=servers[0]), servers=by_url, used=tuple(sorted(by_url))
        )
        for server in servers:
            server.kill()
