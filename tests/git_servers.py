"""Real servers before real git: Debian's lighttpd with TLS, passwords and `git http-backend`; Debian's sshd.

Both run as whoever runs the tests, on free ports of 127.0.0.1, and keep what they need in a folder of the test.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

USER, PASSWORD = "tess", "geheim"

_LIGHTTPD = """
server.modules = ("mod_openssl", "mod_auth", "mod_authn_file", "mod_alias", "mod_redirect", "mod_setenv", "mod_cgi",
                  "mod_accesslog")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.errorlog = "{folder}/errors"
server.pid-file = "{folder}/pid"
server.stream-response-body = 1
accesslog.filename = "{folder}/access"
accesslog.format = "%m %U %s"
{tls}
auth.backend = "plain"
auth.backend.plain.userfile = "{folder}/passwords"
$HTTP["url"] =~ "^/(private|moved)/" {{
    auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
}}
$HTTP["url"] =~ "^/(private|public)/" {{
    alias.url = ("/private" => "{backend}", "/public" => "{backend}")
    setenv.set-environment = ("GIT_PROJECT_ROOT" => "{served}", "GIT_HTTP_EXPORT_ALL" => "1",
                              "GIT_CONFIG_GLOBAL" => "/dev/null", "REMOTE_USER" => "tess")
    cgi.assign = ("" => "")
}}
$HTTP["url"] =~ "^/(moved|gone)/" {{
    url.redirect = ("^/(moved|gone)/(.*)$" => "{redirect}/$2")
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A web server: /private/ asks for a password, /public/ does not; /moved/ (asks) and /gone/ lead away."""

    url: str
    folder: Path

    def asked(self) -> list[str]:
        """Method, path and status of every request, once the server has stopped: it writes its log in blocks."""
        return (self.folder / "access").read_text().splitlines()


@contextlib.contextmanager
def web_server(
    folder: Path, served: Path, *, chain: Path | None = None, redirect: str = "", port: int | None = None
) -> Iterator[Web]:
    """Lighttpd before the repositories in a folder; `chain` is its key and certificate, none for plain http."""
    folder.mkdir()
    (folder / "passwords").write_text(f"{USER}:{PASSWORD}\n")
    port = port or free_port()
    tls = f'ssl.engine = "enable"\nssl.pemfile = "{chain}"\n' if chain else ""
    backend = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    config = _LIGHTTPD.format(
        port=port, folder=folder, served=served, backend=f"{backend}/git-http-backend", tls=tls, redirect=redirect
    )
    (folder / "lighttpd.conf").write_text(config)
    command = [_binary("lighttpd"), "-D", "-f", str(folder / "lighttpd.conf")]
    with _running(command, port, folder / "output", signal.SIGINT):  # it ends once its answers are complete
        yield Web(url=f"{'https' if chain else 'http'}://127.0.0.1:{port}", folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh:
    """An sshd: `keys` are its host keys by type, `key` is the private key that it lets in."""

    port: int
    folder: Path

    @property
    def key(self) -> Path:
        """The private key that may come in."""
        return self.folder / "client"

    def url(self, path: Path) -> str:
        """The URL of a repository on this machine."""
        return f"ssh://{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}{path}"

    def host_key(self, kind: str) -> str:
        """A public host key as known_hosts has it: type and base64."""
        return " ".join((self.folder / f"host_{kind}.pub").read_text().split()[:2])

    def known(self, kind: str = "ed25519") -> str:
        """The line of known_hosts for one of its keys."""
        return f"[127.0.0.1]:{self.port} {self.host_key(kind)}\n"


@contextlib.contextmanager
def ssh_server(
    folder: Path, kinds: tuple[str, ...] = ("ed25519", "ecdsa", "rsa"), port: int | None = None
) -> Iterator[Ssh]:
    """Sshd with these host keys; whoever has the key comes in as who runs the tests."""
    folder.mkdir(exist_ok=True)
    for kind in kinds:
        keygen(folder / f"host_{kind}", kind)
    if not (folder / "client").exists():
        keygen(folder / "client", "ed25519")
    (folder / "authorized").write_bytes((folder / "client.pub").read_bytes())
    port = port or free_port()
    lines = [f"HostKey {folder}/host_{kind}" for kind in kinds]
    lines += [f"AuthorizedKeysFile {folder}/authorized", "PasswordAuthentication no", "StrictModes no", "UsePAM no"]
    lines += ["PermitRootLogin prohibit-password", f"PidFile {folder}/pid", "PubkeyAuthentication yes"]
    lines += ["ListenAddress 127.0.0.1", f"Port {port}"]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # root's sshd wants it, and only systemd makes it
    command = [_binary("sshd"), "-D", "-e", "-f", str(folder / "sshd_config")]
    with _running(command, port, folder / "output"):
        yield Ssh(port=port, folder=folder)


@contextlib.contextmanager
def ssh_agent(folder: Path, *keys: Path) -> Iterator[str]:
    """An agent that has these keys; gives the path of its socket."""
    path = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if path.exists():
                break
            time.sleep(0.02)
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        for key in keys:
            subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True)
        yield str(path)
    finally:
        process.terminate()
        process.wait(timeout=10)


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "", *more: str) -> Path:
    """A new key pair."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path), *more]
    subprocess.run(command, check=True)
    return path


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        words = f"{name} is not installed: apt-get install lighttpd lighttpd-mod-openssl openssh-server"
        assert not os.environ.get("CI"), words
        pytest.skip(words)
    return path


@contextlib.contextmanager
def _running(command: list[str], port: int, output: Path, end: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        for _ in range(500):
            assert process.poll() is None, output.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(end)
        process.wait(timeout=10)
