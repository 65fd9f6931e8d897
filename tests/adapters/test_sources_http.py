"""http(s):// against real servers: who is told which secret, who is trusted, which way it goes, and what is a range."""

import os
import socket
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reconciler.adapters.sources import Listed, Sources
from reconciler.adapters.sources.http import HttpStore
from reconciler.adapters.sources.web import Reader, session
from reconciler.adapters.volume import delivery, part
from reconciler.core.digest import of_bytes
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from reconciler.core.spec import Credentials, Source
from tests.certificates import authority
from tests.fault_proxy import fault_proxy
from tests.volume_world import World, spec
from tests.web import Page, Web, web_server

PROFILES = {"site": Credentials(from_env="SITE_")}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test's own home, and no proxies or bundles of the machine that it runs on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc", "requests_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def other() -> Iterator[Web]:
    """A second server, which is another origin: its port differs."""
    with web_server() as server:
        yield server


def read(uri: str, environment: Mapping[str, str] | None = None, credentials: str | None = None) -> bytes:
    """The file's content, as a run gets it."""
    sources = Sources(PROFILES, environment or {})
    try:
        store = sources.store(Source(uri=uri, credentials=credentials))
        (file,) = store.listing()
        return b"".join(store.blocks(file))
    finally:
        sources.close()


def store_of(web: Web, path: str) -> HttpStore:
    return HttpStore(web.url + path, Reader(session(None, None)))


# --- who is told which secret


def test_a_token_does_not_follow_a_redirect_to_another_server(web: Web, other: Web) -> None:
    other.put("/real", b"abc", ETag='"1"')
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": f"{other.url}/real"}, authorization="Bearer t0ken")
    web.pages["/m.onnx"].status = 302
    assert read(f"{web.url}/m.onnx", {"SITE_HTTP_TOKEN": "t0ken"}, "site") == b"abc"
    assert [headers["Authorization"] for headers in web.headers] == ["Bearer t0ken"] * 2
    assert not any("Authorization" in headers for headers in other.headers)


def test_a_token_stays_with_redirects_within_its_server(web: Web) -> None:
    web.put("/real", b"abc", ETag='"1"')
    web.pages["/real"].authorization = "Bearer t0ken"
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": "/real"})
    assert read(f"{web.url}/m.onnx", {"SITE_HTTP_TOKEN": "t0ken\n"}, "site") == b"abc"  # as mounted files end


def test_a_token_that_is_named_and_not_there_is_told(web: Web) -> None:
    with pytest.raises(TerminalError, match="no SITE_HTTP_TOKEN") as raised:
        read(f"{web.url}/m.onnx", {}, "site")
    assert raised.value.reason is Reason.CREDENTIALS_MISSING


@pytest.mark.parametrize("by_variable", [True, False])
def test_user_and_password_of_the_host_are_found_in_netrc(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, by_variable: bool
) -> None:
    file = tmp_path / ("elsewhere" if by_variable else ".netrc")
    file.write_text("machine 127.0.0.1 login ann password s3cret\n")
    file.chmod(0o600)
    if by_variable:
        monkeypatch.setenv("NETRC", str(file))
    web.put("/m.onnx", b"abc", ETag='"1"')
    web.pages["/m.onnx"].authorization = "Basic YW5uOnMzY3JldA=="
    assert read(f"{web.url}/m.onnx") == b"abc"


