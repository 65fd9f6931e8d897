"""Opens buckets: endpoints, regions and credentials as each ecosystem's own tools find them, or by a profile.

A profile's `fromEnv: PREFIX_` reads the variables that those tools read, with the prefix before their names.
"""

import datetime
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from obstore.store import AzureStore, GCSStore, S3Store

from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

CONNECT, STALL, NO_LIMIT = "10s", "30s", "7days"
"""Without a connection, without a byte, and for the whole: models are big."""

_TRIES = {"max_retries": 3, "retry_timeout": datetime.timedelta(minutes=2)}

_REFRESH = datetime.timedelta(minutes=5)
"""How long temporary keys are used before botocore is asked again, which renews them in time."""

Environment = Mapping[str, str]


def open_bucket(scheme: str, bucket: str, profile: Credentials, environment: Environment) -> Any:
    """The bucket or container. Raises TerminalError for credentials that are not there."""
    match scheme:
        case "s3":
            return _s3(bucket, profile, environment)
        case "gs":
            names = ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS")
            config = _prefixed(profile, environment, names)
            endpoint = {"google_base_url": profile.endpoint_url} if profile.endpoint_url else {}
            return GCSStore(bucket, config=config | endpoint, **_client(profile.endpoint_url, environment))
        case _:
            names = ("ACCOUNT_NAME", "ACCOUNT_KEY", "SAS_KEY", "CLIENT_ID", "CLIENT_SECRET", "TENANT_ID")
            config = _prefixed(profile, environment, tuple(f"AZURE_STORAGE_{name}" for name in names))
            endpoint = {"azure_storage_endpoint": profile.endpoint_url} if profile.endpoint_url else {}
            return AzureStore(bucket, config=config | endpoint, **_client(profile.endpoint_url, environment))


def _prefixed(profile: Credentials, environment: Environment, names: tuple[str, ...]) -> dict[str, str]:
    """The variables of a profile under the names that obstore takes as configuration."""
    if profile.from_env is None:
        return {}
    found = {name.lower(): environment[profile.from_env + name] for name in names if profile.from_env + name in environment}
    if not found:
        raise _missing([profile.from_env + name for name in names], profile.from_env)
    return found


def _missing(names: list[str], prefix: str) -> TerminalError:
    words = f"the environment has no {' and no '.join(names)}"
    hint = f"Set them: a credentials profile of reconciler.yaml says `fromEnv: {prefix}`."
    return TerminalError(Reason.CREDENTIALS_MISSING, words, hint)


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


def _s3(bucket: str, profile: Credentials, environment: Environment) -> S3Store:
    prefix = profile.from_env or ""
    session = _session(profile) if profile.from_env is None else None
    scoped = session.get_scoped_config() if session is not None else {}
    endpoint = (
        profile.endpoint_url
        or environment.get(f"{prefix}AWS_ENDPOINT_URL_S3")
        or environment.get(f"{prefix}AWS_ENDPOINT_URL")
        or environment.get("AWS_ENDPOINT_URL")
        or scoped.get("endpoint_url")
    )
    region = environment.get(f"{prefix}AWS_REGION") or environment.get(f"{prefix}AWS_DEFAULT_REGION") or scoped.get("region")
    given = {"endpoint": endpoint, "region": region or "us-east-1"}
    config = {name: value for name, value in given.items() if value}
    if environment.get("AWS_SKIP_SIGNATURE", "").lower() in ("1", "true"):
        provider: dict[str, Any] = {"skip_signature": True}
    else:
        provider = {"credential_provider": _of_session(session) if session else _fixed(prefix, environment)}
    return S3Store(bucket, config=config, **provider, **_client(endpoint, environment))


def _fixed(prefix: str, environment: Environment) -> Callable[[], dict[str, Any]]:
    names = [f"{prefix}AWS_ACCESS_KEY_ID", f"{prefix}AWS_SECRET_ACCESS_KEY"]
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise _missing(missing, prefix)
    key, secret = (environment[name] for name in names)
    token = environment.get(f"{prefix}AWS_SESSION_TOKEN")
    return lambda: {"access_key_id": key, "secret_access_key": secret, "token": token, "expires_at": None}


def _session(profile: Credentials) -> Any:
    """botocore knows every place that AWS's own tools look into. Raises TerminalError where it is not installed."""
    try:
        return importlib.import_module("botocore.session").Session(profile=profile.profile)
    except ImportError as error:
        hint = "Install it: pip install 'triton-reconcile[s3]'"
        raise TerminalError(Reason.EXTRA_MISSING, "s3:// needs a package that is not installed", hint) from error


def _of_session(session: Any) -> Callable[[], dict[str, Any]]:
    """Asked again and again by obstore, from its own thread."""
    found = session.get_credentials()
    if found is None:
        hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of reconciler.yaml with `credentials`."
        raise TerminalError(Reason.CREDENTIALS_MISSING, "there are no usable credentials for s3://", hint)

    def keys() -> dict[str, Any]:
        frozen = found.get_frozen_credentials()
        until = datetime.datetime.now(datetime.timezone.utc) + _REFRESH if frozen.token else None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": until,
        }

    return keys
