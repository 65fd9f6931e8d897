"""What is seen of a real Triton, and how one that cannot be looked at is told apart from an empty one."""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tritonclient.grpc

from reconciler import embedded
from reconciler.adapters.triton import Access
from reconciler.adapters.triton.client import Triton, connect
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.observed import Served, Serving, Unreachable, VersionState
from tests.triton_models import Bench, ensemble, load_action, multiplier, pbtxt, unique, unload_action

pytestmark = pytest.mark.triton


def complaint(url: str, access: Access | None = None, deadline: float = 10.0) -> str:
    """Why the server cannot be looked at."""
    with connect(url, access or Access()) as client:
        view = client.observe(deadline)
    assert isinstance(view, Unreachable), view
    assert view.reason is Reason.SERVER_UNREACHABLE
    return view.message


def test_a_served_ensemble_is_seen_with_its_versions_generation_and_members(triton_bench: Bench) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    assert triton_bench.seen()[model.name] == Served(
        versions=(VersionState(version=1, state="READY"),),
        generation=model.tree.generation,
        members=frozenset({"twice"}),
    )


def test_a_directory_that_was_never_loaded_is_no_model(triton_bench: Bench) -> None:
    model = triton_bench.put(ensemble(unique("e"), "twice"))
    assert model.name not in triton_bench.seen()


def test_a_model_without_our_stamp_is_seen_without_generation(triton_bench: Bench) -> None:
    name = unique("theirs")
    (triton_bench.repository / name / "1").mkdir(parents=True)
    (triton_bench.repository / name / "config.pbtxt").write_bytes(pbtxt(ensemble(name, "twice").tree.config))
    theirs = tritonclient.grpc.InferenceServerClient(triton_bench.server.info.grpc_url.removeprefix("grpc://"))
    theirs.load_model(name)
    theirs.close()
    assert triton_bench.seen()[name].up
    assert triton_bench.seen()[name].generation is None


def test_a_failed_model_is_seen_with_tritons_reason(triton_bench: Bench) -> None:
    model = triton_bench.put(multiplier(unique("m"), initialize='raise Exception("no weights")'))
    with pytest.raises(TerminalError):
        triton_bench.client.load(load_action(model))
    served = triton_bench.seen()[model.name]
    assert not served.up
    assert "no weights" in served.versions[0].reason


def test_a_model_removed_from_disk_but_serving_is_seen(triton_bench: Bench) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    (triton_bench.repository / model.name).unlink()
    assert triton_bench.seen()[model.name].generation == model.tree.generation
    assert triton_bench.seen()[model.name].up


def test_a_model_loaded_from_the_request_alone_is_seen(triton_bench: Bench) -> None:
    name = unique("sent")
    config = ensemble(name, "twice").tree.config
    theirs = tritonclient.grpc.InferenceServerClient(triton_bench.server.info.grpc_url.removeprefix("grpc://"))
    theirs.load_model(name, config=json.dumps(config), files={"file:1/x": b""})
    theirs.close()
    assert triton_bench.seen()[name].members == frozenset({"twice"})


