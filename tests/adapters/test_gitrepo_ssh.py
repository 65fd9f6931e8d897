"""Git over ssh: a real sshd, real keys, a real agent; whose key is not known is not spoken to."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Pace, StatusCommit, access_from
from reconciler.adapters.gitrepo.access import Remote
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.git_remotes import bare, branch_files, keep_home_out, silence, work_tree
from tests.git_servers import Ssh, free_port, keygen, ssh_agent, ssh_server

FILES = {"models.d/a.yaml": b"a"}
CHANGE = StatusCommit(branch="status", prefix="prod", files={"a.yaml": b"ready"}, message="status", now=0)
PACE = Pace(random=lambda: 0.5, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keep_home_out(tmp_path / "home")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / "home" / ".ssh").mkdir()
    return tmp_path / "home" / ".ssh"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    work_tree(tmp_path / "tree", FILES)
    return bare(tmp_path / "served" / "config.git", tmp_path / "tree")


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Ssh]:
    with ssh_server(tmp_path / "sshd") as server:
        yield server


def refusal(url: str, access: Access) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        gitrepo.read(url, access=access)
    return caught.value


def test_a_key_file_reads_and_writes_and_a_known_host_is_enough(ssh: Ssh, served: Path, home: Path) -> None:
    (home / "known_hosts").write_text(ssh.known())
    access = access_from({"RECONCILE_GIT_SSH_KEY": str(ssh.key)})
    assert gitrepo.read(ssh.url(served), access=access).files == FILES
    gitrepo.publish(ssh.url(served), CHANGE, PACE, access=access)
    assert branch_files(served, "status") == {"prod/a.yaml": b"ready"}


def test_a_host_that_nobody_knows_is_refused_with_what_to_do(ssh: Ssh, served: Path, home: Path) -> None:
    access = Access(ssh_key=str(ssh.key))
    for content in (None, "", f"[127.0.0.1]:{ssh.port + 1} {ssh.host_key('rsa')}\n", "other.example ssh-rsa AAAA\n"):
        if content is not None:
            (home / "known_hosts").write_text(content)
        error = refusal(ssh.url(served), access)
        assert (type(error), error.reason) == (TerminalError, Reason.HOST_NOT_TRUSTED)
        assert f"[127.0.0.1]:{ssh.port} is not known" in error.message
        assert f"ssh-keyscan -p {ssh.port} 127.0.0.1" in error.hint
        assert str(home / "known_hosts") in error.hint
    assert "Accepted" not in (ssh.folder / "output").read_text()
    assert not [path for path in home.iterdir() if path.name != "known_hosts"]


@pytest.mark.parametrize("kinds", [("ed25519", "rsa"), ("rsa",)])
def test_a_changed_host_key_is_refused_loudly(
    ssh: Ssh, served: Path, home: Path, tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    (home / "known_hosts").write_text(f"# a comment\n{ssh.known('ed25519')}")
    with ssh_server(tmp_path / "other", kinds) as other:
        text = (home / "known_hosts").read_text().replace(str(ssh.port), str(other.port))
        (home / "known_hosts").write_text(text)
        error = refusal(other.url(served), Access(ssh_key=str(ssh.key)))
    assert error.reason == Reason.HOST_NOT_TRUSTED
    assert f"THE HOST KEY OF THE SSH SERVER [127.0.0.1]:{other.port} HAS CHANGED" in error.message
    assert f"{home}/known_hosts:2" in error.message


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("form", ["plain", "hashed", "pattern", "without port", "marked", "among others"])
def test_each_form_and_kind_of_known_host_is_understood(
    ssh: Ssh, served: Path, tmp_path: Path, kind: str, form: str
) -> None:
    known, key = tmp_path / "mounted", ssh.host_key(kind)
    line = {
        "pattern": f"!nobody,[127.0.*]:*,[::1]:22 {key}\n",
        "without port": f"127.0.0.1 {key}\n",
        "marked": f"@cert-authority * {key}\n@revoked other.example {key}\n{ssh.known(kind)}",
        "among others": f"github.com,gitlab.com ssh-rsa AAAA\n\n{ssh.known('rsa')}{ssh.known(kind)}",
    }.get(form, ssh.known(kind))
    known.write_text(line)
    if form == "hashed":
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
        assert known.read_text().startswith("|1|")
    access = access_from({"RECONCILE_GIT_SSH_KEY": str(ssh.key), "RECONCILE_GIT_KNOWN_HOSTS": str(known)})
    assert gitrepo.read(ssh.url(served), access=access).files == FILES


@pytest.mark.parametrize(
    "line",
    [
        "@revoked * {key}\n{known}",
        "@cert-authority * {key}\n",
        "!127.0.0.1,![127.0.0.1]:{port},* {key}\n",
        "#{known}",
        "[127.0.0.1]:{port}\n",
    ],
)
def test_a_key_that_is_revoked_excepted_or_not_there_is_not_trusted(
    ssh: Ssh, served: Path, tmp_path: Path, line: str
) -> None:
    text = line.format(key=ssh.host_key("ed25519"), known=ssh.known(), port=ssh.port)
    (tmp_path / "mounted").write_text(text)
    error = refusal(ssh.url(served), Access(ssh_key=str(ssh.key), known_hosts=str(tmp_path / "mounted")))
    assert error.reason == Reason.HOST_NOT_TRUSTED
    assert str(tmp_path / "mounted") in f"{error.message} {error.hint}"
    assert ("REVOKED" in error.message) == line.startswith("@revoked")
    assert ("append" in error.hint) != line.startswith("@revoked")


def test_a_file_of_known_hosts_that_is_named_and_not_there_is_told(ssh: Ssh, served: Path, tmp_path: Path) -> None:
    error = refusal(ssh.url(served), Access(ssh_key=str(ssh.key), known_hosts=str(tmp_path / "nowhere")))
    assert error.reason == Reason.HOST_NOT_TRUSTED
    assert "RECONCILE_GIT_KNOWN_HOSTS" in error.hint


@pytest.mark.parametrize(
    ("kind", "more"), [("ed25519", ()), ("ecdsa", ()), ("rsa", ()), ("rsa", ("-m", "PEM")), ("ecdsa", ("-m", "PEM"))]
)
def test_each_kind_of_key_without_a_passphrase_opens(
    ssh: Ssh, served: Path, tmp_path: Path, kind: str, more: tuple[str, ...]
) -> None:
    (tmp_path / "known").write_text(ssh.known())
    key = keygen(tmp_path / "key", kind, "", *more)
    (ssh.folder / "authorized").write_bytes(key.with_suffix(".pub").read_bytes())
    access = Access(ssh_key=str(key), known_hosts=str(tmp_path / "known"))
    assert gitrepo.read(ssh.url(served), access=access).files == FILES


def test_a_key_that_cannot_be_used_is_told_before_anything_is_sent(ssh: Ssh, served: Path, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(ssh.known())
    sealed = [keygen(tmp_path / "new", "ed25519", "secret"), keygen(tmp_path / "old", "rsa", "secret", "-m", "PEM")]
    (tmp_path / "text").write_text("hello")
    (tmp_path / "broken").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nhello!\n-----END OPENSSH PRIVATE KEY-----\n")
    cases = [(path, "is encrypted, and nobody is here to type its passphrase") for path in sealed]
    cases += [(tmp_path / "text", "no private ssh key"), (tmp_path / "broken", "no private ssh key")]
    for path, words in (*cases, (tmp_path / "nowhere", "No such file")):
        error = refusal(ssh.url(served), Access(ssh_key=str(path), known_hosts=str(tmp_path / "known")))
        assert (type(error), error.reason) == (TerminalError, Reason.CREDENTIALS_MISSING)
        assert words in error.message
        assert "RECONCILE_GIT_SSH_KEY" in error.hint
    unwelcome = keygen(tmp_path / "unwelcome")
    error = refusal(ssh.url(served), Access(ssh_key=str(unwelcome), known_hosts=str(tmp_path / "known")))
    assert "refuses the credentials" in error.message


def test_an_agents_keys_then_the_users_own_are_offered(
    ssh: Ssh, served: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "known_hosts").write_text(ssh.known())
    access = access_from({})
    assert "there is none" in refusal(ssh.url(served), access).message
    keygen(home / "id_rsa", "rsa", "secret")
    assert f"{home}/id_rsa: encrypted" in refusal(ssh.url(served), access).message
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nobody"))
    assert "there is none" in refusal(ssh.url(served), access).message
    with ssh_agent(tmp_path, keygen(tmp_path / "unwelcome")) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        assert "refuses the credentials" in refusal(ssh.url(served), access).message
        subprocess.run(["ssh-add", "-q", str(ssh.key)], env={**os.environ}, check=True)
        assert gitrepo.read(ssh.url(served), access=access).files == FILES
        subprocess.run(["ssh-add", "-q", "-d", str(ssh.key)], env={**os.environ}, check=True)
        (home / "id_ed25519").write_bytes(ssh.key.read_bytes())
        assert gitrepo.read(ssh.url(served), access=access).files == FILES


def test_a_repository_that_is_not_there_and_a_server_that_is_not_are_told_apart(
    ssh: Ssh, served: Path, tmp_path: Path
) -> None:
    (tmp_path / "known").write_text(ssh.known())
    access = Access(ssh_key=str(ssh.key), known_hosts=str(tmp_path / "known"))
    absent = refusal(ssh.url(served.with_name("nope.git")), access)
    assert (type(absent), absent.reason) == (TerminalError, Reason.REPOSITORY_UNREADABLE)
    with silence() as port:
        for where in (port, free_port()):
            gone = refusal(f"ssh://git@127.0.0.1:{where}/config.git", replace(access, timeout=0.5))
            assert (type(gone), gone.reason) == (TransientError, Reason.REPOSITORY_UNREACHABLE)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("ssh://git@Git.Example:2222/config", "Git.Example", 2222),
        ("ssh://[::1]:2222/config", "::1", 2222),
        ("ssh://git.example/config", "git.example", 22),
        ("git@git.example:team/config.git", "git.example", 22),
        ("git@[::1]:config.git", "::1", 22),
        ("[git.example:2222]:config.git", "git.example", 2222),
    ],
)
def test_the_host_and_port_of_an_address_are_those_that_ssh_takes(url: str, host: str, port: int) -> None:
    remote = Remote(url=url)
    assert (remote.scheme, remote.host, remote.port) == ("ssh", host, port)
