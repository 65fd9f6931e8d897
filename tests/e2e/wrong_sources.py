"""Wrong sources of every kind: what a source may become, why it does not work, and what is advised."""

import contextlib
import gzip
import io
import os
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.web import Page, Web

ZEROS = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What `source` becomes, why the plan or the run says that does not work, and what it advises."""

    source: str
    reason: str
    words: tuple[str, ...]
    passing: bool = False


def tar_of(name: str, **more: Any) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 0 if more else 1
        for field, value in more.items():
            setattr(entry, field, value)
        archive.addfile(entry, io.BytesIO(b"x"))
    return packed.getvalue()


@contextlib.contextmanager
def tls_server(folder: Path) -> Iterator[int]:
    """A web server with a certificate that nobody trusts; its port."""
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Handshakes are meant to fail."""

    with Server(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def local_cases(folder: Path) -> dict[str, Case]:
    """Wrong things on this machine."""
    for name in ("void", "filtered", "links", "ring", "special", "names", "both"):
        (folder / name).mkdir(parents=True)
    (folder / "filtered" / "notes.md").write_text("x")
    (folder / "links" / "secret").symlink_to("/etc/hostname")
    (folder / "ring" / "self").symlink_to(".")
    os.mkfifo(folder / "special" / "pipe")
    (folder / "names" / "a\nb").write_text("x")
    (folder / "both" / "Model.onnx").write_text("x")
    (folder / "both" / "model.onnx").write_text("x")
    check = "check `uri`"
    return {
        "missing": Case(
            source=f"{folder}/nowhere", reason="SourceNotFound", words=(f"{folder}/nowhere does not exist", check)
        ),
        "empty": Case(source=f"{folder}/void", reason="SourceEmpty", words=(f"{folder}/void is empty", check)),
        "filtered": Case(
            source=f"{{uri: {folder}/filtered, include: ['*.onnx']}}",
            reason="SourceEmpty",
            words=("holds 1 file, but `include` and `exclude` leave nothing", "correct the patterns"),
        ),
        "outside": Case(
            source=f"{folder}/links", reason="UnsafePath", words=("secret links out of its source", "copy the file")
        ),
        "ring": Case(
            source=f"{folder}/ring", reason="UnsafePath", words=("self links to a directory it lies in", "remove it")
        ),
        "special": Case(
            source=f"{folder}/special", reason="UnsafePath", words=("pipe is a device, a fifo", "remove it")
        ),
        "lines": Case(
            source=f"{folder}/names", reason="UnsafePath", words=("it holds a control character", "rename it")
        ),
        "case": Case(source=f"{folder}/both", reason="UnsafePath", words=("which differ only in case", "rename it")),
        "scheme": Case(
            source="gopher://host/m", reason="Invalid", words=("gopher://host/m", "which nothing here can read", check)
        ),
        "host": Case(source="file://host/m", reason="Invalid", words=("file:///path, with three slashes",)),
        "slash": Case(source="http://127.0.0.1:1/m/", reason="Invalid", words=("ends in '/'", "name one")),
    }


def web_cases(web: Web, plain: int, tls: int) -> dict[str, Case]:
    """Wrong answers of servers; `plain` is a port where nothing listens."""
    web.pages["/403.onnx"] = Page(status=403)
    web.pages["/500.onnx"] = Page(status=500)
    web.pages["/cut.onnx"] = Page(body=b"x" * 1000, length=5000, headers={"ETag": '"1"'})
    web.pages["/short.tar.gz"] = Page(body=tar_of("1/model.py")[:-9], headers={"ETag": '"1"'})
    web.pages["/junk.tar.gz"] = Page(body=b"junk" * 100, headers={"ETag": '"1"'})
    web.pages["/up.tar.gz"] = Page(body=tar_of("../../etc/cron.d/x"), headers={"ETag": '"1"'})
    web.pages["/root.tar.gz"] = Page(body=tar_of("/etc/passwd"), headers={"ETag": '"1"'})
    web.pages["/link.tar.gz"] = Page(
        body=tar_of("1/model.py", type=tarfile.SYMTYPE, linkname="/etc/passwd"), headers={"ETag": '"1"'}
    )
    web.pages["/bomb.tar.gz"] = Page(body=gzip.compress(bytes(80 << 20)), headers={"ETag": '"1"'})
    secure = web.url.replace("http", "https")
    again, anew = "the next pass", "pack it anew"
    return {
        "absent": Case(
            source=f"{web.url}/404.onnx", reason="SourceNotFound", words=(f"{web.url}/404.onnx does not exist", "check")
        ),
        "forbidden": Case(
            source=f"{web.url}/403.onnx", reason="SourceUnreadable", words=("answered 403", "give this program's user")
        ),
        "failing": Case(
            source=f"{web.url}/500.onnx", reason="SourceUnreachable", words=("answered 500", again), passing=True
        ),
        "refused": Case(
            source=f"http://127.0.0.1:{plain}/m.onnx",
            reason="SourceUnreachable",
            words=(f"127.0.0.1:{plain}/m.onnx could not be read: Connection refused", again),
            passing=True,
        ),
        "untrusted": Case(
            source=f"https://127.0.0.1:{tls}/m.onnx",
            reason="SourceUnreachable",
            words=("its certificate is not trusted (self-signed certificate): SSL_CERT_FILE", again),
            passing=True,
        ),
        "plain": Case(
            source=f"{secure}/m.onnx",
            reason="SourceUnreachable",
            words=("TLS failed (wrong version number), as where a server speaks plain http",),
            passing=True,
        ),
        "truncated": Case(
            source=f"{web.url}/cut.onnx",
            reason="SourceUnreadable",
            words=("cut.onnx came truncated", again),
            passing=True,
        ),
        "shortened": Case(source=f"{web.url}/short.tar.gz", reason="BadArchive", words=("short.tar.gz is", anew)),
        "junk": Case(source=f"{web.url}/junk.tar.gz", reason="BadArchive", words=("no archive at all", anew)),
        "climbing": Case(source=f"{web.url}/up.tar.gz", reason="BadArchive", words=("it leaves its directory", anew)),
        "absolute": Case(source=f"{web.url}/root.tar.gz", reason="BadArchive", words=("it is absolute", anew)),
        "linking": Case(source=f"{web.url}/link.tar.gz", reason="BadArchive", words=("which is a link", anew)),
        "bomb": Case(
            source=f"{web.url}/bomb.tar.gz", reason="BadArchive", words=("more than 200 times its size", anew)
        ),
    }


def digest_cases(good: Path, web: Web) -> dict[str, Case]:
    """Sources that are not what the spec pins them to."""
    fine = web.put("/fine.onnx", b"x", ETag='"1"')
    return {
        name: Case(
            source=f"{{uri: {uri}, digest: {ZEROS}}}",
            reason="DigestMismatch",
            words=(f"{uri} holds sha256:", f"but {ZEROS} is expected", "either the source was changed, or `digest`"),
        )
        for name, uri in (("digest", str(good)), ("far-digest", fine))
    }
