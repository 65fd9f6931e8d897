"""Git over https: a real web server before `git http-backend`, with TLS and passwords."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Pace, StatusCommit, access_from
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.certificates import authority
from tests.git_remotes import bare, branch_files, commit, git, keep_home_out, work_tree
from tests.git_servers import PASSWORD, USER, Web, free_port, web_server

FILES = {"models.d/a.yaml": b"a"}
CHANGE = StatusCommit(branch="status", prefix="prod", files={"a.yaml": b"ready"}, message="status", now=0)
PACE = Pace(random=lambda: 0.5, sleep=lambda _: None)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    work_tree(tmp_path / "tree", FILES)
    home = bare(tmp_path / "served" / "config.git", tmp_path / "tree")
    git(home, "config", "http.receivepack", "true")
    return tmp_path / "tree"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return authority(tmp_path)[0]


@pytest.fixture
def web(tmp_path: Path, tree: Path, bundle: Path) -> Iterator[Web]:
    """A server whose redirects lead to another host's name, where a password is asked for too."""
    assert tree.exists()
    away = f"https://localhost:{free_port()}/private"
    with web_server(tmp_path / "web", tmp_path / "served", chain=bundle.with_name("server.pem"), redirect=away) as web:
        yield web


@pytest.fixture
def served(web: Web, bundle: Path) -> tuple[Web, Path]:
    return web, bundle


def environment(bundle: Path | None, **more: str) -> dict[str, str]:
    named = {} if bundle is None else {"SSL_CERT_FILE": str(bundle)}
    return {**named, **more}


def token(bundle: Path | None, **more: str) -> Access:
    return access_from(environment(bundle, RECONCILE_GIT_USERNAME=USER, RECONCILE_GIT_TOKEN=PASSWORD, **more))


def refusal(url: str, access: Access) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        gitrepo.read(url, access=access)
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_an_authority_that_nobody_named_is_not_trusted_and_one_that_is_named_is(web: Web, bundle: Path) -> None:
    error = refusal(f"{web.url}/public/config.git", access_from({}))
    assert (type(error), error.reason) == (TerminalError, Reason.HOST_NOT_TRUSTED)
    assert "the certificate of 127.0.0.1" in error.message
    assert "SSL_CERT_FILE" in error.hint
    for variable in ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE"):
        assert gitrepo.read(f"{web.url}/public/config.git", access=access_from({variable: str(bundle)})).files == FILES


def test_gits_own_setting_names_an_authority_too(web: Web, bundle: Path, tmp_path: Path) -> None:
    with (tmp_path / "home" / ".gitconfig").open("a") as stream:
        stream.write(f"[http]\n\tsslCAInfo = {bundle}\n")
    assert gitrepo.read(f"{web.url}/public/config.git", access=access_from({})).files == FILES


def test_a_bundle_that_is_none_is_told_with_its_variable(web: Web, tmp_path: Path) -> None:
    (tmp_path / "garbage").write_text("hello")
    for path, words in (("garbage", "no certificates"), ("nowhere", "No such file")):
        error = refusal(f"{web.url}/public/config.git", access_from({"GIT_SSL_CAINFO": str(tmp_path / path)}))
        assert error.reason == Reason.CREDENTIALS_MISSING
        assert words in error.message
        assert "GIT_SSL_CAINFO" in error.message


def test_a_token_reads_and_writes_the_status_and_a_large_push_goes_through(web: Web, bundle: Path, tree: Path) -> None:
    url, access = f"{web.url}/private/config.git", token(bundle)
    large = StatusCommit(
        branch="status", prefix="prod", files={"a": b"".join(b"%d\n" % n for n in range(400_000))}, message="s", now=0
    )
    assert gitrepo.read(url, access=access).files == FILES
    gitrepo.publish(url, CHANGE, PACE, access=access)
    gitrepo.publish(url, large, PACE, access=access)
    home = tree.parent / "served" / "config.git"
    assert set(branch_files(home, "status")) == {"prod/a"}
    git(home, "fsck", "--strict")