def test_netrc_does_not_replace_a_token(web: Web, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    web.put("/m.onnx", b"abc", ETag='"1"')
    web.pages["/m.onnx"].authorization = "Bearer t0ken"
    assert read(f"{web.url}/m.onnx", {"SITE_HTTP_TOKEN": "t0ken"}, "site") == b"abc"


# --- who is trusted


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_server_is_believed_by_a_bundle_of_our_own(tmp_path: Path, variable: str) -> None:
    bundle, tls = authority(tmp_path)
    with web_server(tls) as web:
        url = web.put("/m.onnx", b"abc", ETag='"1"')
        assert read(url, {variable: str(bundle)}) == b"abc"
        with pytest.raises(TransientError, match="certificate is not trusted") as raised:
            read(url)
    assert raised.value.reason is Reason.SOURCE_UNREACHABLE


BAD_PEM = "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", [None, "", "not-a-cert", BAD_PEM])
def test_a_bundle_that_is_missing_or_rubbish_is_told_with_its_variable(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    good, _ = authority(tmp_path)
    for uri in ("https://127.0.0.1:9/m.onnx", "s3://b/m", "gs://b/m", "az://b/m", "hf://org/m"):
        for more in ({}, {"REQUESTS_CA_BUNDLE": str(good)}):
            with pytest.raises(TerminalError, match="SSL_CERT_FILE") as raised:
                read(uri, {"SSL_CERT_FILE": str(path), "AWS_SKIP_SIGNATURE": "1", **more})
            assert str(path) in str(raised.value)


# --- which way it goes


@pytest.fixture
def proxied(web: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    """A server that is the proxy for all plain http: it is asked for whole URLs."""
    monkeypatch.setenv("HTTP_PROXY", web.url)
    monkeypatch.setenv("http_proxy", web.url)
    web.pages["http://models.invalid/m.onnx"] = Page(body=b"abc", headers={"ETag": '"1"'})
    return web


def test_a_proxy_of_the_environment_is_used(proxied: Web) -> None:
    assert read("http://models.invalid/m.onnx") == b"abc"
    assert proxied.requests == ["HEAD http://models.invalid/m.onnx", "GET http://models.invalid/m.onnx"]


def test_hosts_of_no_proxy_are_asked_themselves(proxied: Web, other: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert read(other.put("/m.onnx", b"direct", ETag='"1"')) == b"direct"
    assert proxied.requests == []


BAD_PROXIES = {
    " http://proxy:1": "blank",
    "http://proxy:1\n": "blank",
    "ftp://proxy:1": "socks5://",
    "http://proxy:99999": "host or port",
    "http://proxy:port": "host or port",
    "http://": "no host",
    "http://ann:pa/55w0rd@proxy:1": "percent-encoded",
    "http://ann:1/55w0rd@proxy:1": "percent-encoded",
    "ann:pa#55w0rd@proxy:1": "percent-encoded",
}


@pytest.mark.parametrize("proxy", BAD_PROXIES)
def test_a_proxy_that_is_none_is_told_by_its_variable_and_never_its_password(
    web: Web, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    for uri in ("https://models.invalid/m.onnx", "hf://org/m"):
        with pytest.raises(TransientError, match="HTTPS_PROXY") as raised:
            read(uri)
        assert BAD_PROXIES[proxy] in raised.value.message
        told = "".join(traceback.format_exception(raised.value))
        assert "55w0rd" not in told
        assert uri in raised.value.message
    assert read(web.put("/m.onnx", b"abc")) == b"abc"  # which no proxy is for


def test_a_socks_proxy_without_what_speaks_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://ann:55w0rd@127.0.0.1:9")
    for uri, package in (("http://models.invalid/m.onnx", "PySocks"), ("hf://org/m", "socksio PySocks")):
        with pytest.raises(TransientError, match="ALL_PROXY names a SOCKS proxy") as raised:
            read(uri)
        assert f"pip install {package}" in raised.value.hint
        assert "55w0rd" not in "".join(traceback.format_exception(raised.value))


# --- what is a range


def test_a_file_is_given_in_ranges_by_its_validator(web: Web) -> None:
    for validator in ({"ETag": '"1"'}, {"Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}):
        web.pages["/m.onnx"] = Page(body=bytes(range(100)), headers=validator, ranges=True)
        store = store_of(web, "/m.onnx")
        (file,) = store.listing()
        assert store.gives_ranges(file)
        assert b"".join(store.blocks(file, 10, 20)) == bytes(range(10, 20))
        assert b"".join(store.blocks(file, 90)) == bytes(range(90, 100))
        assert web.headers[-1]["If-Range"] == next(iter(validator.values()))


@pytest.mark.parametrize(
    ("headers", "ranges"),
    [
        ({"ETag": 'W/"1"'}, True),
        ({}, True),
        ({"ETag": '"1"'}, False),
        ({"ETag": '"1"', "Accept-Ranges": "none"}, True),
        ({"ETag": '"1"', "Accept-Ranges": "bytes"}, False),
    ],
)
def test_ranges_are_not_believed_without_a_strong_validator_and_proof(
    web: Web, headers: dict[str, str], *, ranges: bool
) -> None:
    web.pages["/m.onnx"] = Page(body=b"x" * 100, headers=headers, ranges=ranges)
    store = store_of(web, "/m.onnx")
    (file,) = store.listing()
    assert not store.gives_ranges(file)
    assert b"".join(store.blocks(file)) == b"x" * 100


@pytest.mark.parametrize("tag", ['"2"', '"1"'])
def test_a_whole_file_in_answer_to_a_range_is_an_error_and_no_bytes(web: Web, tag: str) -> None:
    web.pages["/m.onnx"] = Page(body=b"old" * 100, headers={"ETag": '"1"'}, ranges=True)
    store = store_of(web, "/m.onnx")
    (file,) = store.listing()
    assert store.gives_ranges(file)
    web.pages["/m.onnx"] = Page(body=b"new" * 100, headers={"ETag": tag}, ranges=tag == '"2"')
    with pytest.raises(TransientError) as raised:
        list(store.blocks(file, 3, 6))
    assert raised.value.reason is Reason.SOURCE_CHANGED


def test_a_file_that_became_shorter_than_the_range_has_changed(web: Web) -> None:
    web.pages["/m.onnx"] = Page(body=b"x" * 100, headers={"ETag": '"1"'}, ranges=True)
    store = store_of(web, "/m.onnx")
    (file,) = store.listing()
    web.pages["/m.onnx"] = Page(status=416)
    with pytest.raises(TransientError) as raised:
        list(store.blocks(file, 50, 60))
    assert raised.value.reason is Reason.SOURCE_CHANGED


def test_a_url_that_is_signed_for_get_alone_is_listed_by_one_byte_of_it(web: Web) -> None:
    page = Page(body=b"x" * 100, headers={"ETag": '"1"'}, ranges=True)
    web.pages["/m.onnx"] = Page(status=403, on_get=page)
    store = store_of(web, "/m.onnx?signature=s3cret")
    (file,) = store.listing()
    assert (file.path, file.size, file.fingerprint) == ("m.onnx", 100, '"1"')
    assert b"".join(store.blocks(file)) == b"x" * 100


def test_a_big_file_arrives_in_ranges_and_is_resumed_where_the_network_broke(
    world: World, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 256 << 10
    monkeypatch.setattr(part, "RANGE", size)
    monkeypatch.setattr(delivery, "RANGE", size)
    monkeypatch.setattr(delivery, "_PAUSE", 0.01)
    content = os.urandom(9 * size + 5)
    web.pages["/big.bin"] = Page(body=content, headers={"ETag": '"1"'}, ranges=True)
    with fault_proxy(web.url) as proxy:
        model = spec(f"{proxy.url}/big.bin")
        proxy.allowance = len(content) // 2
        with pytest.raises(TransientError):
            world.fetch(model)
        proxy.allowance = None
        assert sum(world.fetch(model)) < len(content)
        assert [file.digest for file in world.known(model).files[None]] == [of_bytes(content)]
    assert any(headers.get("Range") == f"bytes={size}-{2 * size - 1}" for headers in web.headers)


def test_a_proxy_that_wants_a_password_is_told_as_the_proxy(proxied: Web) -> None:
    proxied.pages["http://models.invalid/m.onnx"] = Page(status=407)
    with pytest.raises(TransientError, match="the proxy of HTTP_PROXY or HTTPS_PROXY refuses us") as raised:
        read("http://models.invalid/m.onnx")
    assert raised.value.reason is Reason.CREDENTIALS_MISSING


def test_a_proxy_that_refuses_a_tunnel_is_told_as_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing_proxy() as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        for uri in ("https://models.invalid/m.onnx", "hf://org/m"):
            with pytest.raises(TransientError, match="the proxy of HTTP_PROXY or HTTPS_PROXY refuses us") as raised:
                read(uri)
            assert raised.value.reason is Reason.CREDENTIALS_MISSING
        with pytest.raises(TransientError, match=r"the proxy of .* lets nothing through"):  # obstore does not say why
            read("s3://models/m", {"AWS_SKIP_SIGNATURE": "true"})


@contextmanager
def refusing_proxy() -> Iterator[str]:
    """A proxy that opens no tunnel without a password."""

    class Answer(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for failures."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_proxy_that_does_not_run_is_told_as_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    for uri in ("http://models.invalid/m.onnx", "https://models.invalid/m.onnx", "hf://org/m"):
        with pytest.raises(TransientError, match=r"the proxy of .* lets nothing through") as raised:
            read(uri)
        assert raised.value.reason is Reason.SOURCE_UNREACHABLE


# --- looking again

BUSY = [
    (503, {"Retry-After": "1"}, 1.0),
    (429, {}, 0.5),
    (502, {}, 0.5),
]


@pytest.mark.parametrize(("status", "headers", "least"), BUSY)
def test_a_busy_server_is_looked_at_again_after_the_rest_that_it_asks_for(
    web: Web, status: int, headers: dict[str, str], least: float
) -> None:
    real = Page(body=b"abc", headers={"ETag": '"1"'})
    web.pages["/m.onnx"] = Page(status=status, headers=headers)
    web.answered = lambda _: web.pages.update({"/m.onnx": real})
    begun = time.monotonic()
    (file,) = store_of(web, "/m.onnx").listing()
    assert file.size == len(b"abc")
    assert time.monotonic() - begun >= least
    assert web.requests == ["HEAD /m.onnx"] * 2


def test_a_server_that_wants_a_longer_rest_is_left_to_the_next_pass(web: Web) -> None:
    web.pages["/m.onnx"] = Page(status=503, headers={"Retry-After": "60"})
    with pytest.raises(TransientError, match="60 seconds"):
        store_of(web, "/m.onnx").listing()
    assert web.requests == ["HEAD /m.onnx"]


def test_a_server_that_stays_busy_is_asked_three_times(web: Web) -> None:
    web.pages["/m.onnx"] = Page(status=503)
    with pytest.raises(TransientError, match="answered 503"):
        store_of(web, "/m.onnx").listing()
    assert web.requests == ["HEAD /m.onnx"] * 3


# --- what goes wrong


def test_a_web_server_that_stalls_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/m.onnx"
        store = HttpStore(url, Reader(session(None, None), stall=0.2))
        with pytest.raises(TransientError, match="no answer in time") as raised:
            list(store.blocks(Listed(path="m.onnx", locator=url, size=100, fingerprint=None)))
    assert raised.value.reason is Reason.SOURCE_UNREACHABLE


def test_a_body_that_ends_early_is_truncated_and_not_a_file(web: Web) -> None:
    web.pages["/m.onnx"] = Page(body=b"x" * 50, headers={"ETag": '"1"'}, length=100)
    with pytest.raises(TransientError, match="came truncated") as raised:
        read(f"{web.url}/m.onnx")
    assert raised.value.reason is Reason.SOURCE_UNREADABLE


def test_redirects_in_a_ring_are_told(web: Web) -> None:
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": "/m.onnx"})
    with pytest.raises(ReconcileError, match="redirects"):
        read(f"{web.url}/m.onnx")


def test_a_token_that_http_cannot_carry_is_told_in_a_sentence(web: Web) -> None:
    with pytest.raises(ReconcileError, match="only ASCII can be sent") as raised:
        read(f"{web.url}/m.onnx", {"SITE_HTTP_TOKEN": "t0k€n"}, "site")
    assert "t0k" not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "http://[::1/x", "http://127.0.0.1:99999/x"])
def test_a_redirect_to_what_is_no_address_is_told_in_a_sentence(web: Web, location: str) -> None:
    web.pages["/m.onnx"] = Page(status=302, headers={"Location": location})
    with pytest.raises(ReconcileError, match="redirects to"):
        read(f"{web.url}/m.onnx")


def test_nothing_that_is_said_of_a_failure_holds_a_secret(web: Web, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password n3trc\n")
    place = urlsplit(web.url).netloc
    web.pages["/401"], web.pages["/500"] = Page(status=401), Page(status=500)
    web.pages["/cut"] = Page(body=b"x", length=10)
    for uri in (
        *(f"http://ann:pa55@{place}/{path}" for path in ("401", "500", "cut")),
        "http://ann:pa55@127.0.0.1:9/x",
    ):
        with pytest.raises(ReconcileError) as raised:
            read(f"{uri}?sig=s1gned", {"SITE_HTTP_TOKEN": "t0ken"}, "site")
        said = f"{raised.value} {raised.value!r}"
        assert not [secret for secret in ("pa55", "s1gned", "t0ken", "n3trc") if secret in said]


@pytest.mark.parametrize(("name", "refused"), [("/m.onnx", True), ("/m.tar.gz", False)])
def test_what_is_encoded_on_its_way_is_refused_unless_the_file_itself_is(web: Web, name: str, refused: bool) -> None:
    web.pages[name] = Page(body=b"packed", headers={"Content-Encoding": "gzip"})
    store = store_of(web, name)
    (file,) = store.listing()
    if not refused:
        assert b"".join(store.blocks(file)) == b"packed"
        return
    with pytest.raises(TerminalError, match=r"sends .* encoded \('gzip'\)") as raised:
        list(store.blocks(file))
    assert raised.value.reason is Reason.SOURCE_UNREADABLE
