"""URLs as people may see them: no userinfo, no query, no fragment, for signed URLs are secrets too."""

from urllib.parse import urlsplit

_HIDDEN = "…"


def shown(uri: str) -> str:
    """The URI without anything that may be a secret."""
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition("://")[0] + "://" + _HIDDEN
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" + (f"?{_HIDDEN}" if parts.query else "")
