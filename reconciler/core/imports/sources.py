"""What other systems write for places and amounts, as ours."""

import math
import re
from fractions import Fraction

from reconciler.core import quantities
from reconciler.core.jsonvalue import Json

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BLOB = re.compile(r"https://([^/@]+)\.blob\.core\.windows\.net/([^/?]+)/?([^?]*)")
_QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|(m))?")
SCHEMES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "http", "https", "hf", "file"})


def uri(text: Json) -> tuple[str, str]:
    """The source, or empty; and why it is none."""
    if not isinstance(text, str) or not text:
        return "", "no storageUri"
    if blob := _BLOB.match(text):
        return f"abfs://{blob[2]}@{blob[1]}.dfs.core.windows.net/{blob[3]}", ""
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() in SCHEMES:
        return text, ""
    if scheme[1] == "pvc":
        return "", "pvc:// names a claim that only a pod of Kubernetes can mount: mount it, and write the path here"
    known = ", ".join(sorted(SCHEMES))
    return "", f"{scheme[1]}:// is no scheme that is known here ({known}): write the store's own URL"


def memory(value: Json) -> tuple[str | int | None, str]:
    """An amount of bytes, None for nothing; and what is wrong with it."""
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    try:
        return (text if quantities.byte_count(text) else None), ""
    except ValueError:
        match = _QUANTITY.fullmatch(text)
    if match is None:
        return None, f"memory: {text or 'what is there'} is no amount"
    factor = Fraction(10) ** int(match[2] or 0) * (Fraction(1, 1000) if match[3] else 1)
    return math.ceil(Fraction(match[1]) * factor) or None, ""
