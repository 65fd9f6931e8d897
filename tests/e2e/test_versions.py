"""Versions that come and go on the real Triton, while clients ask for those that stay: none of them ever fails."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Versions
from tests.e2e.desired_models import Model, python, versions
from tests.e2e.real_world import World, started

pytestmark = pytest.mark.triton

BODY = json.dumps({"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [1]}]}).encode()


@dataclass(slots=True, kw_only=True)
class Asking:
    """A client that asks one version all the while; `failures` in words."""

    url: str
    expected: float
    answers: int = 0
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.over.is_set():
            try:
                with urllib.request.urlopen(self.url, BODY, timeout=30) as response:
                    given = float(json.load(response)["outputs"][0]["data"][0])
                if given != self.expected:
                    self.failures.append(f"answered {given}")
                self.answers += 1
            except urllib.error.HTTPError as error:
                self.failures.append(error.read().decode())
                error.close()


@contextmanager
def asked_all_the_while(world: World, stays: Mapping[int, float]) -> Iterator[None]:
    """One client for each version that stays. Afterwards: thousands of answers, no failure, no wrong answer."""
    base = f"{world.server.info.http_url}/v2/models/m/versions"
    clients = [Asking(url=f"{base}/{number}/infer", expected=answer) for number, answer in stays.items()]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for client in clients:
            client.over.set()
        for thread in threads:
            thread.join()
    assert [client.failures for client in clients] == [[] for _ in clients]
    assert min(client.answers for client in clients) > 100


def model(policy: JsonObject, *numbers: int) -> Model:
    """Version n answers 10 n to 1."""
    found = versions({number: (f"x * {10 * number}", 10.0 * number) for number in numbers})
    return replace(found, spec={**found.spec, "config": {**_config(found), "version_policy": policy}})


def _config(found: Model) -> JsonObject:
    config = found.spec["config"]
    assert isinstance(config, dict)
    return config


def served(world: World) -> list[int]:
    """What Triton itself says is READY."""
    return sorted(int(row["version"]) for row in world.index() if row["name"] == "m" and row.get("state") == "READY")


def told(world: World) -> tuple[list[int], str]:
    """The versions that `reconcile status` shows, as JSON and in the table."""
    where = ("--repo", str(world.clone.folder), "--volume", str(world.volume), "--server", world.server.info.grpc_url)
    command = [sys.executable, "-m", "reconciler", "status", *where]
    as_json = subprocess.run([*command, "-o", "json"], capture_output=True, check=True, text=True).stdout
    table = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    rows = next(row for row in json.loads(as_json)["models"] if row["name"] == "m")
    return rows["servers"][0]["versions"], next(line for line in table.splitlines() if line.startswith("m "))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started(tmp_path_factory.mktemp("versions")) as found:
        yield found


def specific(*numbers: int) -> JsonObject:
    """The policy."""
    return {"specific": {"versions": [*numbers]}}


ALL: JsonObject = {"all": {}}
LATEST: JsonObject = {"latest": {"num_versions": 2}}


@pytest.mark.parametrize(
    ("before", "after", "expected", "stays"),
    [
        (model(ALL, 1, 2), model(ALL, 1, 2, 3), [1, 2, 3], (1, 2)),
        (model(ALL, 1, 2, 3), model(ALL, 1, 3), [1, 3], (1, 3)),
        (model(LATEST, 1, 2), model(LATEST, 1, 2, 3), [2, 3], (2,)),
        (model(LATEST, 1, 2, 3), model(LATEST, 1, 2), [1, 2], (2,)),
        (model(specific(1, 3), 1, 2, 3), model(specific(1, 2), 1, 2, 3), [1, 2], (1,)),
        (model(ALL, 1, 2), model(specific(2), 1, 2), [2], (2,)),
    ],
    ids=["all-adds", "all-removes", "latest-adds", "latest-removes", "specific-changes", "all-to-specific"],
)
def test_versions_come_and_go_without_a_gap_in_those_that_stay_and_status_tells_which(
    world: World, before: Model, after: Model, expected: list[int], stays: tuple[int, ...]
) -> None:
    world.want({"m": before})
    world.apply()
    there = tuple(served(world))
    world.want({"m": after})
    (line,) = world.look().plan.models
    assert line.versions == Versions(before=there, after=tuple(expected))
    with asked_all_the_while(world, {number: 10.0 * number for number in stays}):
        report = world.apply()
        assert {outcome.result for outcome in report.outcomes} == {"done"}
    assert served(world) == expected
    numbers, row = told(world)
    assert numbers == expected
    assert f"  {','.join(map(str, expected))}  " in row
    assert report.statuses["m"].versions == tuple(expected)
    assert world.look().plan.steps == ()


def test_a_new_version_that_does_not_load_leaves_the_others_answering(world: World) -> None:
    world.want({"m": model(ALL, 1, 2)})
    world.apply()
    broken = model(ALL, 1, 2, 3)
    broken = replace(broken, files={**broken.files, "3.py": "raise RuntimeError('boom')"})
    world.want({"m": broken})
    with asked_all_the_while(world, {1: 10.0, 2: 20.0}):
        report = world.apply()
    assert "failed" in {outcome.result for outcome in report.outcomes}
    assert served(world) == [1, 2]
    assert world.told("m")["Ready"]["status"] == "False"


def test_what_calls_a_strangers_model_is_served_and_held_once_that_is_gone(world: World) -> None:
    world.want({})
    stranger = world.link("stranger") / "1"
    stranger.mkdir(parents=True)
    made = python("x + 1", 2.0)
    for path, text in made.files.items():
        (world.link("stranger") / path).write_text(text)
    world.load("stranger")
    caller = python("x * 3", 3.0, dependsOn=["stranger"])
    world.want({"caller": caller, "m": model(ALL, 1)})
    report = world.apply()
    line = next(line for line in report.look.plan.models if line.model == "caller")
    assert (line.foreign_needs, report.statuses["caller"].ready) == (("stranger",), True)
    world.unload("stranger")
    world.want({"late": caller, "caller": caller, "m": model(ALL, 1)})
    held = {line.model: line for line in world.look().plan.models}["late"]
    assert held.reason == "MissingDependency"
    assert held.message == "it needs stranger, which is neither in the desired state nor served"
    world.apply()
    assert world.ready() >= {"caller", "m"}
    assert "late" not in world.ready()
    assert (world.link("stranger") / "1" / "model.py").exists()
