"""What other systems call a framework, as Triton's backend or platform; and what files it then wants to find."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.configs.layout import DEFAULT_FILENAMES

BACKENDS: Mapping[str, str] = {
    "dali": "dali",
    "fil": "fil",
    "lightgbm": "fil",
    "onnx": "onnxruntime",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "openvino_ir": "openvino",
    "python": "python",
    "pytorch": "pytorch",
    "tensorflow": "tensorflow_savedmodel",
    "tensorrt": "tensorrt",
    "tensorrtllm": "tensorrtllm",
    "torchscript": "pytorch",
    "vllm": "vllm",
    "xgboost": "fil",
}
"""Source: the documentation of Triton's backends, KServe's and ModelMesh's runtimes, Seldon's Triton capabilities."""

_TABLE = ", ".join(sorted(BACKENDS))
_MODEL_TYPES = {"lightgbm": "lightgbm", "xgboost": "xgboost"}


def backend(words: Iterable[str], fallback: str | None) -> str | None:
    """The backend that the first known word means; else what the caller says for those that nobody knows."""
    return next((BACKENDS[word.lower()] for word in words if word.lower() in BACKENDS), fallback)


def unknown(words: str) -> str:
    """Why there is no file for a framework that Triton has no backend for."""
    said = f"no Triton backend runs {words}" if words else "no framework is named"
    return f"{said}, of those known here ({_TABLE}); --framework BACKEND says which one shall"


def hints(words: str, chosen: str) -> Iterator[str]:
    """What its files must look like, where that differs from what other servers take; and what was chosen for it."""
    if words and words.lower() not in BACKENDS:
        yield f"framework: {words}: it is {chosen} now, as the command line says"
    if chosen == "tensorflow_savedmodel":
        yield "files: Triton wants a SavedModel as <version>/model.savedmodel/saved_model.pb"
    elif chosen == "fil" and words.lower() in _MODEL_TYPES:
        kind = _MODEL_TYPES[words.lower()]
        yield f"files: Triton's fil backend wants a config.pbtxt whose parameter model_type is {kind} (or its kin)"
    elif chosen in DEFAULT_FILENAMES:
        yield f"files: Triton wants <version>/{DEFAULT_FILENAMES[chosen]}, or one file of that kind as the source"
