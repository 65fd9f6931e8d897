"""What `reconcile gc` takes and what it leaves, and what counts as room."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.configs.assembly import of_tree
from reconciler.core.digest import Digest
from reconciler.core.judging.verdicts import Wanted
from reconciler.core.observed import Observed, VolumeView
from reconciler.core.plan import Plan, Prune
from reconciler.core.planning.garbage import garbage
from reconciler.core.settling.room import Disk
from reconciler.core.spec import Target
from tests.core.planner_cases import Case, read
from tests.property.strategies import Variant, tree_of

HALF = "0123456789abcdef" * 4


def case(folder: Path, text: str) -> Case:
    path = folder / "case.yaml"
    path.write_text(text)
    return read(path)


def swept(world: Case) -> Plan:
    return garbage(world.desired, world.observed, world.target, world.request)


def taken(world: Case) -> Prune:
    (step,) = swept(world).steps
    assert isinstance(step.action, Prune)
    assert step.after == frozenset()
    return step.action


def tree(name: str, number: int) -> Tree:
    return tree_of(Variant(name=name, number=number, data_type="TYPE_FP32"))


def test_what_nothing_refers_to_goes(tmp_path: Path) -> None:
    world = case(
        tmp_path,
        f"""
        desired: {{alpha: v2}}
        observed: {{volume: {{alpha: v2}}, servers: {{t0: {{alpha: v2}}}}, leftovers: {{alpha: v1, old: v1}},
                    half-made: [{HALF}, tmp123]}}
        """,
    )
    found = taken(world)
    assert set(found.trees) == {tree("alpha", 1).generation, tree("old", 1).generation}
    gone = tree("alpha", 1).blobs() | tree("old", 1).blobs() | {Digest(g) for g in found.trees}
    assert set(found.blobs) == (gone & world.observed.volume.blobs.keys()) - tree("alpha", 2).blobs()
    assert found.partials == (HALF, "tmp123")


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param("desired: {alpha: v1}\nobserved: {volume: {alpha: v1, old: v1}, servers: {t0: {}}}", id="active"),
        pytest.param(
            "desired: {alpha: v2}\nobserved: {volume: {alpha: v2}, servers: {t0: {alpha: v1}}}", id="served before"
        ),
        pytest.param(
            "desired: {alpha: v1}\nobserved: {servers: {t0: {}}, leftovers: {alpha: v1}}", id="wanted, not active yet"
        ),
    ],
)
def test_what_is_active_served_or_wanted_stays(tmp_path: Path, kept: str) -> None:
    assert swept(case(tmp_path, kept)).steps == ()


def test_what_is_half_here_stays_while_something_is_to_be_fetched(tmp_path: Path) -> None:
    for content in ("unknown", "v2, to be fetched"):
        text = f"""
            desired: {{alpha: "{content}"}}
            observed: {{servers: {{t0: {{}}}}, half-made: [{HALF}, tmp123]}}
            """
        assert taken(case(tmp_path, text)).partials == ("tmp123",)


def test_no_file_goes_while_it_is_not_known_what_is_wanted(tmp_path: Path) -> None:
    for content in ("rejected", "unreachable"):
        text = f"""
            desired: {{alpha: v1, beta: {content}}}
            observed: {{volume: {{alpha: v1}}, servers: {{t0: {{alpha: v1}}}}, blobs of: {{old: v1}}}}
            """
        assert swept(case(tmp_path, text)).steps == ()


def test_nothing_goes_while_a_server_cannot_be_asked_what_it_serves(tmp_path: Path) -> None:
    text = """
        desired: {alpha: v1}
        observed: {volume: {alpha: v1}, servers: {t0: unreachable}, leftovers: {old: v1}}
        """
    plan = swept(case(tmp_path, text))
    assert plan.steps == ()
    assert plan.unknown == ("t0: connection refused",)


def test_nothing_goes_while_the_repository_file_is_not_valid(tmp_path: Path) -> None:
    text = """
        broken files: [reconciler.yaml]
        desired: {alpha: v1}
        observed: {volume: {alpha: v1}, servers: {t0: {alpha: v1}}, leftovers: {old: v1}}
        """
    assert swept(case(tmp_path, text)).steps == ()


def test_what_two_models_have_in_common_takes_room_once() -> None:
    variant = Variant(name="alpha", number=1, data_type="TYPE_FP32")
    whole = tree_of(variant)
    sizes = sum({file.digest: file.size for file in whole.files}.values())
    alpha = replace(_wanted(variant), missing=frozenset(file.digest for file in whole.files))
    beta = replace(alpha, spec=replace(alpha.spec, name="beta"))
    disk = Disk(Observed(volume=VolumeView(free_bytes=sizes)), Target())
    assert disk.shortage([alpha, beta]) == ""
    disk.take([alpha])
    assert disk.shortage([beta]) == ""
    assert "0 B free" in disk.shortage([replace(beta, artifact=of_tree(tree("beta", 2)), missing=_files("beta", 2))])
    assert "free" in Disk(Observed(volume=VolumeView(free_bytes=sizes - 1)), Target()).shortage([alpha])
    assert Disk(Observed(), Target()).shortage([alpha]) == ""


def _files(name: str, number: int) -> frozenset[Digest]:
    return frozenset(file.digest for file in tree(name, number).files)


def _wanted(variant: Variant) -> Wanted:
    return Wanted(spec=variant.spec(), artifact=of_tree(tree_of(variant)))
