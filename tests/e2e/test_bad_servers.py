"""Servers that are away, in another mode or behind another protocol, and models that a real Triton will not take."""

import json
import os
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import embedded
from tests.conftest import start_or_skip
from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import Answer

pytestmark = [pytest.mark.slow, pytest.mark.triton]

PROBE = (
    "[{{inputs: [{{name: IN, datatype: FP32, shape: [1], data: [1]}}], outputs: [{{name: {name}, data: [{data}]}}]}}]"
)


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as response:
        return json.load(response)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A ground whose models a real Triton serves."""

    ground: Ground
    triton: embedded.Info

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


BAD = ("boom", "pinned", "preflight", "probed", "rejected")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Five models and `good` are served, each answering 2."""
    folder = tmp_path_factory.mktemp("stage")
    ground = Ground(folder=folder).begin()
    (ground.volume / "models").mkdir()
    with start_or_skip(ground.volume / "models") as server:
        ground = replace(ground, server=server.info.grpc_url)
        ground.want({name: document(name, str(ground.source(name))) for name in (*BAD, "good")})
        assert ground.run("apply").code == 0
        yield Stage(ground=ground, triton=server.info)
        server.kill()


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def down(_: embedded.Info) -> str:
    return f"grpc://127.0.0.1:{free_port()}"


def unknown(_: embedded.Info) -> str:
    return "grpc://triton.invalid:8001"


def the_http_port(triton: embedded.Info) -> str:
    return triton.http_url.replace("http", "grpc")


def the_grpc_port(triton: embedded.Info) -> str:
    return triton.grpc_url.replace("grpc", "http")


def the_metrics_port(triton: embedded.Info) -> str:
    return triton.metrics_url.removesuffix("/metrics")


def tls_over_grpc(triton: embedded.Info) -> str:
    return triton.grpc_url.replace("grpc", "grpcs")


def tls_over_http(triton: embedded.Info) -> str:
    return triton.http_url.replace("http", "https")


PORTS = "check the port: gRPC is usually on 8001, HTTP on 8000"
TLS = "grpcs:// and https:// need a server with TLS, and trust in who signed its certificate"
AWAY: dict[Callable[[embedded.Info], str], tuple[str, ...]] = {
    down: ("Connection refused; nothing listens there: is Triton running, and is this its port?",),
    unknown: ("no machine of this name is known here: check the address of the server",),
    the_http_port: (PORTS, "or it wants TLS (grpcs://, https://)"),
    the_grpc_port: ("the answer is not HTTP", "something answers, but not a Triton in this protocol", PORTS),
    the_metrics_port: ("something answers, but not a Triton in this protocol", PORTS),
    tls_over_grpc: ("handshake failed: WRONG_VERSION_NUMBER", TLS),
    tls_over_http: ("TLS", TLS),
}


def is_left_alone(plan: Answer, apply: Answer, url: str, reason: str, words: tuple[str, ...]) -> None:
    """Whether a plan and an apply (as JSON) hold every model with the reason and tell once what is wrong with it."""
    assert [(answer.code, answer.err) for answer in (plan, apply)] == [(1, ""), (1, "")]
    assert plan.out.count(f"  - {url}: ") == 1
    mentions(plan.out, *words, "Plan: 0 to add, 0 to change, 0 to remove, 0 unchanged, 6 held.")
    report = apply.document()
    assert report["outcomes"] == []
    assert not report["plan"]["complete"]
    assert {model["action_reason"] for model in report["plan"]["models"]} == {reason}
    assert not any(model["stalled"] for model in report["plan"]["models"])
    assert {standing["conditions"]["Stalled"]["status"] for standing in report["models"].values()} == {"False"}


