"""The JSON Schema of a lock: what `reconcile lock` writes beside a model's file."""

from reconciler.core.jsonvalue import JsonObject
from reconciler.core.schemas.schema_fields import a, head, keyed, mapping, name, text
from reconciler.core.schemas.schema_model import VERSION
from reconciler.core.schemas.schema_source import ASKED, URIS, digest

_EXAMPLE = "sha256:" + "0123456789abcdef" * 4
PATH_PATTERN = r"^(?!/)(?!(.*/)?\.{0,2}(/|$))[^\x00-\x1f\x7f\\]+$"
_PATH = text(
    "A path inside the source.", "1/model.onnx", pattern=PATH_PATTERN, maxLength=1024,
    says="a path inside the source, without a leading '/', '..' or '\\'",
)  # fmt: skip
_SIZE = a("integer", "Bytes.", [1234], minimum=0, says="a number of bytes")
_PIN: dict[str, JsonObject] = {
    "fingerprint": text(
        "What the source's listing said of it then, such as an ETag. While it says the same, nothing is read anew.",
        "c81e728d9d4c2f636f067f89cc14862c", minLength=1, says="text that is not empty",
    ),
    "version": text(
        "The immutable id it is asked for by: an S3 version, a generation, a commit.",
        "3HL4kqtJvjVBH40Nrjfkd", minLength=1, says="text that is not empty",
    ),
}  # fmt: skip
_FILE = mapping(
    "A file of the source.",
    {"digest": _EXAMPLE, "size": 1234},
    {"digest": digest("The digest of its content."), "size": _SIZE, **_PIN},
    required=["digest", "size"],
)
_FILE_EXAMPLE: JsonObject = {"digest": _EXAMPLE, "size": 1234}
_ARCHIVE = mapping(
    "The archive that the files are unpacked from.",
    {"path": "densenet.tar.gz", "size": 1234},
    {"path": _PATH, "size": _SIZE, **_PIN},
    required=["path"],
)
_CONFIGS = keyed(
    "The packaged config files, word for word: they decide the generation.",
    {"config.pbtxt": 'name: "densenet"\n'},
    _PATH,
    text("A file's content.", 'name: "densenet"\n'),
)
_REQUIRED: list[str] = ["digest", "exclude", "files", "include", "unpack", "uri"]
_SOURCE_EXAMPLE: JsonObject = {
    "digest": _EXAMPLE,
    "exclude": [],
    "files": {"1/model.onnx": _FILE_EXAMPLE},
    "include": ["**"],
    "unpack": "auto",
    "uri": URIS[0],
}


def _source(description: str, files: JsonObject, more: dict[str, JsonObject]) -> JsonObject:
    fields = {**ASKED, "files": files, "archive": _ARCHIVE, **more}
    return mapping(description, _SOURCE_EXAMPLE, fields, required=[*_REQUIRED])


def lock_schema(*, files_too: bool = True) -> JsonObject:
    """The schema of a lock. Without `files_too` any mapping is taken for the files, which may be very many."""
    values: JsonObject = _FILE if files_too else {}
    files = keyed("Every file by its path.", {"1/model.onnx": _FILE_EXAMPLE}, _PATH, values, minProperties=1)
    if not files_too:
        del files["propertyNames"]
    whole = _source("What the model's source holds.", files, {"configs": _CONFIGS})
    version = _source("What the source of one version holds.", files, {})
    versions = keyed(
        "What the sources of single versions hold.", {"7": _SOURCE_EXAMPLE}, VERSION, version, minProperties=1
    )
    metadata = mapping(
        "Which model this is the lock of.",
        {"name": "densenet"},
        {"name": name("The model's name: the same as the file's, without .lock.", "densenet")},
        required=["name"],
    )
    spec = mapping(
        "What the sources held when the lock was written.",
        {"source": _SOURCE_EXAMPLE},
        {"source": whole, "versions": versions},
        minProperties=1,
    )
    fields = {**head("Lock"), "metadata": metadata, "spec": spec}
    example: JsonObject = {
        "apiVersion": "reconciler/v1",
        "kind": "Lock",
        "metadata": {"name": "densenet"},
        "spec": {"source": _SOURCE_EXAMPLE},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lock",
        **mapping("Every file of one model, written by `reconcile lock`.", example, fields, required=list(fields)),
        "$defs": {},
    }
