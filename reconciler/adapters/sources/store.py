"""The one seam to sources: a store lists its files and streams their bytes."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from reconciler.adapters import trust
from reconciler.adapters.sources import addresses, direct, http, hub, local, named, objects, proxies, remote, web
from reconciler.adapters.sources.buckets import open_bucket
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.shown import shown
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials, Source

_BUCKETS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}


class Store(Protocol):
    """Where a source's files come from; `reads_locally`: reading them costs no network."""

    @property
    def reads_locally(self) -> bool:
        """Whether it is cheaper to read a file than to wonder."""

    def listing(self) -> tuple[Listed, ...]:
        """Every file, unfiltered and unchecked. Raises TerminalError or TransientError."""

    def gives_ranges(self, file: Listed) -> bool:
        """Whether `blocks` can give a part of this file at the cost of that part."""

    def blocks(self, file: Listed, first: int = 0, past: int | None = None) -> Iterator[bytes]:
        """The file's bytes from `first` to before `past`, all of them or an error.

        A block may be in the place of the one before: it counts until the next is asked for.
        A store that does not give ranges gives the whole file only. Raises TerminalError or TransientError.
        """


class Sources:
    """Opens the stores of sources; keeps one client per kind and credentials profile until closed.

    `environment` is where a profile's `fromEnv` and AWS_ENDPOINT_URL are looked up. Safe to use from several threads.
    """

    def __init__(self, credentials: Mapping[str, Credentials], environment: Mapping[str, str]) -> None:
        self._credentials = credentials
        self._environment = environment
        self._sessions: dict[str | None, requests.Session] = {}
        self._systems: dict[tuple[str, str], Any] = {}
        self._buckets: dict[tuple[str, str, Credentials], tuple[Any, direct.Direct | None]] = {}
        self._guard = threading.Lock()

    def store(self, source: Source) -> Store:
        """The store of a source. Raises TerminalError where it cannot be one."""
        uri = source.uri
        scheme = uri.partition("://")[0].lower() if "://" in uri else "file"
        match scheme:
            case "file" | "local":
                return local.LocalStore(uri if scheme == "file" else "file" + uri[len("local") :])
            case _ if scheme in _BUCKETS:
                return self._objects(_BUCKETS[scheme], source)
            case "http" | "https":
                return http.HttpStore(uri, self._reader(self._token(self._profile(source), "HTTP_TOKEN")))
            case "hf":
                return self._hub(source)
            case _:
                addresses.refuse(uri, shown(uri), by_name=True)
                return remote.RemoteStore(uri, self._files(uri))

    def identity(self, source: Source) -> tuple[str, ...]:
        """What tells two places apart: the URI, and what the credentials profile says about where that is."""
        profile = self._profile(source)
        return (source.uri, profile.endpoint_url or "", profile.profile or "", profile.from_env or "")

    def close(self) -> None:
        """Closes connections; the object can go on being used."""
        with self._guard:
            sessions, self._sessions = self._sessions, {}
            buckets, self._buckets = self._buckets, {}
            self._systems.clear()
        for session in sessions.values():
            session.close()
        for _, straight in buckets.values():
            if straight is not None:
                straight.close()

    def _profile(self, source: Source) -> Credentials:
        if source.credentials is None:
            return Credentials()
        if source.credentials not in self._credentials:
            words = f"{shown(source.uri)} wants the credentials profile {source.credentials!r}, which does not exist"
            hint = "Add it under `credentials` in reconciler.yaml, or correct the name."
            raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint)
        profile = self._credentials[source.credentials]
        addresses.refuse(profile.endpoint_url or "", shown(profile.endpoint_url or ""), by_name=True)
        return profile

    def _objects(self, scheme: str, source: Source) -> objects.ObjectStore:
        place, key, version = objects.named(scheme, source.uri)
        profile = self._profile(source)
        with self._guard:
            if (scheme, place, profile) not in self._buckets:
                self._buckets[scheme, place, profile] = open_bucket(scheme, place, profile, self._environment)
            bucket, straight = self._buckets[scheme, place, profile]
        where = f"{scheme}://{place.partition('@')[0]}"
        return objects.ObjectStore(objects.Opened(where, bucket, straight), key, version)

    def _hub(self, source: Source) -> hub.HubStore:
        profile, where = self._profile(source), shown(source.uri)
        proxies.check_all(where, "socksio", "socks")
        hub.prepare(trust.bundle(self._environment), where)
        token = self._token(profile, "HF_TOKEN") or hub.own_token(where)
        place = hub.Place(endpoint=profile.endpoint_url or self._environment.get("HF_ENDPOINT"), token=token)
        return hub.HubStore(source.uri, place, self._reader(token))

    def _token(self, profile: Credentials, variable: str) -> str | None:
        """What a profile's `fromEnv` names. Raises TerminalError(CREDENTIALS_MISSING)."""
        if profile.from_env is None:
            return None
        return named.found({"token": (variable,)}, profile, self._environment)[
            "token"
        ].strip()  # files end in a line break

    def _reader(self, token: str | None) -> web.Reader:
        with self._guard:
            if token not in self._sessions:
                self._sessions[token] = web.session(token, trust.bundle(self._environment))
            return web.Reader(self._sessions[token])

    def _files(self, uri: str) -> Any:
        place = uri.partition("://")[0], urlsplit(uri).netloc
        with self._guard:
            if place not in self._systems:
                self._systems[place] = remote.filesystem(uri)
            return self._systems[place]