@pytest.mark.parametrize("case", AWAY, ids=lambda case: case.__name__)
def test_a_server_that_cannot_be_looked_at_is_told_and_nothing_is_touched(
    stage: Stage, case: Callable[[embedded.Info], str]
) -> None:
    url = case(stage.triton)
    (volume, _, _), served = stage.ground.snapshot(), stage.served()
    plan, apply = stage.ground.run("plan", server=url), stage.ground.run("apply", "-o", "json", server=url)
    is_left_alone(plan, apply, url, "ServerUnreachable", AWAY[case])
    assert (stage.ground.snapshot()[0], stage.served()) == (volume, served)


@pytest.mark.parametrize("mode", ["none", "poll"])
def test_a_server_that_is_not_in_explicit_mode_is_refused_with_the_flag_and_stalls_nothing(
    stage: Stage, mode: str
) -> None:
    models = stage.ground.volume / "models"
    (volume, _, _), served = stage.ground.snapshot(), stage.served()
    with embedded.start(models, explicit=False, flags=(f"--model-control-mode={mode}",)) as other:
        url = other.info.grpc_url
        plan, apply = stage.ground.run("plan", server=url), stage.ground.run("apply", "-o", "json", server=url)
        status = stage.ground.run("status", server=url)
        other.kill()
    words = ("it does not let others load and unload", "start Triton with --model-control-mode=explicit")
    is_left_alone(plan, apply, url, "NotExplicitMode", words)
    assert (status.code, status.out.count(f"  - {url}: ")) == (1, 1)
    mentions(status.out, "NotExplicitMode", "0 of 6 models are as wanted", *words)
    assert (stage.ground.snapshot()[0], stage.served()) == (volume, served)
    assert stage.ground.run("apply").code == 0


@pytest.mark.parametrize("url", ["ftp://triton:8001", "grpc://user:hunter2@triton:99999", "grpc://", "dns+grpc://t:1"])
def test_what_is_no_address_is_a_question_of_usage(stage: Stage, url: str) -> None:
    before = stage.everything()
    answer = stage.ground.run("apply", server=url)
    assert (answer.code, answer.out) == (64, "")
    assert answer.err.startswith("reconcile: Usage: ")
    assert "hunter2" not in answer.err
    assert len(answer.err.splitlines()) == 2
    assert stage.everything() == before


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Triton that speaks gRPC with TLS only, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("tls")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(make, cwd=folder, check=True, capture_output=True)
    flags = ("--grpc-use-ssl=true", f"--grpc-server-cert={folder}/cert.pem", f"--grpc-server-key={folder}/key.pem")
    (folder / "models").mkdir()
    with embedded.start(folder / "models", flags=flags) as server:
        yield server.info.grpc_url, folder / "cert.pem"
        server.kill()


