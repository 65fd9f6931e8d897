"""From what a source holds to Triton's layout of a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.configs.layout import Layout, is_config, lay_out, top_directory
from reconciler.core.configs.modelfacts import ModelConfig, facts
from reconciler.core.content import Known
from reconciler.core.digest import FileDigest, of_bytes
from reconciler.core.spec import ModelSpec, Source

ONNX = facts({"name": "m", "backend": "onnxruntime"})
PYTHON = facts({"name": "m", "backend": "python"})
CUSTOM = facts({"name": "m", "backend": "custom"})
ENSEMBLE = facts({"name": "m", "platform": "ensemble", "ensemble_scheduling": {"step": [{"model_name": "x"}]}})


def files(*paths: str) -> tuple[FileDigest, ...]:
    return tuple(FileDigest(path=path, size=1, digest=of_bytes(path.encode())) for path in paths)


def laid_out(
    config: ModelConfig,
    whole: tuple[str, ...] | None = None,
    versions: dict[int, tuple[str, ...]] | None = None,
    uri: str = "s3://models/m/",
) -> Layout:
    """The layout of a model with these files in its source and in those of its versions."""
    found: dict[int | None, tuple[FileDigest, ...]] = {} if whole is None else {None: files(*whole)}
    found |= {number: files(*paths) for number, paths in (versions or {}).items()}
    model = ModelSpec(
        name="m",
        file="models.d/m.yaml",
        framework=config.framework,
        source=None if whole is None else Source(uri=uri),
        versions={number: Source(uri=f"s3://models/v{number}/") for number in versions or {}},
    )
    return lay_out(model, Known(files=found), config)


def paths(layout: Layout) -> list[str]:
    return [file.path for file in layout.files]


def test_a_whole_model_is_taken_as_it_is_without_its_configs() -> None:
    layout = laid_out(ONNX, ("config.pbtxt", "configs/h100.pbtxt", "1/model.onnx", "2/model.onnx", "labels.txt"))
    assert paths(layout) == ["1/model.onnx", "2/model.onnx", "labels.txt"]
    assert layout.versions() == (1, 2)
    assert layout.problems == ()


def test_one_version_becomes_version_1() -> None:
    assert paths(laid_out(ONNX, ("model.onnx", "weights/a.bin"))) == ["1/model.onnx", "1/weights/a.bin"]


def test_a_config_beside_one_version_stays_out_of_it() -> None:
    assert paths(laid_out(ONNX, ("config.pbtxt", "model.onnx"))) == ["1/model.onnx"]


def test_what_triton_looks_for_beside_the_versions_stays_beside_them() -> None:
    config = facts({"name": "m", "backend": "onnxruntime", "output": [{"name": "o", "label_filename": "labels.txt"}]})
    layout = laid_out(config, ("model.onnx", "labels.txt", "other.txt", "warmup/raw", "initial_state/zero"))
    assert paths(layout) == ["1/model.onnx", "1/other.txt", "initial_state/zero", "labels.txt", "warmup/raw"]


def test_a_single_file_gets_the_name_that_its_backend_opens() -> None:
    layout = laid_out(ONNX, ("densenet-7.onnx",), uri="s3://models/densenet-7.onnx")
    assert paths(layout) == ["1/model.onnx"]


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (ONNX, "weights.bin"),
        (CUSTOM, "densenet.onnx"),
        (facts({"name": "m", "backend": "onnxruntime", "default_model_filename": "x.onnx"}), "x.onnx"),
    ],
)
def test_a_single_file_of_another_kind_or_with_a_name_of_its_own_keeps_it(config: ModelConfig, name: str) -> None:
    assert paths(laid_out(config, (name,), uri=f"s3://models/{name}")) == [f"1/{name}"]


def test_a_single_file_below_a_prefix_keeps_its_name() -> None:
    assert paths(laid_out(ONNX, ("densenet.onnx",))) == ["1/densenet.onnx"]


def test_a_version_s_source_may_be_one_file_or_one_version_or_a_version_directory() -> None:
    layout = laid_out(PYTHON, versions={3: ("model.py",), 7: ("7/model.py", "7/lib/x.py"), 8: ("a.py", "b.py")})
    assert paths(layout) == ["3/model.py", "7/lib/x.py", "7/model.py", "8/a.py", "8/b.py"]
    assert layout.versions() == (3, 7, 8)


def test_beside_versions_the_source_holds_what_is_common_to_them() -> None:
    assert paths(laid_out(PYTHON, ("labels.txt",), {2: ("model.py",)})) == ["2/model.py", "labels.txt"]


def test_a_version_given_twice_is_a_problem() -> None:
    layout = laid_out(PYTHON, ("1/model.py",), {1: ("model.py",)})
    assert layout.problems == ("version 1 is given both by `source` and by `versions`",)


def test_a_version_s_source_with_other_versions_in_it_is_a_problem() -> None:
    (problem,) = laid_out(PYTHON, versions={7: ("6/model.py", "7/model.py")}).problems
    assert "holds the directories 6," in problem


@pytest.mark.parametrize("top", ["007", "2a", "+8", "1e3", "9" * 19, " 7", "-3", "00"])
def test_directories_that_triton_misreads_or_dies_of_are_problems(top: str) -> None:
    layout = laid_out(PYTHON, ("1/model.py", f"{top}/model.py"))
    assert layout.versions() == (1,)
    assert [problem for problem in layout.problems if repr(top) in problem]


@pytest.mark.parametrize("top", ["0", "1", "999999999999999999"])
def test_safe_version_numbers_are_none(top: str) -> None:
    layout = laid_out(PYTHON, (f"{top}/model.py",))
    assert (layout.versions(), layout.problems) == ((int(top),), ())


def test_an_ensemble_gets_the_empty_version_directory_that_no_object_store_can_hold() -> None:
    assert laid_out(ENSEMBLE).directories == ("1",)
    assert laid_out(ENSEMBLE, ("labels.txt",)).directories == ("1",)
    assert paths(laid_out(ENSEMBLE, ("labels.txt",))) == ["labels.txt"]
    assert laid_out(ENSEMBLE, ("3/.keep",)).directories == ()
    assert laid_out(ENSEMBLE, ("3/.keep",)).versions() == (3,)


@pytest.mark.parametrize(
    ("path", "top"), [("a", ""), ("a/b", "a"), ("a/b/c", "a"), ("/a", "")], ids=["root", "one", "two", "absolute"]
)
def test_the_top_directory_of_a_path_is_its_first_part(path: str, top: str) -> None:
    assert top_directory(path) == top


def test_only_the_configs_that_triton_reads_are_configs() -> None:
    assert [is_config(path) for path in ("config.pbtxt", "configs/a.pbtxt")] == [True, True]
    others = ("1/config.pbtxt", "configs/a.txt", "configs/x/a.pbtxt", "a.pbtxt")
    assert not any(is_config(path) for path in others)


segments = st.sampled_from(["1", "2", "007", "model.py", "lib", "configs", "config.pbtxt", "warmup", "x.pbtxt"])


@given(found=st.sets(st.lists(segments, min_size=1, max_size=3).map("/".join), max_size=6), ensemble=st.booleans())
def test_no_file_is_lost_or_doubled_whatever_a_source_holds(found: set[str], *, ensemble: bool) -> None:
    config = ENSEMBLE if ensemble else PYTHON
    layout = laid_out(config, tuple(sorted(found)))
    before = sorted(file.digest for file in files(*found) if not is_config(file.path))
    assert sorted(file.digest for file in layout.files) == before
    assert len(set(paths(layout))) == len(paths(layout))
    assert paths(layout) == sorted(paths(layout), key=str.encode)
