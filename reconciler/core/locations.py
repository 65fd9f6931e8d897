"""Where sources are, as text: relative or not, and whether one lies below another."""

import posixpath
import re
from urllib.parse import unquote

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
CHAIN = r"::(?![0-9A-Fa-f:.]*\])"
"""What fsspec chains schemes with, and no IPv6 address in brackets: a pattern."""

_CLIMBING = re.compile(r"(^|[/?#])\.{1,2}($|[/?#;])|\\")


def is_relative(uri: str) -> bool:
    """Whether it is a path that has no meaning without a folder."""
    return not uri.startswith("/") and _SCHEME.match(uri) is None


def resolved(uri: str, root: str | None) -> str:
    """A relative path made absolute below `root`; anything else, and everything without a root, as it is."""
    if root is None or not is_relative(uri):
        return uri
    return posixpath.normpath(posixpath.join(root, uri))


def is_chained(uri: str) -> bool:
    """Whether it names one source through another, as `zip://a.onnx::s3://bucket/models.zip`."""
    return re.search(CHAIN, uri) is not None


def is_below(uri: str, prefix: str) -> bool:
    """Whether the uri is the prefix or lies below it; a prefix ends at a '/'.

    False for whatever could climb out again on its way through a store: `..`, `.`, `..;`, backslashes, also where they
    are percent-encoded.
    """
    if _CLIMBING.search(_unquoted(uri)):
        return False
    bounded = _as_path(prefix).rstrip("/")
    return _as_path(uri) == bounded or _as_path(uri).startswith(bounded + "/")


def _as_path(uri: str) -> str:
    return uri.removeprefix("file://") if uri.startswith("file:///") else uri


def _unquoted(uri: str) -> str:
    while (plain := unquote(uri)) != uri:  # at most once per two characters; schemas keep a uri short
        uri = plain
    return uri
