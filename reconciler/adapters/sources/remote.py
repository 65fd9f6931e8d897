"""Any scheme that fsspec knows, and memory://: listed with whatever tells a change, streamed in blocks."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fsspec

from reconciler.adapters.sources import faults
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.local import BLOCK
from reconciler.adapters.sources.shown import shown
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.locations import is_chained

_FINGERPRINTS = (
    *("ETag", "etag", "md5Hash", "content_md5", "blob_id", "sha256", "generation"),
    *("modify", "mtime", "last_modified", "LastModified", "modificationTime"),
)
"""What stores call the thing that changes with the content, the surest first; with it goes the size."""

_PACKAGES = {
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    **dict.fromkeys(("hdfs", "arrow_hdfs"), "pyarrow"),
    "adl": "adlfs",
    "oci": "ocifs",
    "oss": "ossfs",
    "smb": "smbprotocol",
}
"""What pip calls the packages that read a scheme."""

_WRAPPERS = frozenset({"zip", "tar", "libarchive", "dir", "generic", "reference", "async_wrapper"})
"""Schemes that look into another source."""


@dataclass(frozen=True, slots=True)
class Filesystem:
    """An fsspec filesystem of our own, and whose turn it is to use it: most hold one connection."""

    system: Any
    turn: contextlib.AbstractContextManager[Any]


def filesystem(uri: str) -> Filesystem:
    """What reads this URI, without caches, for each pass reads afresh. Raises TerminalError or TransientError."""
    scheme, where = uri.partition("://")[0], shown(uri)
    if is_chained(uri):
        words = f"{where} chains several schemes with '::'"
        raise TerminalError(Reason.INVALID, words, "Name the file or prefix itself; archives are unpacked anyway.")
    if scheme in _WRAPPERS:
        words = f"{where} has the scheme {scheme!r}, which only looks into another source"
        raise TerminalError(Reason.INVALID, words, "Name that source itself; archives are unpacked anyway.")
    try:
        found = fsspec.core.url_to_fs(uri, skip_instance_cache=True, use_listings_cache=False)[0]
    except ImportError as error:
        words = f"{where} needs a package that is not installed"
        raise TerminalError(Reason.EXTRA_MISSING, words, _install(scheme, error)) from error
    except TypeError as error:
        words = f"{where} has the scheme {scheme!r}, which cannot be used here: it needs settings beside the address"
        raise TerminalError(Reason.INVALID, words, "Serve the files over https:// or s3://, say.") from error
    except ValueError as error:
        words = f"{where} has the scheme {scheme!r}, which nothing here can read"
        raise TerminalError(Reason.INVALID, words, "Check `uri` for a typing error.") from error
    except Exception as error:
        raise faults.explained(error, where) from error
    return Filesystem(found, contextlib.nullcontext() if found.async_impl else threading.Lock())


def _install(scheme: str, error: ImportError) -> str:
    """How to get what reads this scheme: for what fsspec does not know by our names, in its own words."""
    package = _PACKAGES.get(scheme)
    if package is not None:
        return f"Install it where reconcile is installed: pip install {package}"
    return f"What reads {scheme}:// says: {' '.join(str(error).split())}"


class RemoteStore:
    """A prefix or a file of any fsspec filesystem."""

    reads_locally = False

    def __init__(self, uri: str, files: Filesystem) -> None:
        self._uri = uri
        self._where = shown(uri)
        self._files = files.system
        self._turn = files.turn

    def listing(self) -> tuple[Listed, ...]:
        """Every file, unfiltered. Raises TerminalError or TransientError."""
        with faults.translated(self._where), self._turn:
            root = str(self._files._strip_protocol(self._uri))  # noqa: SLF001 - fsspec's own plug-ins call it
            info = self._files.info(root)
            if info["type"] == "file":
                return (_listed(root.rpartition("/")[2], info),)
            prefix = root.rstrip("/") + "/"
            found = self._files.find(root, detail=True).values()
            return tuple(_listed(str(each["name"]).removeprefix(prefix), each) for each in found)

    def gives_ranges(self, file: Listed) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:  # noqa: ARG002
        """The file's content. Raises TerminalError or TransientError."""
        where = f"{self._where} ({file.path})"
        with faults.translated(where), self._turn, self._files.open(file.locator, "rb", block_size=4 * BLOCK) as stream:
            expected = file.fingerprint and _fingerprint(self._files.info(file.locator))
            if expected != file.fingerprint:
                raise faults.changed(where)
            while block := stream.read(BLOCK):
                yield bytes(block)


def _listed(path: str, info: dict[str, Any]) -> Listed:
    return Listed(path=path, locator=str(info["name"]), size=info.get("size"), fingerprint=_fingerprint(info))


def _fingerprint(info: dict[str, Any]) -> str | None:
    return next((f"{info.get('size')}-{info[name]}" for name in _FINGERPRINTS if info.get(name)), None)
