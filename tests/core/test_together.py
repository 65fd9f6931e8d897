"""Which loads may share a request with others: nothing to lose, nothing to add, and nothing that takes its time."""

from dataclasses import replace

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.digest import Digest, FileDigest, Generation
from reconciler.core.observed import Served, VersionState
from reconciler.core.plan import Expected, Load
from reconciler.core.planning.together import may_be_together
from reconciler.core.spec import Resources


def file(size: int) -> FileDigest:
    return FileDigest(path="1/model.onnx", size=size, digest=Digest("sha256:" + "0" * 64))


TREE = Tree(files=(file(1 << 20),), config={"name": "m"})
LOAD = Load(model="m", server="t0", tree=TREE, timeout=1, retries=0)


def served(state: str) -> Served:
    return Served(versions=(VersionState(version=1, state=state),), generation=Generation("sha256:1"))


@pytest.mark.parametrize("known", [None, served("UNAVAILABLE")])
@pytest.mark.parametrize("framework", ["onnxruntime", "ensemble"])
def test_what_is_small_and_not_up_may_go_with_others(framework: str, known: Served | None) -> None:
    assert may_be_together(LOAD, framework, known)


@pytest.mark.parametrize("state", ["READY", "LOADING", "UNLOADING"])
def test_what_is_up_or_on_its_way_goes_by_itself(state: str) -> None:
    assert not may_be_together(LOAD, "onnxruntime", served(state))


@pytest.mark.parametrize("framework", ["python", ""])
def test_what_takes_a_process_of_its_own_or_does_not_say_goes_by_itself(framework: str) -> None:
    assert not may_be_together(LOAD, framework, None)


@pytest.mark.parametrize(
    "load",
    [
        replace(LOAD, mends=1),
        replace(LOAD, resources=Resources(memory=1)),
        replace(LOAD, dependents=(Expected(model="above", generation=None),)),
        replace(LOAD, takes_down=("above",)),
        replace(LOAD, tree=replace(TREE, files=(file(1 << 30),))),
        replace(LOAD, tree=replace(TREE, variants={"configs/h100.pbtxt": {"name": "m"}})),
    ],
    ids=["mended", "with_resources", "below_what_is_up", "taking_something_down", "large", "with_variants"],
)
def test_what_the_disk_alone_does_not_tell_or_what_others_depend_on_goes_by_itself(load: Load) -> None:
    assert not may_be_together(load, "onnxruntime", None)
