"""Where sources may not lead: a cloud's own addresses, by whatever name or way, and from https:// to http://."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.adapters.sources import Sources
from reconciler.core.errors import Reason, ReconcileError, TerminalError
from reconciler.core.spec import Credentials, Source
from tests.certificates import authority
from tests.web import Page, Web, web_server

METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/role"


def look(uri: str, profile: Credentials | None = None, environment: dict[str, str] | None = None) -> None:
    """Lists the source, as every plan does."""
    sources = Sources({"p": profile} if profile else {}, environment or {})
    try:
        sources.store(Source(uri=uri, credentials="p" if profile else None)).listing()
    finally:
        sources.close()


def refused(uri: str, profile: Credentials | None = None, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(TerminalError) as raised:
        look(uri, profile, environment)
    assert raised.value.reason is Reason.SOURCE_NOT_ALLOWED
    return raised.value.message


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254:80",
        "169.254.169.254.",
        "169.254.170.2",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[fe80::a9fe:a9fe]",
        "100.100.100.200",
        "168.63.129.16",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cloud_s_own_addresses_are_asked_for_nothing_however_they_are_written(scheme: str, host: str) -> None:
    assert "where a cloud keeps what is this machine's own" in refused(f"{scheme}://{host}/latest/meta-data")


def test_a_redirect_to_a_cloud_s_own_address_is_not_followed(web: Web) -> None:
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": METADATA})
    assert "http://169.254.169.254/" in refused(f"{web.url}/m.onnx")


def test_no_proxy_is_asked_to_go_there_for_us(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", web.url)
    monkeypatch.setenv("http_proxy", web.url)
    refused(METADATA)
    assert web.requests == []


@pytest.mark.parametrize("uri", ["s3://latest/meta-data/role", "gs://latest/meta-data", "hf://org/model"])
def test_no_endpoint_of_a_profile_leads_there(uri: str) -> None:
    anonymous = {"AWS_SKIP_SIGNATURE": "true", "AWS_REGION": "x", "GOOGLE_SKIP_SIGNATURE": "true"}
    refused(uri, Credentials(endpoint_url="http://169.254.169.254"), anonymous)


@pytest.mark.parametrize("uri", ["webhdfs://169.254.169.254:80/x", "ftp://2852039166/x", "jupyter://169.254.169.254/x"])
def test_no_other_scheme_leads_there(uri: str) -> None:
    refused(uri)


CHILD = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from reconciler.adapters.sources import Sources
from reconciler.core.errors import TerminalError
from reconciler.core.spec import Source

class Metadata(BaseHTTPRequestHandler):
    def do_GET(self):
        print("told its secret to", self.path, flush=True)
    do_HEAD = do_GET

server = HTTPServer(("169.254.169.254", 80), Metadata)
threading.Thread(target=server.serve_forever, daemon=True).start()
for uri in ("http://models.example/a", "http://models.example:80/b"):
    try:
        Sources({}, {}).store(Source(uri=uri)).listing()
    except TerminalError as error:
        print(error.reason.value, error.message, flush=True)
server.shutdown()
"""
ALONE = """
ip link set lo up && ip address add 169.254.169.254/32 dev lo && mount --bind "$1" /etc/hosts && exec "$2" -c "$3"
"""
TOLD = (
    "SourceNotAllowed models.example leads to 169.254.169.254, where a cloud keeps what is this machine's own: "
    "no model comes from there"
)


def _own_network() -> bool:
    command = ["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"]
    return bool(shutil.which("unshare") and shutil.which("ip")) and not subprocess.run(command, check=False).returncode


@pytest.mark.skipif(not _own_network(), reason="needs the right to make a network of its own")
def test_a_name_that_stands_for_such_an_address_is_found_out_once_connected_and_asked_for_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n169.254.169.254 models.example\n")
    inside = ["unshare", "--net", "--mount", "sh", "-c", ALONE, "sh", str(tmp_path / "hosts"), sys.executable, CHILD]
    done = subprocess.run(inside, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [TOLD, TOLD], done.stdout + done.stderr


def test_a_redirect_from_https_to_http_is_not_followed(web: Web, tmp_path: Path) -> None:
    web.put("/plain", b"abc", ETag='"1"')
    bundle, context = authority(tmp_path)
    with web_server(context) as sealed:
        sealed.pages["/m.onnx"] = Page(status=302, headers={"Location": f"{web.url}/plain?signature=abc"})
        said = refused(f"{sealed.url}/m.onnx", environment={"SSL_CERT_FILE": str(bundle)})
        sealed.pages["/m.onnx"] = Page(status=302, headers={"Location": f"{sealed.url}/real"})
        sealed.put("/real", b"abc", ETag='"1"')
        look(f"{sealed.url}/m.onnx", environment={"SSL_CERT_FILE": str(bundle)})
    assert said.endswith(f"redirects to {web.url}/plain?…, which is not encrypted")
    assert web.requests == []


@pytest.mark.parametrize("there", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_what_is_no_web_address_is_not_followed(web: Web, there: str) -> None:
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": there})
    with pytest.raises(ReconcileError, match=r"m\.onnx"):
        look(f"{web.url}/m.onnx")
