"""The JSON Schema of a source, in its short and its long form."""

from typing import cast

from reconciler.core.jsonvalue import Json, JsonObject
from reconciler.core.locations import CHAIN
from reconciler.core.schemas.schema_fields import a, choice, listing, name, text

_URI = rf"^(?![A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@)(?!.*{CHAIN})[^\x00-\x1f\x7f]+$"
_GLOB = r"^(?!/)(?!(.*/)?\.\.(/.*)?$)[^\x00-\x1f\x7f\\]+$"
_URI_SAYS = "a path, or a URL such as s3://bucket/model/, without user or password, '::' or control characters"
_GLOB_SAYS = "a pattern inside the source such as '**/*.onnx', without a leading '/', '..' or '\\'"
URIS = ("s3://models/densenet/v7/", "hf://our-org/densenet@main", "https://host/model.onnx", "./files/densenet")
_DIGEST = "sha256:" + "0123456789abcdef" * 4
_GLOB_ITEM = text("A pattern on the path inside the source.", "**/*.onnx", pattern=_GLOB, says=_GLOB_SAYS)


def digest(description: str) -> JsonObject:
    """A digest as we write them."""
    says = "'sha256:' and 64 lower-case hexadecimal digits"
    return text(description, _DIGEST, pattern="^sha256:[0-9a-f]{64}$", says=says)


ASKED: dict[str, JsonObject] = {
    "uri": text(
        "Where the files are: a URL, or a path relative to the repository. A trailing slash makes no difference.",
        *URIS, pattern=_URI, maxLength=4096, says=_URI_SAYS,
    ),
    "digest": digest("The tree digest of the files. What is fetched must have it."),
    "include": listing("Only files that match one of these patterns.", ["**"], _GLOB_ITEM, minItems=1, default=["**"]),
    "exclude": listing(
        "No file that matches one of these; __pycache__, *.pyc, .git and .DS_Store never.", ["**/*.md"], _GLOB_ITEM,
        default=[],
    ),
    "unpack": choice("Whether archives (tar, tar.gz, tar.zst, zip) are unpacked.", "auto", "never", default="auto"),
}  # fmt: skip
"""The fields that decide what a source holds."""

_SOURCE: dict[str, JsonObject] = {
    **ASKED,
    "credentials": name("A credentials profile of reconciler.yaml.", "prod-s3"),
}


def source(description: str) -> JsonObject:
    """The short form (text, so `pattern` holds) or the long one (a mapping, so `properties` do)."""
    examples: list[Json] = [URIS[0], {"uri": URIS[0], "digest": _DIGEST}]
    return a(
        ["string", "object"], description, examples, pattern=_URI, maxLength=4096,
        properties=cast("JsonObject", _SOURCE),
        required=["uri"], additionalProperties=False, says=_URI_SAYS,
    )  # fmt: skip
