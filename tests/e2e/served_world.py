"""A ground whose models a real Triton serves, and what Triton itself says of them."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler import embedded
from tests.conftest import start_or_skip
from tests.e2e.bad_world import Ground, document


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as response:
        return json.load(response)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A ground whose models a real Triton serves."""

    ground: Ground
    server: embedded.Server

    @property
    def triton(self) -> embedded.Info:
        """Where it is."""
        return self.server.info

    def served(self) -> dict[str, str]:
        """The stamp of each model that is READY, as Triton itself tells it."""
        rows = ask(f"{self.triton.http_url}/v2/repository/index", {})
        ready = [row["name"] for row in rows if row.get("state") == "READY"]
        configs = {name: ask(f"{self.triton.http_url}/v2/models/{name}/config") for name in ready}
        return {name: config["parameters"]["reconciler.generation"]["string_value"] for name, config in configs.items()}

    def answer(self, name: str) -> float:
        """What the model makes of 1."""
        given = {"name": "IN", "datatype": "FP32", "shape": [1], "data": [1]}
        answered = ask(f"{self.triton.http_url}/v2/models/{name}/infer", {"inputs": [given]})
        return float(answered["outputs"][0]["data"][0])

    def everything(self) -> object:
        """What a refusal must leave as it is."""
        return self.ground.snapshot(), self.served()


@contextmanager
def staged(folder: Path, *names: str) -> Iterator[Stage]:
    """Models of these names are served, each answering 2."""
    ground = Ground(folder=folder).begin()
    (ground.volume / "models").mkdir()
    with start_or_skip(ground.volume / "models") as server:
        ground = replace(ground, server=server.info.grpc_url)
        ground.want({name: document(name, str(ground.source(name))) for name in names})
        assert ground.run("apply").code == 0
        yield Stage(ground=ground, server=server)
        server.kill()
