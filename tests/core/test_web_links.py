"""Where a forge shows a commit, told by the remote's address."""

import pytest

from reconciler.core.web_links import NOWHERE, address_of, is_commit, public, web_of

ID = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/o/r.git", f"https://github.com/o/r/commit/{ID}"),
        ("https://github.com/o/r", f"https://github.com/o/r/commit/{ID}"),
        ("git@github.com:o/r.git", f"https://github.com/o/r/commit/{ID}"),
        ("ssh://git@ssh.github.com:443/o/r.git", f"https://github.com/o/r/commit/{ID}"),
        ("https://x-access-token:s3cret@GitHub.com/o/r.git?a=s3cret#s3cret", f"https://github.com/o/r/commit/{ID}"),
        ("https://org.ghe.com/o/r", f"https://org.ghe.com/o/r/commit/{ID}"),
        ("https://gitlab.com/g/sub/r.git", f"https://gitlab.com/g/sub/r/-/commit/{ID}"),
        ("ssh://git@gitlab.example:2222/g/r.git", f"https://gitlab.example/g/r/-/commit/{ID}"),
        ("http://gitlab.example:8080/g/r/", f"http://gitlab.example:8080/g/r/-/commit/{ID}"),
        ("https://codeberg.org/o/r.git", f"https://codeberg.org/o/r/commit/{ID}"),
        ("git@gitea.example:o/r", f"https://gitea.example/o/r/commit/{ID}"),
        ("https://user:s3cret@bitbucket.org/o/r.git", f"https://bitbucket.org/o/r/commits/{ID}"),
        ("https://bitbucket.example/scm/PRJ/r.git", f"https://bitbucket.example/projects/PRJ/repos/r/commits/{ID}"),
        ("ssh://git@bitbucket.example:7999/~tess/r.git", f"https://bitbucket.example/users/tess/repos/r/commits/{ID}"),
    ],
)
def test_a_commit_has_a_page_where_the_forge_is_known(remote: str, url: str) -> None:
    assert web_of(remote, None).commit(ID) == url


@pytest.mark.parametrize(
    "remote",
    [
        None,
        "/srv/github.com/r.git",
        "https://git.example/o/r.git",
        "https://bitbucket.example/r.git",
        "https://bitbucket.example/a/b/c.git",
        "git://github.com/o/r.git",
        "https://github.com",
        "https://github.com:port/o/r",
        "https://github.com/o/r)(evil",
        "https://[::1/o/r",
    ],
)
def test_there_is_no_link_where_nobody_knows_the_page(remote: str | None) -> None:
    assert web_of(remote, None).commit(ID) == ""


def test_a_template_says_it_for_any_forge_and_wins() -> None:
    web = web_of("https://github.com/o/r", "https://git.example/m/commit/{revision}")
    assert web.commit(ID) == f"https://git.example/m/commit/{ID}"


@pytest.mark.parametrize("revision", ["", "c1", "sha256:" + "0" * 64, ID + "-dirty-0123", ID[:12], "{revision}"])
def test_what_is_no_commit_has_no_page(revision: str) -> None:
    assert not is_commit(revision)
    assert web_of("https://github.com/o/r", None).commit(revision) == ""
    assert NOWHERE.commit(ID) == ""


def test_an_address_in_public_has_no_secrets() -> None:
    assert public("https://user:s3cret@[2001:db8::1]:8443/o/r.git?token=s3cret") == "https://[2001:db8::1]:8443/o/r"
    assert public("git@[2001:db8::1]:o/r") == "https://[2001:db8::1]/o/r"
    assert public("/srv/models") == public(None) == ""
    address = address_of("https://github.com/o/r")
    assert address is not None
    assert address.folder("a#b/c", "prod") == "https://github.com/o/r/tree/a%23b/c/prod"
