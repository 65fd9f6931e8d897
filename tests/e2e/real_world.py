"""A real world of its own: a git work tree, a volume, a real Triton, and `reconcile` run on them in this process."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import yaml

from reconciler import embedded, reconcile
from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.progress import Reporter, Silent
from reconciler.demo.configuration import Clone, environment
from reconciler.passes.committing import Report
from reconciler.passes.looking import Look
from reconciler.passes.options import Options
from tests.conftest import start_or_skip
from tests.e2e.desired_models import Models
from tests.e2e.running import Run, asked, begun, wipe

STATUS = "reconciler-status"


@dataclass(slots=True, kw_only=True)
class World:
    """`wanted` is what git says; `afterwards` undoes what a test has put there that is not ours."""

    clone: Clone
    volume: Path
    server: embedded.Server
    wanted: Models = field(default_factory=dict)
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    def want(self, models: Models) -> None:
        """Commits these models and no others; files that are the same are not written again."""
        self.wanted = models
        files = {f"models.d/{name}.yaml": model.document(name) for name, model in models.items()}
        for name, model in models.items():
            files |= {f"sources/{name}/{path}": text for path, text in model.files.items()}
        for path in {str(found.relative_to(self.clone.folder)) for found in self._tracked()} - files.keys():
            (self.clone.folder / path).unlink()
        for path, text in files.items():
            file = self.clone.folder / path
            if not file.exists() or file.read_text() != text:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        self.clone.git("add", "--all")
        self.clone.git("commit", "--quiet", "--allow-empty", "--message", "As wanted")

    def _tracked(self) -> list[Path]:
        folders = (self.clone.folder / "models.d", self.clone.folder / "sources")
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    @property
    def options(self) -> Options:
        """What a command line would say."""
        return Options(
            repo=str(self.clone.folder), servers=(self.server.info.grpc_url,), volume=str(self.volume), timeout=60.0
        )

    def look(self) -> Look:
        """What `reconcile plan` sees."""
        return reconcile.look(self.options, now=datetime.now(UTC))

    def apply(self, reporter: Reporter = Silent(), *, servers: bool = True) -> Report:  # noqa: B008  stateless
        """What `reconcile apply` does; without servers as with `--server none`."""
        return reconcile.apply(
            self.options if servers else replace(self.options, servers=(), no_server=True),
            reporter=reporter,
            confirm=lambda _: True,
            cancelled=lambda: False,
            now=datetime.now(UTC),
        )

    def command(self) -> Run:
        """The real `reconcile apply`, started in a process of its own as a batch job."""
        where = ("--repo", str(self.clone.folder), "--volume", str(self.volume), "--server", self.server.info.grpc_url)
        return begun(where, self.clone.environ, self.volume.parent / f"{uuid4().hex}.log")

    def told(self, name: str) -> dict[str, dict[str, str]]:
        """What the status branch says of a model: its conditions by their type."""
        status = yaml.safe_load(self.clone.git("show", f"{STATUS}:default/{name}.yaml"))
        return {row["type"]: row for row in status["status"]["conditions"]}

    def link(self, name: str) -> Path:
        """Where Triton looks for a model."""
        return self.volume / "models" / name

    def tree(self, name: str) -> Path:
        """What its link names."""
        return self.link(name).resolve()

    def ours(self, *path: str) -> Path:
        """Below our own directory on the volume."""
        return self.volume.joinpath(".reconciler", *path)

    def load(self, name: str, config: Mapping[str, Json] | None = None) -> None:
        """By hand, past us; with a config of somebody's own."""
        parameters: JsonObject = {} if config is None else {"config": json.dumps(config)}
        self.call(f"repository/models/{name}/load", {"parameters": parameters})

    def unload(self, *names: str) -> None:
        """By hand, past us; waits until nothing of them runs any more."""
        for name in names:
            self.call(f"repository/models/{name}/unload", {})
        while any(row["name"] in names and row.get("state") in ("READY", "UNLOADING") for row in self.index()):
            time.sleep(0.02)

    def index(self) -> list[dict[str, str]]:
        """What the server lists."""
        found = self.call("repository/index", {})
        assert isinstance(found, list)
        return [{str(key): str(value) for key, value in row.items()} for row in found if isinstance(row, dict)]

    def ready(self) -> set[str]:
        """The models that answer; from the statistics, for the index fails while a link dangles."""
        found = self.call("models/stats", None)
        rows = found["model_stats"] if isinstance(found, dict) else None
        assert isinstance(rows, list)
        return {str(row["name"]) for row in rows if isinstance(row, dict)}

    def served_config(self, name: str) -> JsonObject:
        """The config that is served, as anybody can ask for it."""
        found = self.call(f"models/{name}/config", None)
        assert isinstance(found, dict)
        return found

    def call(self, path: str, body: JsonObject | None) -> Json:
        """Over HTTP, as people do it; raises HTTPError."""
        return asked(f"{self.server.info.http_url}/v2/{path}", body)

    def begin_anew(self) -> None:
        """An empty volume, a server that serves nothing, no status."""
        self.server.kill()
        for path in self.volume.iterdir():
            wipe(path)
        (self.volume / "models").mkdir()
        self.clone.git("update-ref", "-d", f"refs/heads/{STATUS}")
        self.server.restart()

    def tidy(self) -> None:
        """What is not ours goes, so that the next test begins without it."""
        while self.afterwards:
            self.afterwards.pop()()


@contextmanager
def started(folder: Path, *flags: str) -> Iterator[World]:
    """An empty world with a server, started with these flags, that serves nothing."""
    volume, work = folder / "volume", folder / "work"
    for path in (volume / "models", work):
        path.mkdir(parents=True)
    clone = Clone(folder=work, remote=work, environ=environment(os.environ))
    clone.git("init", "--quiet", "--initial-branch=main")
    with start_or_skip(volume / "models", *flags) as server:
        world = World(clone=clone, volume=volume, server=server)
        yield world
        server.kill()  # to finalise every Python model takes Triton a second each
    world.tidy()