def test_the_index_is_asked_again_while_links_come_and_go(triton_bench: Bench) -> None:
    link = triton_bench.repository / "dangling"
    link.symlink_to("nowhere")
    mender = threading.Timer(0.12, link.unlink)
    mender.start()
    view = triton_bench.client.observe()
    mender.join()
    assert isinstance(view, Serving)


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_dangling_link_in_the_repository_is_told_and_not_taken_for_an_empty_server(
    triton_bench: Bench, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    link = triton_bench.repository / "dangling"
    link.symlink_to("nowhere")
    try:
        with connect(getattr(triton_bench.server.info, f"{scheme}_url")) as client:
            view = client.observe()
    finally:
        link.unlink()
    assert isinstance(view, Serving)
    assert view.models[model.name].generation == model.tree.generation
    assert f"leads nowhere, so Triton cannot list it: failed to stat file {link}" in caplog.text


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_name_in_the_repository_that_is_no_utf_8_hides_nothing_that_serves(
    triton_bench: Bench, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = triton_bench.serve(ensemble(unique("e"), "twice"))
    theirs = os.fsencode(triton_bench.repository) + b"/caf\xe9"
    os.mkdir(theirs)
    try:
        with connect(getattr(triton_bench.server.info, f"{scheme}_url")) as client:
            view = client.observe()
    finally:
        os.rmdir(theirs)
    assert isinstance(view, Serving)
    assert view.models[model.name].generation == model.tree.generation
    assert ("is no UTF-8, so what Triton lists cannot be read over gRPC" in caplog.text) is (scheme == "grpc")


def test_with_a_dangling_link_in_the_repository_models_are_still_loaded_and_unloaded(triton_bench: Bench) -> None:
    link = triton_bench.repository / "dangling"
    link.symlink_to("nowhere")
    try:
        model = triton_bench.serve(ensemble(unique("e"), "twice"))
        loaded = triton_bench.seen()
        triton_bench.client.unload(unload_action(model.name))
        unloaded = triton_bench.seen()
    finally:
        link.unlink()
    assert loaded[model.name].generation == model.tree.generation
    assert model.name not in unloaded


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_nothing_listening_is_unreachable(scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"{scheme}://user:hunter2@127.0.0.1:{unused.getsockname()[1]}"
        message = complaint(url)
    assert "refused" in message
    assert "is Triton running" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_name_that_does_not_resolve_is_unreachable(scheme: str) -> None:
    assert "no machine of this name is known" in complaint(f"{scheme}://no-such-host.invalid:8001")


@pytest.mark.parametrize("scheme", ["grpc", "http", "grpcs", "https"])
def test_a_server_that_never_answers_is_unreachable_within_the_deadline(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = complaint(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", deadline=0.5)
    assert "it hangs or is overloaded" in message


def test_the_http_port_spoken_to_in_grpc_is_unreachable_with_the_ports_named(triton_bench: Bench) -> None:
    message = complaint(triton_bench.server.info.http_url.replace("http", "grpc"))
    assert "gRPC is usually on 8001" in message


def test_the_grpc_port_spoken_to_in_http_is_unreachable_with_the_ports_named(triton_bench: Bench) -> None:
    message = complaint(triton_bench.server.info.grpc_url.replace("grpc", "http"))
    assert "HTTP on 8000" in message


def test_the_metrics_port_is_no_triton(triton_bench: Bench) -> None:
    message = complaint(triton_bench.server.info.metrics_url.removesuffix("/metrics"))
    assert "not a Triton" in message


@pytest.mark.parametrize("scheme", ["grpcs", "https"])
def test_tls_spoken_to_a_plain_port_is_unreachable(triton_bench: Bench, scheme: str) -> None:
    plain = triton_bench.server.info.http_url if scheme == "https" else triton_bench.server.info.grpc_url
    assert "TLS" in complaint(f"{scheme}://{plain.partition('://')[2]}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def guarded(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """A Triton with TLS on its gRPC port, a restricted HTTP API, and without explicit model control."""
    flags = (
        "--grpc-use-ssl=1",
        f"--grpc-server-cert={certificate[0]}",
        f"--grpc-server-key={certificate[1]}",
        "--http-restricted-api=model-repository:admin-key=hunter2",
    )
    repository = tmp_path_factory.mktemp("guarded")
    with embedded.start(repository, explicit=False, flags=flags) as server:
        yield server


def test_a_plain_connection_to_a_tls_port_is_unreachable_with_tls_named(guarded: embedded.Server) -> None:
    assert "wants TLS" in complaint(guarded.info.grpc_url)


def test_a_certificate_that_is_not_trusted_is_unreachable(guarded: embedded.Server) -> None:
    assert "trust" in complaint(guarded.info.grpc_url.replace("grpc", "grpcs"))


def test_a_trusted_certificate_is_all_that_tls_needs(guarded: embedded.Server, certificate: tuple[Path, Path]) -> None:
    access = Access(root_certificates=str(certificate[0]))
    with connect(guarded.info.grpc_url.replace("grpc", "grpcs"), access) as client:
        assert_is_reached(client)


def assert_is_reached(client: Triton) -> None:
    view = client.observe()
    assert isinstance(view, Unreachable)
    assert view.reason is Reason.NOT_EXPLICIT_MODE


def test_a_restricted_server_is_up_and_wants_credentials(guarded: embedded.Server) -> None:
    message = complaint(guarded.info.http_url)
    assert "wants credentials" in message
    access = Access(metadata=(("admin-key", "hunter2"),))
    assert "hunter2" not in repr(access)
    with connect(guarded.info.http_url, access) as client:
        assert_is_reached(client)


def test_a_restricted_grpc_protocol_is_not_taken_for_a_server_that_is_down(tmp_path: Path) -> None:
    flags = ("--grpc-restricted-protocol=model-repository:admin-key=hunter2",)
    with embedded.start(tmp_path, flags=flags) as server:
        assert "wants credentials" in complaint(server.info.grpc_url)
        access = Access(metadata=(("triton-grpc-protocol-admin-key", "hunter2"),))
        with connect(server.info.grpc_url, access) as client:
            assert isinstance(client.observe(), Serving)


def test_a_server_that_does_not_let_others_load_is_told_with_the_flag(
    guarded: embedded.Server, certificate: tuple[Path, Path]
) -> None:
    access = Access(root_certificates=str(certificate[0]))
    model = ensemble("e", "twice")
    with connect(guarded.info.grpc_url.replace("grpc", "grpcs"), access) as client:
        attempts: tuple[Callable[[], object], ...] = (
            lambda: client.load(load_action(model)),
            lambda: client.unload(unload_action("e")),
        )
        for attempt in attempts:
            with pytest.raises(TerminalError) as caught:
                attempt()
            assert caught.value.reason is Reason.NOT_EXPLICIT_MODE
            assert "--model-control-mode=explicit" in caught.value.hint
        view = client.observe()
        assert isinstance(view, Unreachable)
        assert "--model-control-mode=explicit" in view.message


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_to_observe_a_server_leaves_no_trace(triton_bench: Bench, scheme: str) -> None:
    info = triton_bench.server.info
    before, log = triton_bench.client.observe(), info.log.read_bytes()
    with connect(info.grpc_url if scheme == "grpc" else info.http_url) as client:
        client.observe()
    assert triton_bench.client.observe() == before
    fresh = [line for line in info.log.read_bytes()[len(log) :].splitlines() if b"successfully unloaded" not in line]
    assert fresh == []  # but for the late word of an earlier test's unload


def test_to_observe_a_server_reloads_no_ensemble_also_after_its_member_was_reloaded(triton_bench: Bench) -> None:
    member = triton_bench.serve(multiplier(unique("m")))
    above = triton_bench.serve(ensemble(unique("e"), member.name))
    triton_bench.serve(multiplier(member.name, factor="5"))
    before = triton_bench.server.info.log.read_bytes().count(f"loading: {above.name}:".encode())
    for _ in range(3):
        assert triton_bench.seen()[above.name].up
    assert triton_bench.server.info.log.read_bytes().count(f"loading: {above.name}:".encode()) == before