def test_a_server_with_tls_wants_grpcs_and_trust_and_the_advice_helps(
    stage: Stage, guarded: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stage.everything()
    plain, certificate = guarded
    secure = plain.replace("grpc", "grpcs")
    without, untrusted = stage.ground.run("plan", server=plain), stage.ground.run("plan", server=secure)
    monkeypatch.setitem(os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(certificate))
    trusted = stage.ground.run("plan", server=secure)
    assert (without.code, untrusted.code, trusted.code) == (1, 1, 0)
    mentions(without.out, f"  - {plain}: ", "or it wants TLS (grpcs://, https://)")
    mentions(untrusted.out, f"  - {secure}: ", "CERTIFICATE_VERIFY_FAILED", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
    assert (without.err, untrusted.err) == ("", "")
    mentions(trusted.out, "6 to change")
    assert stage.everything() == before


POLICY = "apiVersion: reconciler/v1\nkind: Repository\nspec: {policy: {maxRemovals: 30%}}\n"
UNVERIFIED = POLICY.replace("maxRemovals: 30%", "verifyCommits: {mode: head, gpgKeys: keys/}")


@pytest.mark.parametrize(
    ("kept", "settings", "told"),
    [
        ((), "", ("EmptyRefused: ", "all 6 would be removed", "Reconcile-Allow-Removals: 6", "--allow-removals 6")),
        (
            ("good",),
            POLICY,
            ("RemovalsExceeded: 5 of 6 models would be removed", "maxRemovals is 30%", "--allow-removals 5"),
        ),
        (("good",), UNVERIFIED, ("CommitNotVerified: ", "policy.verifyCommits")),
    ],
    ids=["everything", "too many", "not verified"],
)
def test_what_a_guard_refuses_is_not_done_at_all(
    stage: Stage, kept: tuple[str, ...], settings: str, told: tuple[str, ...]
) -> None:
    ground = stage.ground
    sources = {name: str(ground.folder / "sources" / name) for name in kept}
    settings_file = ground.repository / "reconciler.yaml"
    ground.want(
        {name: document(name, source) for name, source in sources.items()},
        {"models.d/README.md": b"", **({"reconciler.yaml": settings.encode()} if settings else {})},
    )
    before = stage.everything()
    plan, apply = ground.run("plan"), ground.run("apply")
    settings_file.unlink(missing_ok=True)
    assert (plan.code, apply.code) == (4, 4)
    mentions(plan.said, *told)
    mentions(apply.said, *told)
    assert "started" not in apply.out
    if settings:
        settings_file.write_text(settings)
    assert stage.everything() == before
    settings_file.unlink(missing_ok=True)


def test_good_models_converge_among_bad_ones_of_which_the_former_generation_stays_served(stage: Stage) -> None:
    ground, before, files = stage.ground, stage.served(), stage.ground.served_files()
    broken = ground.source("broken")
    (broken / "config.pbtxt").write_text("backendd: 3\n")
    three = str(ground.source("three", factor=3))
    ground.want(
        {
            "good": document("good", three, probe=PROBE.format(name="OUT", data=3)),
            "boom": document("boom", str(ground.source("crash", initialize="raise RuntimeError('out of tune')"))),
            "pinned": document("pinned", f"{{uri: {three}, digest: sha256:{'0' * 64}}}"),
            "preflight": document("preflight", str(broken)),
            "probed": document("probed", three, probe=PROBE.format(name="OUT", data=4)),
            "rejected": document("rejected", three, updat="auto"),
        }
    )
    answer, again = ground.run("apply"), ground.run("apply", "-o", "json")
    assert answer.code == 6
    mentions(
        answer.out,
        "failed: LoadFailed: ",
        "RuntimeError: out of tune",
        "the model's content or config has to change; trying again will not mend it",
        "failed: ProbeFailed: probed on grpc://",
        "OUT[0] is 3.0, expected 4.0; either the model is not the one that was meant",
        "DigestMismatch: ",
        'PreflightFailed: config.pbtxt:1:1: Message type "ModelConfig" has no field named "backendd"; what is active',
        "Not ready: probed: ProbeFailed: ",
        f"{before['probed'].removeprefix('sha256:')[:12]} goes on serving",
    )
    mentions(answer.err, "models.d/rejected.yaml:7:3: spec.updat: found an unknown field, expected update")
    after = stage.served()
    assert {name for name in before if after[name] != before[name]} == {"good"}
    assert {name: stage.answer(name) for name in before} == dict.fromkeys(BAD, 2.0) | {"good": 3.0}
    bad_files = {path: content for path, content in files.items() if not path.startswith("good/")}
    assert {path: text for path, text in ground.served_files().items() if not path.startswith("good/")} == bad_files
    assert again.code == 6
    assert {outcome["kind"] for outcome in again.document()["outcomes"]} <= {"prune"}
    stalled = {model["name"] for model in again.document()["plan"]["models"] if model["stalled"]}
    assert stalled == {"boom", "pinned", "preflight", "probed"}


def test_once_all_is_right_again_everything_converges_without_anybody(stage: Stage) -> None:
    five = str(stage.ground.source("five", factor=5))
    stage.ground.want({name: document(name, five) for name in (*BAD, "good")})
    assert stage.ground.run("apply").code == 0
    assert {stage.answer(name) for name in (*BAD, "good")} == {5.0}
