"""Several volumes in one repository, and servers that are found by name."""

from pathlib import Path

import pytest

from tests.e2e.bad_world import Ground, document, mentions
from tests.e2e.command import reconcile
from tests.git_remotes import git

pytestmark = pytest.mark.slow

REPOSITORY = """
apiVersion: reconciler/v1
kind: Repository
spec:
  targets:
    a: {{volume: {folder}/volume-a, servers: [grpc://127.0.0.1:1], selector: {{matchLabels: {{on: a}}}}}}
    b: {{volume: {folder}/volume-b, servers: [grpc://127.0.0.1:1], selector: {{matchLabels: {{on: b}}}}}}
"""


def labelled(ground: Ground, name: str, label: str) -> str:
    text = document(name, str(ground.source(name)))
    return text.replace(f"{{name: {name}}}", f"{{name: {name}, labels: {{on: {label}}}}}")


def test_each_target_has_a_volume_and_a_status_of_its_own_and_a_run_is_about_one(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    for name in ("volume-a", "volume-b"):
        (tmp_path / name).mkdir()
    yaml = REPOSITORY.format(folder=tmp_path).encode()
    ground.want({"one": labelled(ground, "one", "a"), "two": labelled(ground, "two", "b")}, {"reconciler.yaml": yaml})
    where = ("--repo", str(ground.repository), "--server", "none")
    unsaid = reconcile("apply", *where)
    assert unsaid.code == 64
    mentions(unsaid.err, "there are several targets: a, b", "--target")
    for target, model in (("a", "one"), ("b", "two")):
        plan = reconcile("plan", *where, "--target", target, "-o", "json").document()
        assert [line["name"] for line in plan["models"]] == [model]
        assert reconcile("apply", *where, "--target", target).code == 0
        assert [link.name for link in (tmp_path / f"volume-{target}" / "models").iterdir()] == [model]
    told = git(ground.repository, "ls-tree", "-r", "--name-only", "reconciler-status").split()
    assert told == ["a/@routes.json", "a/README.md", "a/one.yaml", "b/@routes.json", "b/README.md", "b/two.yaml"]


def test_a_name_that_has_no_address_is_told_and_nothing_is_touched(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path).begin()
    ground.want({"one": document("one", str(ground.source("one")))})
    assert ground.run("apply").code == 0
    ground.want({})
    before = ground.served_files()
    url = "dns+grpc://triton-headless.invalid:8001"
    apply = ground.run("apply", server=url)
    assert apply.code == 1
    mentions(apply.out, f"  - {url}: no address is known for triton-headless.invalid", "check the name")
    assert ground.served_files() == before
    wrong = ground.run("plan", server="dns+ftp://triton:8001")
    assert wrong.code == 64
    mentions(wrong.err, "not a name of Triton servers", "dns+grpc://HOST:8001")