def test_a_token_is_read_from_its_file_afresh_each_time(web: Web, bundle: Path, tmp_path: Path) -> None:
    url, path = f"{web.url}/private/config.git", tmp_path / "token"
    found = environment(bundle, RECONCILE_GIT_USERNAME=USER, RECONCILE_GIT_TOKEN_FILE=str(path))
    for content, words in ((None, "No such file"), ("", "is empty")):
        if content is not None:
            path.write_text(content)
        with pytest.raises(TerminalError, match=words) as caught:
            access_from(found)
        assert "RECONCILE_GIT_TOKEN_FILE" in caught.value.hint
    path.write_text("falsch\n")
    assert "refuses the credentials" in refusal(url, access_from(found)).message
    path.write_text(f"{PASSWORD}\n")
    assert gitrepo.read(url, access=access_from(found)).files == FILES


@pytest.mark.parametrize("named", [True, False])
def test_a_netrc_opens_its_host(web: Web, bundle: Path, tmp_path: Path, named: bool) -> None:
    path = tmp_path / ("logins" if named else "home/.netrc")
    path.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    path.chmod(0o600)
    access = access_from(environment(bundle, **({"NETRC": str(path)} if named else {})))
    assert gitrepo.read(f"{web.url}/private/config.git", access=access).files == FILES
    path.write_text(f"machine git.example login {USER} password {PASSWORD}\n")
    assert "there are none" in refusal(f"{web.url}/private/config.git", access).message


def test_a_netrc_that_cannot_be_read_is_told_without_its_secrets(web: Web, bundle: Path, tmp_path: Path) -> None:
    access = access_from(environment(bundle, NETRC=str(tmp_path / "logins")))
    assert "does not exist" in refusal(f"{web.url}/private/config.git", access).message
    (tmp_path / "logins").write_text(f"machine 127.0.0.1\nlogin\n {PASSWORD} {PASSWORD} {USER}\n")
    error = refusal(f"{web.url}/private/config.git", access)
    assert "not written as a netrc is" in error.message


def test_another_hosts_redirect_is_not_followed_and_gets_no_password(tmp_path: Path, tree: Path, bundle: Path) -> None:
    chain, served = bundle.with_name("server.pem"), tmp_path / "served"
    assert tree.exists()
    with web_server(tmp_path / "other", served, chain=chain) as other:
        away = other.url.replace("127.0.0.1", "localhost")
        with web_server(tmp_path / "web", served, chain=chain, redirect=f"{away}/private") as web:
            for path in ("moved", "gone"):
                error = refusal(f"{web.url}/{path}/config.git", token(bundle))
                assert error.reason == Reason.REPOSITORY_UNREADABLE
                assert "cannot redirect from '127.0.0.1' to 'localhost'" in error.message
                assert "--repo" in error.hint
        assert other.asked() == []


def test_a_redirect_on_the_same_host_is_followed(tmp_path: Path, tree: Path, bundle: Path) -> None:
    served = tmp_path / "served"
    assert tree.exists()
    with (
        web_server(tmp_path / "tls", served, chain=bundle.with_name("server.pem")) as tls,
        web_server(tmp_path / "plain", served, redirect=f"{tls.url}/private") as plain,
    ):
        assert gitrepo.read(f"{plain.url}/gone/config.git", access=token(bundle)).files == FILES


def test_nothing_is_transferred_when_the_ref_has_not_moved(tmp_path: Path, tree: Path, bundle: Path) -> None:
    access = Access(username=USER, token=PASSWORD, environment=environment(bundle), cache=str(tmp_path / "cache"))
    chain, served, port, asked = bundle.with_name("server.pem"), tmp_path / "served", free_port(), list[set[str]]()
    for number, news in enumerate([{}, {}, {"models.d/b.yaml": b"b"}]):
        if news:
            commit(tree, news)
            git(tree, "push", "--quiet", str(served / "config.git"), "main")
        with web_server(tmp_path / f"web{number}", served, chain=chain, port=port) as web:
            found = gitrepo.read(f"{web.url}/private/config.git", access=access)
        assert found.files == {**FILES, **news}
        asked.append({line for line in web.asked() if line.endswith(" 200")})
    refs, pack = "GET /private/config.git/info/refs 200", "POST /private/config.git/git-upload-pack 200"
    assert asked == [{refs, pack}, {refs}, {refs, pack}]


