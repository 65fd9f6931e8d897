"""Thousands of ensembles over a few Python models: their repository in real git, their volume, and a real Triton.

What is compared with is here, too: the same done by a plain loop of tritonclient, one client, one call after the other.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pygit2
from tritonclient.grpc import InferenceServerClient

from reconciler import reconcile
from reconciler.core.artifact import CONFIG_FILE, STAMP, stamp_of
from reconciler.core.configs.modelconfig import from_pbtxt
from reconciler.core.errors import ReconcileError
from reconciler.core.jsonvalue import JsonObject
from reconciler.core.plan import Load, Outcome, Result
from reconciler.core.progress import Silent
from reconciler.looping.bell import Bell, Wake
from reconciler.looping.loop import Pace, Surroundings
from reconciler.looping.running import keep
from reconciler.looping.turn import Turn
from reconciler.passes.committing import Report
from reconciler.passes.options import Options

MEMBERS = 4

_CODE = """
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        given = [pb.get_input_tensor_by_name(request, "IN").as_numpy() for request in requests]
        return [pb.InferenceResponse([pb.Tensor("OUT", one)]) for one in given]
"""
_TENSORS: JsonObject = {
    "input": [{"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]}],
    "output": [{"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """So many ensembles below a root folder; `notes` is what the config of some of them says, by number."""

    root: str
    count: int
    notes: dict[int, int] = field(default_factory=dict)

    @property
    def models(self) -> str:
        """Where Triton looks."""
        return os.path.join(self.root, "volume", "models")

    @property
    def names(self) -> list[str]:
        """Members first, as they have to be loaded."""
        return [*(f"member-{number}" for number in range(MEMBERS)), *map(ensemble, range(self.count))]

    def make(self) -> None:
        """Sources, the first commit, an empty volume."""
        os.makedirs(self.models)
        os.makedirs(os.path.join(self.root, "member"))
        with open(os.path.join(self.root, "member", "model.py"), "w", encoding="utf-8") as stream:
            stream.write(_CODE)
        pygit2.init_repository(os.path.join(self.root, "git"), bare=True, initial_head="main")
        self.commit()

    def commit(self) -> None:
        """What is wanted now, on top of what was."""
        repo = pygit2.Repository(os.path.join(self.root, "git"))
        folder, top = repo.TreeBuilder(), repo.TreeBuilder()
        for name, spec in self._specs().items():
            document = {"apiVersion": "reconciler/v1", "kind": "Model", "metadata": {"name": name}, "spec": spec}
            folder.insert(f"{name}.yaml", repo.create_blob(json.dumps(document).encode()), pygit2.enums.FileMode.BLOB)
        top.insert("models.d", folder.write(), pygit2.enums.FileMode.TREE)
        author = pygit2.Signature("bench", "bench@example.com", int(time.time()))
        parents = [] if repo.head_is_unborn else [repo.head.target]
        repo.create_commit("refs/heads/main", author, author, "models", top.write(), parents)

    def _specs(self) -> Mapping[str, JsonObject]:
        source = f"file://{os.path.join(self.root, 'member', 'model.py')}"
        members: dict[str, JsonObject] = {
            f"member-{number}": {"framework": "python", "source": source, "config": _TENSORS}
            for number in range(MEMBERS)
        }
        return members | {ensemble(number): self._ensemble(number) for number in range(self.count)}

    def _ensemble(self, number: int) -> JsonObject:
        step: JsonObject = {"model_name": f"member-{number % MEMBERS}", "model_version": -1}
        step |= {"input_map": {"IN": "IN"}, "output_map": {"OUT": "OUT"}}
        note: JsonObject = {"note": {"string_value": str(self.notes.get(number, 0))}}
        config: JsonObject = {**_TENSORS, "parameters": note, "ensemble_scheduling": {"step": [step]}}
        return {"framework": "ensemble", "config": config}

    def _options(self, *servers: str) -> Options:
        return Options(
            repo=os.path.join(self.root, "git"),
            ref="main",
            servers=servers,
            no_server=not servers,
            volume=os.path.join(self.root, "volume"),
        )

    def apply(self, *servers: str) -> Report:
        """A pass; without servers it only fills the volume. Raises RuntimeError where anything is left undone."""
        now, options = datetime.now(UTC), self._options(*servers)
        report = reconcile.apply(options, reporter=Silent(), confirm=lambda _: True, cancelled=lambda: False, now=now)
        undone = [outcome for outcome in report.outcomes if outcome.result is not Result.DONE]
        if undone:
            raise RuntimeError(f"{undone[0].step.id}: {undone[0].message}")
        return report

    def quiet_passes(self, server: str, count: int) -> list[float]:
        """Seconds of each of so many passes of a loop that has nothing to do, after its first one."""
        kept = _Kept()
        around = Surroundings(journal=kept, reporter=Silent(), bell=Bell(), now=lambda: datetime.now(UTC))
        pace = Pace(interval=0.1, poll=3600.0, grace=5.0, passes=count + 1)
        keep(self._options(server), around, pace)
        first, *others = kept.turns[: count + 1]
        if not all(turn.converged for turn in (first, *others)):
            raise RuntimeError("a pass had something to do")
        return [turn.seconds for turn in others]

    def config(self, name: str) -> JsonObject:
        """The config as it is on the disk, with its stamp."""
        with open(os.path.join(self.models, name, CONFIG_FILE), "rb") as stream:
            return from_pbtxt(stream.read())

    def check(self, client: InferenceServerClient) -> None:
        """Raises RuntimeError unless every stamp that is served is the one on the disk."""
        for name in self.names:
            served = client.get_model_config(name).config.parameters[STAMP].string_value
            if served != stamp_of(self.config(name)):
                raise RuntimeError(f"{name} serves {served or 'nothing of ours'}")


@dataclass(slots=True)
class _Kept:
    """The turns of a loop."""

    turns: list[Turn] = field(default_factory=list)

    def turning(self, why: Wake) -> None:
        """Nothing to keep."""

    def turned(self, turn: Turn) -> None:
        self.turns.append(turn)

    def failed(self, error: ReconcileError, seconds: float) -> None:  # noqa: ARG002
        raise error

    def stopping(self, running: int) -> None:
        """Nothing to keep."""


def ensemble(number: int) -> str:
    """Its name."""
    return f"ensemble-{number:05}"


def loads(report: Report) -> list[Outcome]:
    """Those of its outcomes that are loads."""
    return [outcome for outcome in report.outcomes if isinstance(outcome.step.action, Load)]


def span(report: Report) -> float:
    """Seconds from its first step to the end of its last load, stamps read back."""
    begun = min(outcome.began for outcome in report.outcomes)
    return max(outcome.began + outcome.seconds for outcome in loads(report)) - begun


def load_one_by_one(fleet: Fleet, client: InferenceServerClient) -> None:
    """As people do it in a script."""
    for name in fleet.names:
        client.load_model(name)


def load_alone(fleet: Fleet, client: InferenceServerClient, number: int, note: int) -> None:
    """A load that really loads, with a config that differs in nothing that we look at."""
    config = fleet.config(ensemble(number))
    parameters = config["parameters"]
    told = {**(parameters if isinstance(parameters, dict) else {}), "bench": {"string_value": str(note)}}
    client.load_model(ensemble(number), config=json.dumps({**config, "parameters": told}))


def read_all(client: InferenceServerClient) -> None:
    """Index, statistics, and every config."""
    client.get_model_repository_index()
    for row in client.get_inference_statistics().model_stats:
        client.get_model_config(row.name)
