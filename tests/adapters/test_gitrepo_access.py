"""Getting in: tokens, refusals, silence, and secrets that stay secret."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters import gitrepo
from reconciler.adapters.gitrepo import Access, Pace, StatusCommit
from reconciler.adapters.gitrepo.access import Local, Remote, locate
from reconciler.core.errors import Reason, ReconcileError, TerminalError, TransientError
from tests.git_remotes import bare, branch_files, git, hook, http_remote, keep_home_out, silence, work_tree

FILES = {"models.d/a.yaml": b"a"}
CHANGE = StatusCommit(branch="status", prefix="prod", files={"a.yaml": b"ready"}, message="status", now=0)
PACE = Pace(random=random.SystemRandom().random, sleep=time.sleep)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path) -> None:
    keep_home_out(tmp_path / "home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    work_tree(tmp_path / "tree", FILES)
    repository = bare(tmp_path / "served" / "config.git", tmp_path / "tree")
    git(repository, "config", "http.receivepack", "true")
    return repository


@pytest.fixture
def url(home: Path) -> Iterator[str]:
    with http_remote(home.parent, "tess", "geheim") as base:
        yield f"{base}/config.git"


def refusal(url: str, access: Access) -> ReconcileError:
    with pytest.raises(ReconcileError) as caught:
        gitrepo.read(url, access=access)
    assert "geheim" not in str(caught.value)
    return caught.value


def test_a_token_opens_a_repository_for_reading_and_for_the_status(url: str, home: Path, tmp_path: Path) -> None:
    access = Access(username="tess", token="geheim", cache=str(tmp_path / "cache"))
    assert gitrepo.read(url, access=access).files == FILES
    assert gitrepo.publish(url, CHANGE, PACE, access=access) == git(home, "rev-parse", "status")
    assert branch_files(home, "status") == {"prod/a.yaml": b"ready"}
    assert gitrepo.publish(url, CHANGE, PACE, access=access) is None


def test_the_urls_own_userinfo_opens_it_too(url: str) -> None:
    assert gitrepo.read(url.replace("//", "//tess:geheim@")).files == FILES


def test_a_missing_and_a_wrong_token_are_told_apart(url: str) -> None:
    missing, wrong = refusal(url, Access()), refusal(url, Access(username="tess", token="falsch"))
    assert (type(missing), missing.reason) == (TerminalError, Reason.CREDENTIALS_MISSING)
    assert (type(wrong), wrong.reason) == (TerminalError, Reason.CREDENTIALS_MISSING)
    assert "there are none" in missing.message
    assert "refuses the credentials" in wrong.message
    assert "RECONCILE_GIT_TOKEN" in missing.hint


def test_a_repository_that_is_not_there_is_said_to_be_absent(url: str) -> None:
    error = refusal(url.replace("config", "nope"), Access(username="tess", token="geheim"))
    assert (type(error), error.reason) == (TerminalError, Reason.REPOSITORY_UNREADABLE)
    assert "there is no repository at" in error.message


def test_a_hook_refuses_over_http_as_well(url: str, home: Path) -> None:
    hook(home, "pre-receive", "echo geheim is no friday >&2; exit 1")
    with pytest.raises(TerminalError) as caught:
        gitrepo.publish(url, CHANGE, PACE, access=Access(username="tess", token="geheim"))
    assert caught.value.reason == Reason.PUSH_REFUSED
    assert "*** is no friday" in caught.value.message


def test_a_token_that_may_not_push_is_told_so(url: str, home: Path) -> None:
    git(home, "config", "http.receivepack", "false")
    with pytest.raises(TerminalError) as caught:
        gitrepo.publish(url, CHANGE, PACE, access=Access(username="tess", token="geheim"))
    assert caught.value.reason == Reason.CREDENTIALS_MISSING


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_a_server_that_never_answers_is_given_up(scheme: str) -> None:
    with silence() as port:
        before = time.monotonic()
        error = refusal(f"{scheme}://127.0.0.1:{port}/config.git", Access(timeout=0.3))
    assert type(error) is TransientError
    assert time.monotonic() - before < 5


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("/srv/config", Local(path="/srv/config")),
        (".", Local(path=".")),
        ("file:///srv/my%20config", Local(path="/srv/my config")),
        ("https://host/config.git", Remote(url="https://host/config.git")),
        ("ssh://git@host:22/config", Remote(url="ssh://git@host:22/config")),
        ("git@host:path/config.git", Remote(url="git@host:path/config.git")),
        ("dir/with:colon", Local(path="dir/with:colon")),
    ],
)
def test_a_location_is_told_from_a_path_as_git_does(location: str, found: Local | Remote) -> None:
    assert locate(location) == found


@pytest.mark.parametrize(
    "location",
    [
        "ssh://-oProxyCommand=id/x",
        "ssh://git@-oProxyCommand=id/x",
        "ssh://-oProxyCommand=id@host/x",
        "-oProxyCommand=id:x",
        "git@-oProxyCommand=id:x",
        "git://-x/y",
        "https://-x/y",
        "ssh://[-oProxyCommand=id]:22/x",
    ],
)
def test_a_host_or_user_that_could_be_an_option_is_none(location: str) -> None:
    with pytest.raises(TerminalError, match="begins with '-'") as caught:
        locate(location)
    assert caught.value.reason == Reason.REPOSITORY_UNREADABLE


@pytest.mark.parametrize("location", ["ext::sh -c 'touch {}'", "fd::17/x", "ext://sh/{}", "transport::sh {}"])
def test_no_address_is_a_command(location: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with pytest.raises((TerminalError, TransientError)):
        gitrepo.read(location.format(made), access=Access(timeout=2.0))
    assert not made.exists()


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("https://tess:ge@heim@host/config?token=x", "https://host/config"),
        ("git@host:path", "host:path"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://host:8443/a@b", "https://host:8443/a@b"),
        ("https://[::1]/a@b", "https://[::1]/a@b"),
        ("https://tess:ge'heim@host/config", "https://host/config"),
        ('https://tess:ge" heim@host/config', "https://host/config"),
        ("https://tess:ge/heim@host:1/config", "https://host:1/config"),
    ],
)
def test_a_location_is_shown_without_what_opens_it(location: str, seen: str) -> None:
    remote = Remote(url=location)
    assert remote.shown == seen
    assert "heim" not in repr(remote)


@pytest.mark.parametrize("content", [None, "", "rubbish"])
def test_certificates_that_are_none_are_told_where_a_server_is_to_be_trusted_by_them_and_only_there(
    tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/reconciler.yaml").write_text("")
    text = (
        "import os\n"
        "from reconciler.adapters import gitrepo\n"
        "from reconciler.core.errors import TerminalError\n"
        f"print(gitrepo.read({str(tmp_path / 'repo')!r}).files)\n"
        "try:\n"
        "    gitrepo.read('https://ann:pa55@127.0.0.1:9/repo', access=gitrepo.Access(environment=os.environ))\n"
        "except TerminalError as error:\n"
        "    print(error)\n"
    )
    environment = {**os.environ, "SSL_CERT_FILE": str(bundle)}
    told = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
    first, second = told.stdout.splitlines()
    assert first == "{'reconciler.yaml': b''}"
    assert "SSL_CERT_FILE" in second
    assert str(bundle) in second
    assert "pa55" not in second