def test_a_fetch_brings_one_commit_of_one_ref(web: Web, bundle: Path, tree: Path, tmp_path: Path) -> None:
    for number in range(3):
        last = commit(tree, {f"models.d/{number}.yaml": b"x"})
    git(tree, "branch", "other")
    other = commit(tree, {"models.d/other.yaml": b"other"})
    git(tree, "push", "--quiet", str(tmp_path / "served" / "config.git"), f"{other}:refs/heads/other", f"{last}:main")
    access = Access(username=USER, token=PASSWORD, environment=environment(bundle), cache=str(tmp_path / "cache"))
    gitrepo.read(f"{web.url}/private/config.git", ref="main", access=access)
    assert git(tmp_path / "cache" / "repository", "rev-list", "--all") == last
    objects = git(tmp_path / "cache" / "repository", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    assert other not in objects


@pytest.mark.parametrize("single", [True, False])
def test_a_commit_by_its_id_comes_alone_where_the_server_gives_it(
    web: Web, bundle: Path, tree: Path, tmp_path: Path, single: bool
) -> None:
    home = tmp_path / "served" / "config.git"
    first, second = git(tree, "rev-parse", "HEAD"), commit(tree, {"models.d/b.yaml": b"b"})
    commit(tree, {"models.d/c.yaml": b"c"})
    git(tree, "push", "--quiet", str(home), "main")
    git(home, "config", "uploadpack.allowReachableSHA1InWant", str(single).lower())
    access = Access(username=USER, token=PASSWORD, environment=environment(bundle), cache=str(tmp_path / "cache"))
    assert gitrepo.read(f"{web.url}/private/config.git", ref=second, access=access).revision == second
    known = git(tmp_path / "cache" / "repository", "rev-list", "--all").splitlines()
    assert (first in known) is not single


class Tunnel(threading.Thread):
    """A proxy that takes CONNECT and counts whom it was asked for."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self.listener, self.asked = listener, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            self.asked.append(head.split()[1].decode())
            host, _, port = self.asked[-1].rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pass_on(client, server)


def pass_on(one: socket.socket, other: socket.socket) -> None:
    while True:
        ready, _, _ = select.select([one, other], [], [])
        for source in ready:
            content = source.recv(65536)
            if not content:
                return
            (other if source is one else one).sendall(content)


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Tunnel(listener)
        thread.start()
        yield thread
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.timeout(60)
def test_a_certificate_behind_a_proxy_is_refused_in_time(
    web: Web, tunnel: Tunnel, no_proxy: pytest.MonkeyPatch
) -> None:
    no_proxy.setenv("HTTPS_PROXY", tunnel.url)
    error = refusal(f"{web.url}/private/config.git", token(None))
    assert error.reason == Reason.HOST_NOT_TRUSTED
    assert "unable to get local issuer certificate" in error.message


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("variables", "through"),
    [
        ({"HTTPS_PROXY": "{}"}, True),
        ({"https_proxy": "{}"}, True),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "git.example,127.0.0.1"}, False),
        ({"HTTP_PROXY": "{}"}, False),
    ],
)
def test_https_goes_through_the_proxy_that_the_usual_variables_name(
    served: tuple[Web, Path], tunnel: Tunnel, no_proxy: pytest.MonkeyPatch, variables: Mapping[str, str], through: bool
) -> None:
    web, bundle = served
    for name, value in variables.items():
        no_proxy.setenv(name, value.format(tunnel.url))
    assert gitrepo.read(f"{web.url}/private/config.git", access=token(bundle)).files == FILES
    assert set(tunnel.asked) == ({web.url.removeprefix("https://")} if through else set())


def test_a_server_that_is_not_there_is_unreachable_which_nothing_else_is(web: Web, bundle: Path) -> None:
    gone = refusal(f"https://127.0.0.1:{free_port()}/private/config.git", token(bundle))
    assert (type(gone), gone.reason) == (TransientError, Reason.REPOSITORY_UNREACHABLE)
    wrong = access_from(environment(bundle, RECONCILE_GIT_TOKEN="falsch"))
    others = (
        refusal(f"{web.url}/private/config.git", wrong),
        refusal(f"{web.url}/private/nope.git", token(bundle)),
        refusal(f"{web.url}/nowhere", token(bundle)),
    )
    assert [type(error) for error in others] == [TerminalError] * 3
