"""Azure: where its own tools and libraries look for accounts, keys and endpoints, and how they write a container.

`az://container/path`, with the account from the environment, or `abfs[s]://container@account.dfs.core.windows.net/path`.
"""

import base64
from collections.abc import Mapping
from typing import Any

from reconciler.adapters.sources.named import found
from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

_NAMES = {
    "account_name": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"),
    "account_key": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCESS_KEY"),
    "sas_key": ("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"),
    "client_id": ("AZURE_STORAGE_CLIENT_ID", "AZURE_CLIENT_ID"),
    "client_secret": ("AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET"),
    "tenant_id": ("AZURE_STORAGE_TENANT_ID", "AZURE_TENANT_ID"),
    "federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    "endpoint": ("AZURE_STORAGE_ENDPOINT", "AZURE_STORAGE_SERVICE_ENDPOINT", "AZURE_ENDPOINT"),
    "skip_signature": ("AZURE_SKIP_SIGNATURE",),
    "connection": ("AZURE_STORAGE_CONNECTION_STRING",),
}
"""What obstore calls a setting, and the variables it is in; the first that is set counts."""

_CONNECTION = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_key",
    "BlobEndpoint": "endpoint",
}

_KINDS = {
    "account_key": "access_key",
    "sas_key": "sas_token",
    "client_secret": "client_secret",
    "federated_token_file": "workload_identity",
}
"""Which credential a profile means, so that another in the environment does not win over it."""


def settings(place: str, profile: Credentials, environment: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The container, and what obstore is opened with. Raises TerminalError(CREDENTIALS_MISSING)."""
    container, _, host = place.rpartition("@") if "@" in place else (place, "", "")
    named = found(_NAMES, profile, environment)
    connection = named.pop("connection", None)
    config = (_connected(connection) if connection else {}) | named
    _check_key(config.get("account_key", ""), container, profile)
    if host:
        config["account_name"] = host.partition(".")[0]
    if profile.endpoint_url:
        config["endpoint"] = profile.endpoint_url
    if "sas_key" in config:
        config["sas_key"] = config["sas_key"].removeprefix("?")
    kind = next((_KINDS[name] for name in _KINDS if name in config), None)
    if profile.from_env is not None and kind is not None:
        config["credential_type"] = kind
    return container, config


def _check_key(key: str, container: str, profile: Credentials) -> None:
    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        names = " or ".join((profile.from_env or "") + name for name in (*_NAMES["account_key"], *_NAMES["connection"]))
        words = f"the account key for az://{container} is not base64, as such keys are"
        raise TerminalError(Reason.CREDENTIALS_MISSING, words, f"Correct it in {names}.") from None


def _connected(text: str) -> dict[str, str]:
    """What a connection string says."""
    rows = dict(row.partition("=")[::2] for row in text.split(";") if row)
    config = {ours: rows[theirs] for theirs, ours in _CONNECTION.items() if theirs in rows}
    if rows.get("UseDevelopmentStorage") == "true":
        return config | {"use_emulator": "true"}
    if "endpoint" not in config and "EndpointSuffix" in rows and "AccountName" in rows:
        protocol = rows.get("DefaultEndpointsProtocol", "https")
        config["endpoint"] = f"{protocol}://{rows['AccountName']}.blob.{rows['EndpointSuffix']}"
    return config
