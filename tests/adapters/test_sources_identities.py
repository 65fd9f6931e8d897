"""Google's and Azure's ways to be somebody that obstore does not know: what a bucket's server is told."""

import importlib.abc
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from reconciler.adapters.sources import Sources
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.spec import Credentials, Source
from tests.web import Web

TOKEN = "token-of-somebody"


@pytest.fixture
def exchange() -> Iterator[str]:
    """A token service that gives its token to who brings the right one, by its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
            told["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"
            well = "subject_token=whom-the-cluster-knows" in asked
            body = json.dumps(told if well else {"error": "invalid_grant"}).encode()
            self.send_response(200 if well else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's keys."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "AZURE_TOKEN_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


class _Absent(importlib.abc.MetaPathFinder):
    """As if these packages were not installed."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname in self.names:
            raise ImportError(fullname)
        return None


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither google-auth nor azure-identity."""
    for name in [name for name in sys.modules if name.startswith(("google.auth", "azure.identity"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Absent("google.auth", "azure.identity"), *sys.meta_path])


def federated(folder: Path, exchange: str) -> Path:
    """What `gcloud iam workload-identity-pools create-cred-config` writes, for a token in a file."""
    (folder / "token").write_text("whom-the-cluster-knows")
    document = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": exchange,
        "credential_source": {"file": str(folder / "token")},
    }
    path = folder / "federated.json"
    path.write_text(json.dumps(document))
    return path


def refused(uri: str, environment: dict[str, str], endpoint: str) -> ReconcileError:
    """What is told of a source on a server that has nothing."""
    sources = Sources({"p": Credentials(endpoint_url=endpoint)}, environment)
    with pytest.raises(ReconcileError) as raised:
        sources.store(Source(uri=uri, credentials="p")).listing()
    return raised.value


def test_a_federated_identity_is_exchanged_for_a_token_of_google(web: Web, exchange: str, tmp_path: Path) -> None:
    path = federated(tmp_path, exchange)
    refused("gs://models/m/", {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}, web.url)
    assert {headers["authorization"] for headers in web.headers} == {f"Bearer {TOKEN}"}


def test_what_gcloud_left_is_found_without_any_variable(web: Web, exchange: str, tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    federated(tmp_path, exchange).rename(folder / "application_default_credentials.json")
    refused("gs://models/m/", {"HOME": str(tmp_path)}, web.url)
    assert {headers["authorization"] for headers in web.headers} == {f"Bearer {TOKEN}"}


def test_a_federated_identity_that_is_not_believed_is_told(web: Web, exchange: str, tmp_path: Path) -> None:
    path = federated(tmp_path, exchange)
    (tmp_path / "token").write_text("somebody else")
    told = refused("gs://models/m/", {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}, web.url)
    assert "gs://models" in told.message
    assert "somebody else" not in f"{told}"
    assert web.headers == []


@pytest.mark.parametrize(
    "document",
    [
        {"type": "external_account"},
        {"type": "external_account", "credential_source": {"executable": {}}},
        {"type": "external_account", "credential_source": {"environment_id": "aws1"}},
        {"type": "impersonated_service_account"},
        {"type": "external_account_authorized_user"},
    ],
)
def test_a_file_that_says_too_little_is_told(web: Web, tmp_path: Path, document: dict[str, object]) -> None:
    path = tmp_path / "half.json"
    path.write_text(json.dumps(document))
    told = refused("gs://models/m/", {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}, web.url)
    assert told.reason is Reason.CREDENTIALS_MISSING
    assert f"{path} is not as gcloud writes it" in told.message


@pytest.mark.usefixtures("without")
def test_without_the_extra_a_federated_identity_names_it(web: Web, tmp_path: Path) -> None:
    path = federated(tmp_path, "http://127.0.0.1:1/token")
    told = refused("gs://models/m/", {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}, web.url)
    assert isinstance(told, TerminalError)
    assert (told.reason, told.hint) == (
        Reason.EXTRA_MISSING,
        "Install it: pip install 'triton-reconcile[gcs]'",
    )
    assert web.headers == []


def azure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine with a login of the Azure CLI, for which something stands in that prints what the real one does."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "az"
    told = {"accessToken": TOKEN, "expires_on": 4_000_000_000, "tokenType": "Bearer", "tenant": "t"}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(told)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    return {"AZURE_STORAGE_ACCOUNT": "account", "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}


def test_a_login_of_the_azure_cli_is_used(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused("az://models/m/", azure(tmp_path, monkeypatch), web.url)
    assert {headers["authorization"] for headers in web.headers} == {f"Bearer {TOKEN}"}


@pytest.mark.usefixtures("without")
def test_without_the_extra_what_only_azure_identity_knows_names_it(
    web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = refused("az://models/m/", azure(tmp_path, monkeypatch), web.url)
    assert (told.reason, told.hint) == (
        Reason.EXTRA_MISSING,
        "Install it: pip install 'triton-reconcile[azure]'",
    )
    assert web.headers == []
