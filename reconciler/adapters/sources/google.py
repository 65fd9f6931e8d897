"""Google: where its own tools find credentials; google-auth reads the kinds that obstore does not know."""

import datetime
import importlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from reconciler.adapters.sources.named import found
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

_NAMES = {
    "service_account": ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"),
    "service_account_key": ("GOOGLE_SERVICE_ACCOUNT_KEY",),
    "application_credentials": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "bearer_token": ("GOOGLE_BEARER_TOKEN",),
    "base_url": ("STORAGE_EMULATOR_HOST", "GOOGLE_BASE_URL"),
    "skip_signature": ("GOOGLE_SKIP_SIGNATURE",),
}
_STRONGER = {"service_account", "service_account_key", "bearer_token", "skip_signature"}
"""What obstore takes before application credentials."""

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"


def settings(bucket: str, profile: Credentials, environment: Mapping[str, str]) -> dict[str, Any]:
    """What obstore is opened with. Raises TerminalError(CREDENTIALS_MISSING or EXTRA_MISSING)."""
    config = found(_NAMES, profile, environment)
    config |= {"base_url": profile.endpoint_url} if profile.endpoint_url else {}
    path = config.get("application_credentials") or _of_gcloud(profile, environment)
    document = _document(path)
    maker = _maker(document)
    if maker is None or _STRONGER & config.keys():
        return {"config": config}
    config.pop("application_credentials", None)
    return {"config": config, "credential_provider": _provider(bucket, path, document, maker)}


def _of_gcloud(profile: Credentials, environment: Mapping[str, str]) -> str:
    """Where `gcloud auth application-default login` leaves them; a profile of its own has no part in that."""
    if profile.from_env is not None:
        return ""
    home = environment.get("CLOUDSDK_CONFIG") or os.path.join(environment.get("HOME") or "/", ".config", "gcloud")
    return os.path.join(home, "application_default_credentials.json")


def _document(path: str) -> dict[str, Any]:
    """The file, empty where it cannot be read: obstore says why."""
    with suppress(OSError, ValueError), open(path, encoding="utf-8") as stream:
        document = json.load(stream)
        return document if isinstance(document, dict) else {}
    return {}


def _maker(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """The module of google-auth and the way in it that makes credentials of this kind; None for what obstore reads."""
    match document.get("type"):
        case "impersonated_service_account":
            return "impersonated_credentials", "from_impersonated_service_account_info"
        case "external_account_authorized_user":
            return "external_account_authorized_user", "from_info"
        case "external_account":
            source = document.get("credential_source")
            kinds = (("environment_id", "aws"), ("executable", "pluggable"))
            return next((module for key, module in kinds if key in (source or {})), "identity_pool"), "from_info"
        case _:
            return None


def _provider(
    bucket: str, path: str, document: Mapping[str, Any], maker: tuple[str, str]
) -> Callable[[], dict[str, Any]]:
    """Asked again and again by obstore, from threads of its own."""
    try:
        transport = importlib.import_module("google.auth.transport.requests")
        make = getattr(importlib.import_module(f"google.auth.{maker[0]}").Credentials, maker[1])
    except ImportError as error:
        words = f"the credentials in {path} can only be used with a package that is not installed"
        raise TerminalError(Reason.EXTRA_MISSING, words, "Install it: pip install 'triton-reconcile[gcs]'") from error
    try:
        credentials = make(document, scopes=[_SCOPE])
    except Exception as error:
        words = f"there are no usable credentials for gs://{bucket}: {path} is not as gcloud writes it"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, "Make it anew with gcloud.") from error

    def token() -> dict[str, Any]:
        credentials.refresh(transport.Request())
        return {"token": credentials.token, "expires_at": credentials.expiry.replace(tzinfo=datetime.UTC)}

    return token
