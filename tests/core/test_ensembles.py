"""Does an ensemble's graph fit its members, and what goes down while they change?"""

import pytest

from reconciler.core.artifact import Tree
from reconciler.core.configs import modelconfig
from reconciler.core.configs.assembly import Artifact, of_tree
from reconciler.core.configs.ensembles import misfits
from reconciler.core.configs.modelfacts import ModelConfig, facts
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.judging.jolts import jolts
from reconciler.core.observed import Active, Served, Serving, VersionState, VolumeView

STEP = (
    "step { model_name: '%s' model_version: -1 "
    "input_map { key: 'IN' value: '%s' } output_map { key: 'OUT' value: '%s' } }"
)


def member(text: str = "", *, versions: tuple[int, ...] = (1,), takes: str = "FP32 [4]", makes: str = "") -> Artifact:
    """A plain model with one input IN and one output OUT; a tensor is written `FP32 [4]`."""
    tensors = f"{tensor('input', 'IN', takes)} {tensor('output', 'OUT', makes or takes)}"
    config = modelconfig.from_pbtxt(f"name: 'm' backend: 'python' {tensors} {text}".encode())
    found = tuple(FileDigest(path=f"{number}/model.py", size=1, digest=of_bytes(text.encode())) for number in versions)
    return of_tree(Tree(files=found, config=config))


def tensor(side: str, name: str, text: str) -> str:
    kind, _, dims = text.partition(" ")
    return f"{side} {{ name: '{name}' data_type: TYPE_{kind} dims: {dims} }}"


def ensemble_tree(*steps: tuple[str, str, str], more: str = "", takes: str = "FP32 [4]", makes: str = "") -> Tree:
    scheduling = " ".join(STEP % step for step in steps)
    tensors = f"{tensor('input', 'A', takes)} {tensor('output', 'Z', makes or takes)}"
    text = f"name: 'e' platform: 'ensemble' {tensors} {more} ensemble_scheduling {{ {scheduling} }}"
    return Tree(files=(), directories=("1",), config=modelconfig.from_pbtxt(text.encode()))


def ensemble(*steps: tuple[str, str, str], more: str = "", takes: str = "FP32 [4]", makes: str = "") -> ModelConfig:
    return facts(ensemble_tree(*steps, more=more, takes=takes, makes=makes).config)


CHAIN = ensemble(("one", "A", "t"), ("two", "t", "Z"))


def test_a_graph_that_fits_has_nothing_to_say() -> None:
    assert misfits(CHAIN, {"one": member(), "two": member()}) == ()


def test_of_a_member_that_is_not_ours_nothing_is_said() -> None:
    assert misfits(CHAIN, {"one": None, "two": member()}) == ()
    assert misfits(CHAIN, {}) == ()


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        (
            member(takes="FP64 [4]"),
            member(),
            "tensor 'A': the ensemble's input is TYPE_FP32, but one's IN is TYPE_FP64",
        ),
        (
            member(makes="INT8 [4]"),
            member(),
            "tensor 't': one's OUT is TYPE_INT8, but two's IN is TYPE_FP32",
        ),
        (member(makes="FP32 [5]"), member(), "tensor 't': one's OUT has dims [5], but two's IN has [4]"),
        (member(makes="FP32 [4, 1]"), member(), "tensor 't': one's OUT has dims [4, 1], but two's IN has [4]"),
        (member(), member(makes="FP32 [9]"), "tensor 'Z': two's OUT has dims [9], but the ensemble's output has [4]"),
    ],
)
def test_both_ends_of_a_tensor_agree_in_type_and_dims(one: Artifact, two: Artifact, words: str) -> None:
    assert words in misfits(CHAIN, {"one": one, "two": two})


def test_a_variable_dim_fits_any() -> None:
    assert misfits(CHAIN, {"one": member(makes="FP32 [-1]"), "two": member(takes="FP32 [-1]", makes="FP32 [4]")}) == ()


def test_a_batch_dimension_on_one_side_only_counts_as_a_dim() -> None:
    batching = ensemble(("one", "A", "Z"), more="max_batch_size: 8")
    assert misfits(batching, {"one": member(takes="FP32 [-1, 4]")}) == ()
    assert misfits(batching, {"one": member(takes="FP32 [7, 7, 4]")}) != ()
    plain = ensemble(("one", "A", "Z"), takes="FP32 [-1, 4]")
    assert misfits(plain, {"one": member("max_batch_size: 8")}) == ()


