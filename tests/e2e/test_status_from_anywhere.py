"""`reconcile status` from the status branch: over every way to git, with no volume, server or secret."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import reconcile
from tests.git_remotes import bare, commit, git, keep_home_out, work_tree
from tests.git_servers import ssh_server, web_server

MODEL = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {{name: one}}\nspec: {{framework: python, source: {}/}}\n"
REPOSITORY = """apiVersion: reconciler/v1
kind: Repository
spec:
  targets: {{prod: {{volume: {volume}}}, staging: {{volume: {volume}-2}}}}
  status: {{commitUrl: "https://git.example/m/commit/{{revision}}"}}
"""
TO_PROD = ("--target", "prod")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`served/home.git` after two applies to `volume`, of which the second brought another generation."""
    folder = tmp_path_factory.mktemp("anywhere")
    keep_home_out(folder / "people")
    (folder / "source" / "1").mkdir(parents=True)
    (folder / "volume").mkdir()
    settings = REPOSITORY.format(volume=folder / "volume").encode()
    work_tree(folder / "tree", {"models.d/one.yaml": MODEL.format(folder / "source").encode()})
    home = bare(folder / "served" / "home.git", folder / "tree")
    for text in ("first", "second"):
        (folder / "source" / "1" / "model.py").write_text(text)
        commit(folder / "tree", {"reconciler.yaml": settings}, text)
        git(folder / "tree", "push", "--quiet", str(home), "main")
        done = reconcile("apply", "--repo", str(home), *TO_PROD, "--server", "none")
        assert done.code == 0, done.said
    git(folder, "clone", "--quiet", "--branch", "main", str(home), "clone")
    (folder / "volume").rename(folder / "elsewhere")
    return folder


@pytest.fixture(params=["bare", "clone", "http", "ssh"])
def way(request: pytest.FixtureRequest, ground: Path, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """An address of the repository, and what opens it."""
    home = ground / "served" / "home.git"
    with contextlib.ExitStack() as stack:
        match request.param:
            case "bare":
                yield str(home), {}
            case "clone":
                yield str(ground / "clone"), {}
            case "http":
                web = stack.enter_context(web_server(tmp_path / "web", ground / "served"))
                yield f"{web.url}/public/home.git", {}
            case _:
                ssh = stack.enter_context(ssh_server(tmp_path / "ssh", ("ed25519",)))
                (tmp_path / "known").write_text(ssh.known())
                keys = {"RECONCILE_GIT_SSH_KEY": str(ssh.key), "RECONCILE_GIT_KNOWN_HOSTS": str(tmp_path / "known")}
                yield ssh.url(home), keys


def test_the_status_is_read_with_its_history_over_any_way_to_git(way: tuple[str, dict[str, str]]) -> None:
    location, environ = way
    told = reconcile("status", "--repo", location, *TO_PROD, "--observed", "status", "one", environ=environ)
    assert told.code == 0
    assert "1 of 1 model was ready on target prod when branch reconciler-status was last written." in told.out
    assert told.out.count("  Ready  ") == 2
    document = reconcile("status", "--repo", location, *TO_PROD, "-o", "json", environ=environ).document()
    (model,) = document["models"]
    assert (document["observed"], document["complete"], model["settled"]) == ("status", True, True)
    assert [episode["fate"] for episode in model["history"]] == ["Ready", "Ready"]
    assert model["history"][0]["generation"] == model["desired"] == model["on_disk"]["generation"]


def test_a_target_of_which_nothing_was_ever_written_is_unknown(ground: Path) -> None:
    home = str(ground / "served" / "home.git")
    told = reconcile("status", "--repo", home, "--target", "staging", "--observed", "status")
    assert told.code == 1
    assert "Not known: no status of target staging was ever committed to branch reconciler-status" in told.out


def test_a_model_or_target_that_is_nowhere_is_a_usage_error(ground: Path) -> None:
    home = str(ground / "served" / "home.git")
    assert reconcile("status", "--repo", home, *TO_PROD, "--observed", "status", "none-such").code == 64
    assert reconcile("status", "--repo", home, "--target", "none-such").code == 64
    assert "there are several targets" in reconcile("status", "--repo", home).err


def test_where_the_volume_is_the_status_is_live_and_knows_the_history_too(ground: Path) -> None:
    home = str(ground / "served" / "home.git")
    place = ("--volume", str(ground / "elsewhere"), "--server", "none")
    told = reconcile("status", "--repo", home, *TO_PROD, *place, "one")
    assert told.code == 0
    assert "1 of 1 model is as wanted" in told.out
    assert "The last generations of one:" in told.out
    document = reconcile("status", "--repo", home, *TO_PROD, *place, "-o", "json").document()
    assert document["observed"] == "live"
    assert len(document["models"][0]["history"]) == 2


def test_the_page_links_each_commit(ground: Path) -> None:
    home = ground / "served" / "home.git"
    page = git(home, "show", "reconciler-status:prod/README.md")
    for revision in git(home, "rev-list", "-2", "main").splitlines():
        assert f"[{revision[:12]}](https://git.example/m/commit/{revision})" in page
