"""URLs as people may see them: no userinfo, no query, no fragment, for signed URLs are secrets too."""

from urllib.parse import urlsplit, urlunsplit

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
    return urlunsplit((parts.scheme, host, parts.path, _HIDDEN if parts.query else "", ""))
