"""Servers that are away, in another mode or behind another protocol: told with what to do, and nothing is touched."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler import embedded
from tests.e2e.bad_world import mentions
from tests.e2e.command import Answer
from tests.e2e.served_world import Stage, staged

pytestmark = [pytest.mark.slow, pytest.mark.triton]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("servers"), "first", "second") as made:
        yield made


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
    mentions(plan.out, *words, "Plan: 0 to add, 0 to change, 0 to remove, 0 unchanged, 2 held.")
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
    mentions(status.out, "NotExplicitMode", "0 of 2 models are as wanted", *words)
    assert (stage.ground.snapshot()[0], stage.served()) == (volume, served)
    assert stage.ground.run("apply").code == 0


@pytest.mark.parametrize("url", ["ftp://triton:8001", "grpc://user:hunter2@triton:99999", "grpc://", "dns+ftp://t:1"])
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
    mentions(trusted.out, "2 to change")
    assert stage.everything() == before
