"""The one seam to sources: a store lists its files and streams their bytes."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from fsspec.asyn import sync

from reconciler.adapters.sources import http, local, objects, remote
from reconciler.adapters.sources.buckets import open_bucket
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.shown import shown
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials, Source


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

        A store that does not give ranges gives the whole file only. Raises TerminalError or TransientError.
        """


class Sources:
    """Opens the stores of sources; keeps one client per kind and credentials profile until closed.

    `environment` is where a profile's `fromEnv` and AWS_ENDPOINT_URL are looked up. Safe to use from several threads.
    """

    def __init__(self, credentials: Mapping[str, Credentials], environment: Mapping[str, str]) -> None:
        self._credentials = credentials
        self._environment = environment
        self._clients: dict[tuple[str, Credentials], Any] = {}
        self._buckets: dict[tuple[str, str, Credentials], Any] = {}
        self._guard = threading.Lock()

    def store(self, source: Source) -> Store:
        """The store of a source. Raises TerminalError where it cannot be one."""
        uri = source.uri
        scheme = uri.partition("://")[0].lower() if "://" in uri else "file"
        if "::" in uri:
            words = f"{shown(uri)} chains several schemes with '::'"
            raise TerminalError(Reason.INVALID, words, "Name the file or prefix itself; archives are unpacked anyway.")
        match scheme:
            case "file" | "local":
                return local.LocalStore(uri if scheme == "file" else "file" + uri[len("local") :])
            case "s3" | "s3a":
                return self._objects("s3", source)
            case "gs" | "gcs":
                return self._objects("gs", source)
            case "az" | "abfs" | "abfss":
                return self._objects("az", source)
            case "http" | "https":
                return http.HttpStore(uri, self._client("http", source))
            case _:
                return remote.RemoteStore(uri, self._client(scheme, source))

    def identity(self, source: Source) -> tuple[str, ...]:
        """What tells two places apart: the URI, and what the credentials profile says about where that is."""
        profile = self._profile(source)
        return (source.uri, profile.endpoint_url or "", profile.profile or "", profile.from_env or "")

    def close(self) -> None:
        """Closes connections; the object can go on being used."""
        with self._guard:
            clients, self._clients = self._clients, {}
            self._buckets.clear()
        for (scheme, _), client in clients.items():
            if scheme == "http":
                client.close_session(client.loop, sync(client.loop, client.set_session))

    def _profile(self, source: Source) -> Credentials:
        if source.credentials is None:
            return Credentials()
        if source.credentials not in self._credentials:
            words = f"{shown(source.uri)} wants the credentials profile {source.credentials!r}, which does not exist"
            hint = "Add it under `credentials` in reconciler.yaml, or correct the name."
            raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint)
        return self._credentials[source.credentials]

    def _objects(self, scheme: str, source: Source) -> objects.ObjectStore:
        name, _, rest = source.uri.partition("://")[2].partition("/")
        key, _, version = rest.partition("?versionId=")
        profile = self._profile(source)
        where = f"{scheme}://{name}"
        with self._guard, translated(where):
            if (scheme, name, profile) not in self._buckets:
                self._buckets[scheme, name, profile] = open_bucket(scheme, name, profile, self._environment)
            return objects.ObjectStore(where, self._buckets[scheme, name, profile], key, version or None)

    def _client(self, scheme: str, source: Source) -> Any:
        profile = self._profile(source)
        with self._guard:
            if (scheme, profile) not in self._clients:
                where = shown(source.uri)
                client = remote.filesystem(scheme, where, self._options(scheme, profile))
                if scheme == "http":
                    with translated(where):  # now, for two threads at its first use would open two sessions
                        sync(client.loop, client.set_session)
                self._clients[scheme, profile] = client
            return self._clients[scheme, profile]

    def _options(self, scheme: str, profile: Credentials) -> dict[str, Any]:
        if scheme != "http":
            return {}
        return http.options(self._environment.get(f"{profile.from_env}HTTP_TOKEN") if profile.from_env else None)
