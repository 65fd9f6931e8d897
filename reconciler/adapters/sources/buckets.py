"""Opens buckets: endpoints, regions and credentials as each ecosystem's own tools find them, or by a profile.

A profile's `fromEnv: PREFIX_` reads the variables that those tools read, with the prefix before their names.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from obstore.store import AzureStore, GCSStore, S3Store

from reconciler.adapters.sources import aws
from reconciler.adapters.sources.aws import missing
from reconciler.core.spec import Credentials

CONNECT, STALL, NO_LIMIT = "10s", "30s", "7days"
"""Without a connection, without a byte, and for the whole: models are big."""

_TRIES = {"max_retries": 3, "retry_timeout": datetime.timedelta(minutes=2)}

_AZURE = tuple(
    f"AZURE_STORAGE_{name}"
    for name in ("ACCOUNT_NAME", "ACCOUNT_KEY", "SAS_KEY", "CLIENT_ID", "CLIENT_SECRET", "TENANT_ID")
)

Environment = Mapping[str, str]


def open_bucket(scheme: str, bucket: str, profile: Credentials, environment: Environment) -> Any:
    """The bucket or container. Raises TerminalError for credentials that are not there."""
    match scheme:
        case "s3":
            found = aws.settings(profile, environment)
            return S3Store(bucket, **found, **_client(found["config"].get("endpoint"), environment))
        case "gs":
            names = ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS")
            config: Any = _prefixed(profile, environment, names)
            endpoint: Any = {"google_base_url": profile.endpoint_url} if profile.endpoint_url else {}
            return GCSStore(bucket, config=config | endpoint, **_client(profile.endpoint_url, environment))
        case _:
            config = _prefixed(profile, environment, _AZURE)
            endpoint = {"azure_storage_endpoint": profile.endpoint_url} if profile.endpoint_url else {}
            return AzureStore(bucket, config=config | endpoint, **_client(profile.endpoint_url, environment))


def _prefixed(profile: Credentials, environment: Environment, names: tuple[str, ...]) -> dict[str, str]:
    """The variables of a profile under the names that obstore takes as configuration."""
    if profile.from_env is None:
        return {}
    found = {
        name.lower(): environment[profile.from_env + name] for name in names if profile.from_env + name in environment
    }
    if not found:
        raise missing([profile.from_env + name for name in names], profile.from_env)
    return found


def _client(endpoint: str | None, environment: Environment) -> dict[str, Any]:
    """Time-outs, and the custom CA bundle of the usual variables. Proxies are found by obstore itself."""
    options: dict[str, Any] = {"connect_timeout": CONNECT, "read_timeout": STALL, "timeout": NO_LIMIT}
    if (endpoint or "").startswith("http://"):
        options["allow_http"] = True
    bundle = next((environment[name] for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE") if environment.get(name)), None)
    if bundle is not None:
        with open(bundle, "rb") as stream:
            options["root_certificate"] = stream.read()
    return {"client_options": options, "retry_config": _TRIES}
