"""S3: where AWS's own tools look for keys, regions and endpoints."""

import datetime
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.adapters.sources.named import first, missing
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

_REFRESH = datetime.timedelta(minutes=5)
"""How long temporary keys are used before botocore is asked again, which renews them in time."""

_OTHERS = frozenset({"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION"})
"""Variables of which botocore knows more than we."""

Environment = Mapping[str, str]


def settings(bucket: str, profile: Credentials, environment: Environment) -> dict[str, Any]:
    """What obstore is opened with: `config`, and how it gets at keys.

    With `fromEnv: PREFIX_` the keys are PREFIX_AWS_ACCESS_KEY_ID, PREFIX_AWS_SECRET_ACCESS_KEY and, for temporary ones,
    PREFIX_AWS_SESSION_TOKEN. Raises TerminalError(CREDENTIALS_MISSING or EXTRA_MISSING).
    """
    if _only_environment(profile, environment):
        return settings(bucket, replace(profile, from_env=""), environment)
    session = _session(profile) if profile.from_env is None else None
    config = _place(bucket, profile, environment, session.get_scoped_config() if session is not None else {})
    if environment.get(f"{profile.from_env or ''}AWS_SKIP_SIGNATURE", "").lower() in ("1", "true"):
        return {"config": config | {"skip_signature": True}}
    if profile.from_env is not None:
        return {"config": config, "credential_provider": _fixed(profile.from_env, environment)}
    return {"config": config} | ({"credential_provider": _of_session(session, bucket)} if session is not None else {})


def _only_environment(profile: Credentials, environment: Environment) -> bool:
    """Whether AWS's own tools would look no further than into the environment: botocore takes long to say the same."""
    files = (
        environment.get("AWS_CONFIG_FILE") or "~/.aws/config",
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
    )
    keys = environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY")
    named = profile.from_env is not None or profile.profile is not None or not _OTHERS.isdisjoint(environment)
    return bool(keys) and not named and not any(os.path.exists(_expanded(file)) for file in files)


def _expanded(path: str) -> str:
    """As botocore does it."""
    return os.path.expanduser(os.path.expandvars(path))


def _place(bucket: str, profile: Credentials, environment: Environment, scoped: Mapping[str, Any]) -> dict[str, Any]:
    prefix = profile.from_env or ""
    endpoints = [f"{prefix}AWS_ENDPOINT_URL_S3", f"{prefix}AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
    endpoint = profile.endpoint_url or first(environment, endpoints) or scoped.get("endpoint_url")
    region = first(environment, [f"{prefix}AWS_REGION", f"{prefix}AWS_DEFAULT_REGION"]) or scoped.get("region")
    found: dict[str, Any] = {"region": region or "us-east-1"}
    virtual = scoped.get("s3", {}).get("addressing_style") == "virtual"
    if virtual and endpoint:  # obstore then takes the endpoint for the bucket's own
        scheme, _, host = endpoint.partition("://")
        endpoint = f"{scheme}://{bucket}.{host}"
    found |= {"virtual_hosted_style_request": True} if virtual else {}
    return found | ({"endpoint": endpoint} if endpoint else {})


def _fixed(prefix: str, environment: Environment) -> Callable[[], dict[str, Any]]:
    names = [f"{prefix}AWS_ACCESS_KEY_ID", f"{prefix}AWS_SECRET_ACCESS_KEY"]
    lacking = [name for name in names if not environment.get(name)]
    if lacking:
        raise missing(lacking, prefix)
    key, secret = (environment[name] for name in names)
    token = environment.get(f"{prefix}AWS_SESSION_TOKEN") or None
    return lambda: {"access_key_id": key, "secret_access_key": secret, "token": token, "expires_at": None}


def _session(profile: Credentials) -> Any:
    """Botocore knows every place that AWS's own tools look into; without it obstore finds the most usual ones itself.

    Raises TerminalError where a profile is asked for and botocore is not installed.
    """
    try:
        return importlib.import_module("botocore.session").Session(profile=profile.profile)
    except ImportError as error:
        if profile.profile is None:
            return None
        words = f"the AWS profile {profile.profile!r} can only be read with a package that is not installed"
        raise TerminalError(Reason.EXTRA_MISSING, words, "Install it: pip install 'triton-reconcile[s3]'") from error


def _of_session(session: Any, bucket: str) -> Callable[[], dict[str, Any]]:
    """Asked again and again by obstore, from threads of its own."""
    found = session.get_credentials()
    if found is None:
        hint = (
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of reconciler.yaml with `credentials`."
        )
        raise TerminalError(Reason.CREDENTIALS_MISSING, f"there are no usable credentials for s3://{bucket}", hint)

    def keys() -> dict[str, Any]:
        frozen = found.get_frozen_credentials()
        until = datetime.datetime.now(datetime.UTC) + _REFRESH if frozen.token else None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": until,
        }

    return keys