def test_a_member_that_batches_less_than_the_ensemble_does_not_fit() -> None:
    batching = ensemble(("one", "A", "Z"), more="max_batch_size: 8")
    (words,) = misfits(batching, {"one": member("max_batch_size: 4")})
    assert "max_batch_size is 8" in words
    assert misfits(batching, {"one": member("max_batch_size: 16")}) == ()


def test_a_pinned_version_must_be_served() -> None:
    pinned = ensemble_tree(("one", "A", "Z"))
    text = modelconfig.to_pbtxt(pinned.config).replace("model_version: -1", "model_version: 2")
    config = facts(modelconfig.from_pbtxt(text.encode()))
    assert misfits(config, {"one": member(versions=(1,))}) == ("version 2 of one is pinned, but it serves version 1",)
    assert misfits(config, {"one": member(versions=())}) == ("version 2 of one is pinned, but it serves version none",)
    assert misfits(config, {"one": member(versions=(1, 2))}) == ()


def test_every_tensor_of_the_graph_comes_from_somewhere_and_goes_somewhere() -> None:
    words = misfits(ensemble(("one", "nowhere", "lost")), {})
    assert words == (
        "nothing makes the tensor 'nowhere', which a step takes",
        "no step makes the ensemble's output 'Z'",
        "no step takes the ensemble's input 'A'",
        "nothing takes the tensor 'lost', which a step makes",
    )


def test_the_names_on_the_member_s_side_exist_and_all_its_inputs_get_something() -> None:
    other = of_tree(
        Tree(
            files=(FileDigest(path="1/model.py", size=1, digest=of_bytes(b"")),),
            config=modelconfig.from_pbtxt(
                f"{tensor('input', 'X', 'FP32 [4]')} {tensor('output', 'Y', 'FP32 [4]')}"
                " input { name: 'maybe' optional: true }".encode()
            ),
        )
    )
    assert misfits(ensemble(("one", "A", "Z")), {"one": other}) == (
        "one has no input 'IN'",
        "one's input 'X' gets no tensor",
        "one has no output 'OUT'",
    )


def test_a_member_whose_backend_completes_its_config_fits() -> None:
    blank = of_tree(Tree(files=(FileDigest(path="1/model.py", size=1, digest=of_bytes(b"")),), config={"name": "m"}))
    assert misfits(ensemble(("one", "A", "Z")), {"one": blank}) == ()


def serving(trees: dict[str, Tree]) -> tuple[Serving, VolumeView]:
    """A server that serves these trees, and the volume they are active on."""
    up = (VersionState(version=1, state="READY"),)
    models = {
        name: Served(versions=up, generation=tree.generation, members=facts(tree.config).members)
        for name, tree in trees.items()
    }
    entries = {name: Active(generation=tree.generation, tree=tree) for name, tree in trees.items()}
    return Serving(models=models), VolumeView(entries=entries)


def test_two_members_that_change_the_tensor_between_them_take_the_ensemble_down_until_both_have() -> None:
    old = {"one": member().tree, "two": member().tree, "e": ensemble_tree(("one", "A", "t"), ("two", "t", "Z"))}
    moving = {"one": member(makes="FP64 [4]"), "two": member(takes="FP64 [4]", makes="FP32 [4]")}
    view, volume = serving(old)
    assert misfits(facts(old["e"].config), moving) == (), "together they fit"
    assert jolts(moving, view, volume) == {"e": frozenset({"one", "two"})}


def test_a_change_that_fits_at_every_stage_takes_nothing_down() -> None:
    old = {"one": member().tree, "two": member().tree, "e": ensemble_tree(("one", "A", "t"), ("two", "t", "Z"))}
    view, volume = serving(old)
    assert jolts({"one": member("max_batch_size: 0", versions=(1, 2))}, view, volume) == {}


def test_what_is_above_an_ensemble_that_goes_down_goes_down_with_it() -> None:
    old = {
        "one": member().tree,
        "e": ensemble_tree(("one", "A", "Z")),
        "f": ensemble_tree(("e", "A", "Z")),
    }
    view, volume = serving(old)
    changed = {"one": member(takes="FP64 [4]")}
    assert jolts(changed, view, volume) == {"e": frozenset({"one"}), "f": frozenset({"one"})}


def test_an_ensemble_of_unknown_graph_only_counts_where_it_is_in_doubt() -> None:
    view, _ = serving({"one": member().tree, "e": ensemble_tree(("one", "A", "Z"))})
    changed = {"one": member(takes="FP64 [4]")}
    assert jolts(changed, view, VolumeView()) == {}
    assert jolts(changed, view, VolumeView(), doubtful=frozenset("e")) == {"e": frozenset({"one"})}
