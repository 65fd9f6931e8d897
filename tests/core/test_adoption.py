"""How a directory in Triton's layout may have come from a source."""

import pytest

from reconciler.core.configs.layout import readings


@pytest.mark.parametrize(
    ("version", "uri", "expected"),
    [
        (None, "s3://b/m/", {"config.pbtxt": "config.pbtxt", "1/model.onnx": "1/model.onnx"}),
        (None, "s3://b/m/", {"1/model.onnx": "1/model.onnx"}),
        (None, "s3://b/m/", {"model.onnx": "1/model.onnx"}),
        (None, "s3://b/m-v7.onnx", {"m-v7.onnx": "1/model.onnx"}),
        (1, "s3://b/m/1/", {"model.onnx": "1/model.onnx"}),
        (1, "s3://b/m/", {"1/model.onnx": "1/model.onnx"}),
        (1, "s3://b/m-v7.onnx", {"m-v7.onnx": "1/model.onnx"}),
    ],
)
def test_a_directory_may_be_a_whole_source_or_what_was_laid_out_of_it(
    version: int | None, uri: str, expected: dict[str, str]
) -> None:
    assert expected in list(readings(["config.pbtxt", "1/model.onnx"], version, uri))


def test_of_several_files_none_is_the_source_by_itself() -> None:
    assert {"m.bin": "1/a"} not in list(readings(["1/a", "1/b"], None, "s3://b/m.bin"))
