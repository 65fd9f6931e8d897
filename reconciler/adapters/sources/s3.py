"""s3:// through s3fs: '/'-bounded prefixes, ETags as fingerprints, one streamed GET per object.

The API is called as it is (list_objects_v2, get_object) because s3fs's own listing rewrites names, and its own
files hold whole ranges in memory and ask twice.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fsspec.asyn import sync

from reconciler.adapters.sources import faults
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.listing import Listed
from reconciler.adapters.sources.local import BLOCK
from reconciler.adapters.sources.shown import shown
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

CONNECT, STALL = 10.0, 30.0
"""Seconds without a connection, and without a byte."""


def options(credentials: Credentials, environment: Mapping[str, str]) -> dict[str, Any]:
    """s3fs's options.

    With `fromEnv: PREFIX_` these are read: PREFIX_AWS_ACCESS_KEY_ID, PREFIX_AWS_SECRET_ACCESS_KEY,
    PREFIX_AWS_SESSION_TOKEN, PREFIX_AWS_REGION, PREFIX_AWS_ENDPOINT_URL. Raises TerminalError(CREDENTIALS_MISSING).
    """
    prefix = credentials.from_env or ""
    found = {name: environment.get(prefix + name) for name in ("AWS_ENDPOINT_URL", "AWS_REGION")}
    endpoint = credentials.endpoint_url or found["AWS_ENDPOINT_URL"] or environment.get("AWS_ENDPOINT_URL")
    region = {"region_name": found["AWS_REGION"]} if found["AWS_REGION"] else {}
    return {
        "endpoint_url": endpoint,
        "profile": credentials.profile,
        "client_kwargs": region,
        "config_kwargs": {"connect_timeout": CONNECT, "read_timeout": STALL, "retries": {"max_attempts": 2}},
        **(_keys(credentials.from_env, environment) if credentials.from_env else {}),
    }


def _keys(prefix: str, environment: Mapping[str, str]) -> dict[str, str]:
    names = {"key": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY", "token": "AWS_SESSION_TOKEN"}
    found = {option: environment[prefix + name] for option, name in names.items() if environment.get(prefix + name)}
    missing = [prefix + names[option] for option in ("key", "secret") if option not in found]
    if missing:
        words = f"the environment has no {' and no '.join(missing)}"
        hint = f"Set them: a credentials profile of reconciler.yaml says `fromEnv: {prefix}`."
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, hint)
    return found


class S3Store:
    """A key, or everything below a prefix; an exact key wins unless the URI ends in '/'."""

    reads_locally = False

    def __init__(self, uri: str, files: Any) -> None:
        self._where = shown(uri)
        self._bucket, _, self._key = uri.partition("://")[2].partition("/")
        self._files = files

    def listing(self) -> tuple[Listed, ...]:
        """Every object, unfiltered, without directory markers. Raises TerminalError or TransientError."""
        with translated(self._where):
            exact = self._exact() if self._key and not self._key.endswith("/") else None
            return (exact,) if exact else tuple(self._below(self._key and self._key.rstrip("/") + "/"))

    def blocks(self, file: Listed) -> Iterator[bytes]:
        """The object's content. Raises TransientError(SOURCE_CHANGED) if it is no longer what was listed."""
        where = f"s3://{self._bucket}/{file.locator}"
        condition = {"IfMatch": f'"{file.fingerprint}"'} if file.fingerprint else {}
        with translated(where):
            answer = self._files.call_s3("get_object", Bucket=self._bucket, Key=file.locator, **condition)
            body = answer["Body"]
            try:
                if file.fingerprint and (_etag(answer) or file.fingerprint) != file.fingerprint:
                    raise faults.changed(where)
                while block := sync(self._files.loop, _filled, body, timeout=2 * STALL):
                    yield block
            finally:
                self._files.loop.call_soon_threadsafe(body.close)

    def _exact(self) -> Listed | None:
        try:
            found = self._files.call_s3("head_object", Bucket=self._bucket, Key=self._key)
        except FileNotFoundError:
            return None
        name = self._key.rpartition("/")[2]
        return Listed(path=name, locator=self._key, size=found["ContentLength"], fingerprint=_etag(found))

    def _below(self, prefix: str) -> Iterator[Listed]:
        more: dict[str, str] = {}
        while True:
            page = self._files.call_s3("list_objects_v2", Bucket=self._bucket, Prefix=prefix, **more)
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/") or entry["Size"]:
                    path = entry["Key"].removeprefix(prefix)
                    yield Listed(path=path, locator=entry["Key"], size=entry["Size"], fingerprint=_etag(entry))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}


def _etag(answer: Mapping[str, Any]) -> str | None:
    """Without its quotes, which some servers leave out of listings."""
    return str(answer.get("ETag") or "").strip('"') or None


async def _filled(body: Any) -> bytes:
    """A whole block, for each trip to the event loop's thread costs; less only at the end."""
    parts: list[bytes] = []
    missing = BLOCK
    while missing and (part := await body.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
