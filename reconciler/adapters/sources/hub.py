"""hf://[datasets/|spaces/]org/repo[@revision][/path]: Hugging Face's hub.

Asked through huggingface_hub: the revision once, for its commit, so that what is listed and what is read are the same.
The files are read over http from where the hub says that they are.
"""

import functools
import importlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from reconciler.adapters.sources import faults, patience, proxies
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.web import STALL, Answer, Reader
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.locked import Pin

_PREFIXES = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which hub, None for the usual one, and with which token."""

    endpoint: str | None
    token: str | None = field(repr=False)


class HubStore:
    """A repository's files at one commit, all of them or those below a path, or one."""

    reads_locally = False

    def __init__(self, uri: str, place: Place, reader: Reader) -> None:
        hub = library(uri)
        try:
            self._repo = hub.parse_hf_uri(uri)
        except ValueError as error:
            raise _malformed(uri) from error
        if self._repo.type not in _PREFIXES:
            raise _malformed(uri)
        self._where = uri
        self._told = f"{uri} ({urlsplit(place.endpoint).netloc.rpartition('@')[2]})" if place.endpoint else uri
        self._reader = reader
        self._api = hub.HfApi(endpoint=place.endpoint, token=place.token or False)
        self._by_proxy = proxies.variable_for(self._api.endpoint) is not None
        self._named = {"repo_id": self._repo.id, "repo_type": self._repo.type}

    def listing(self) -> tuple[Listed, ...]:
        """Every file at the commit that the revision names now. Raises TerminalError or TransientError."""
        return patience.patiently(self._look)

    def _look(self) -> tuple[Listed, ...]:
        with faults.translated(self._told, by_proxy=self._by_proxy):
            commit = str(self._api.repo_info(revision=self._repo.revision, timeout=STALL, **self._named).sha)
            path = self._repo.path_in_repo.rstrip("/")
            exact = self._api.get_paths_info(paths=[path], revision=commit, **self._named) if path else []
            if path and not exact:
                raise faults.missing(self._where)
            if path and hasattr(exact[0], "size"):
                return (self._listed(path.rpartition("/")[2], exact[0], commit),)
            tree = self._api.list_repo_tree(path_in_repo=path or None, recursive=True, revision=commit, **self._named)
            skip = len(path) + 1 if path else 0
            return tuple(self._listed(each.path[skip:], each, commit) for each in tree if hasattr(each, "size"))

    def gives_ranges(self, file: Listed) -> bool:
        """Whether the place that this file is in does."""
        with faults.translated(f"{self._where} ({file.path})"):
            return self._reader.gives_range(file.locator, f"{self._where} ({file.path})", None)

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
        """The file's bytes: those of one commit, which does not change."""
        told = Answer(size=file.size, etag=None, modified=None, takes_ranges=True)
        yield from self._reader.read(file.locator, f"{self._where} ({file.path})", told, (first, past))

    def pinned(self, file: Listed) -> Listed:
        """As it was listed: with its commit."""
        return file

    def locked(self, path: str, size: int | None, pin: Pin) -> Listed | None:
        """The file as it was at the commit of the lock, without a listing; None if the lock holds none."""
        if pin.version is None:
            return None
        place = self._repo.path_in_repo.rstrip("/")
        inside = f"{place}/{path}" if place else path
        commit = pin.version
        if place.rpartition("/")[2] == path and patience.patiently(lambda: self._is_file(place, commit)):
            inside = place
        locator = self._locator(inside, commit)
        return Listed(path=path, locator=locator, size=size, fingerprint=pin.fingerprint, version=commit)

    def _is_file(self, path: str, commit: str) -> bool:
        with faults.translated(self._told, by_proxy=self._by_proxy):
            found = self._api.get_paths_info(paths=[path], revision=commit, **self._named)
            return bool(found) and hasattr(found[0], "size")

    def _listed(self, path: str, entry: Any, commit: str) -> Listed:
        fingerprint = f"sha256:{entry.lfs.sha256}" if entry.lfs else f"git:{entry.blob_id}"
        locator = self._locator(entry.path, commit)
        return Listed(path=path, locator=locator, size=entry.size, fingerprint=fingerprint, version=commit)

    def _locator(self, path: str, commit: str) -> str:
        place = f"{_PREFIXES[self._repo.type]}{self._repo.id}/resolve/{quote(commit, safe='')}/{quote(path)}"
        return f"{self._api.endpoint}/{place}"


def library(where: str) -> Any:
    """The package. Raises TerminalError(EXTRA_MISSING)."""
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        words = f"{where} needs a package that is not installed"
        hint = "Install it where reconcile is installed: pip install 'triton-reconcile[hf]'"
        raise TerminalError(Reason.EXTRA_MISSING, words, hint) from error


@functools.cache
def prepare(bundle: str | None, where: str) -> None:
    """Has huggingface_hub give up on a server that stalls, and trust the same certificates as all else here."""
    hub = library(where)
    context = ssl.create_default_context()
    if bundle is not None:
        context.load_verify_locations(cafile=bundle)
    with faults.translated(where):
        client: Callable[..., Any] = type(hub.get_session())
    hub.set_client_factory(functools.partial(client, follow_redirects=True, timeout=STALL, verify=context))


def own_token(where: str) -> str | None:
    """The token that huggingface_hub's own commands would use: HF_TOKEN, or who is logged in."""
    with faults.translated(where):
        found: str | None = library(where).get_token()
        return found


def _malformed(uri: str) -> TerminalError:
    words = f"{uri} does not name a repository of the hub"
    hint = "It is hf://org/repo, hf://org/repo@revision, or with a path behind it; datasets/ or spaces/ may go before."
    return TerminalError(Reason.INVALID, words, hint)
