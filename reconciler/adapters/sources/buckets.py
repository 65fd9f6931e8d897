"""Opens buckets: endpoints, regions and credentials as each ecosystem's own tools find them, or by a profile."""

import datetime
from collections.abc import Mapping
from typing import Any

from obstore.store import AzureStore, GCSStore, S3Store

from reconciler.adapters import trust
from reconciler.adapters.sources import aws, azure, entra, google
from reconciler.adapters.sources.direct import Direct
from reconciler.adapters.sources.faults import translated
from reconciler.adapters.sources.straight import straight
from reconciler.core.spec import Credentials

CONNECT, STALL, NO_LIMIT = "10s", "30s", "7days"
"""Without a connection, without a byte, and for the whole: models are big."""

_TRIES = {"max_retries": 3, "retry_timeout": datetime.timedelta(minutes=2)}

Environment = Mapping[str, str]


def open_bucket(scheme: str, place: str, profile: Credentials, environment: Environment) -> tuple[Any, Direct | None]:
    """The bucket or container, and the straight way to it. Raises TerminalError for credentials that are not there."""
    with translated(f"{scheme}://{place.partition('@')[0]}"):
        return _opened(scheme, place, profile, environment)


def _opened(scheme: str, place: str, profile: Credentials, environment: Environment) -> tuple[Any, Direct | None]:
    match scheme:
        case "s3":
            opened = aws.settings(place, profile, environment)
            client = _client(opened["config"].get("endpoint"), environment, "AWS_CA_BUNDLE")
            bucket = straight(place, opened, environment)
            return S3Store(place, **opened, **client), Direct(bucket) if bucket is not None else None
        case "gs":
            opened = google.settings(place, profile, environment)
            return GCSStore(place, **opened, **_client(opened["config"].get("base_url"), environment)), None
        case _:
            container, config = azure.settings(place, profile, environment)
            emulated = "http://" if "use_emulator" in config else None
            opened = {"config": config, **entra.tokens(container, config, profile, environment)}
            return AzureStore(container, **opened, **_client(config.get("endpoint", emulated), environment)), None


def _client(endpoint: str | None, environment: Environment, *bundles: str) -> dict[str, Any]:
    """Time-outs, and the custom CA bundle of the usual variables. Proxies are found by obstore itself."""
    options: dict[str, Any] = {"connect_timeout": CONNECT, "read_timeout": STALL, "timeout": NO_LIMIT}
    if (endpoint or "").startswith("http://"):
        options["allow_http"] = True
    bundle = trust.bundle(environment, *bundles)
    if bundle is not None:
        with open(bundle, "rb") as stream:
            options["root_certificate"] = stream.read()
    return {"client_options": options, "retry_config": _TRIES}
