"""Azure's identities that obstore does not know: certificates, the Azure CLI's login, and what else there is."""

import datetime
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.core.errors import Reason, TerminalError
from reconciler.core.spec import Credentials

_OWN = {"account_key", "sas_key", "client_secret", "federated_token_file", "skip_signature", "use_emulator"}
"""Settings with which obstore needs nobody's help."""

_ASKS = ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_TOKEN_CREDENTIALS")
"""Variables of azure-identity alone."""

_SCOPE = "https://storage.azure.com/.default"


def tokens(
    container: str, config: Mapping[str, str], profile: Credentials, environment: Mapping[str, str]
) -> dict[str, Any]:
    """How obstore gets tokens where it would not find any itself; nothing where it would.

    A login of the Azure CLI is used if azure-identity is there. Raises TerminalError(EXTRA_MISSING) where a variable
    asks for what only azure-identity knows.
    """
    if _OWN & config.keys() or profile.from_env is not None:
        return {}
    asked = next((name for name in _ASKS if environment.get(name)), None)
    if asked is None and not _is_logged_in(environment):
        return {}
    try:
        identity = importlib.import_module("azure.identity")
    except ImportError as error:
        if asked is None:
            return {}
        words = f"az://{container}: what {asked} asks for needs a package that is not installed"
        raise TerminalError(Reason.EXTRA_MISSING, words, "Install it: pip install 'triton-reconcile[azure]'") from error
    return {"credential_provider": _provider(identity.DefaultAzureCredential())}


def _is_logged_in(environment: Mapping[str, str]) -> bool:
    folder = environment.get("AZURE_CONFIG_DIR") or os.path.join(environment.get("HOME") or "/", ".azure")
    return os.path.isfile(os.path.join(folder, "azureProfile.json"))


def _provider(credential: Any) -> Callable[[], dict[str, Any]]:
    """Asked again and again by obstore, from threads of its own."""

    def token() -> dict[str, Any]:
        found = credential.get_token(_SCOPE)
        return {"token": found.token, "expires_at": datetime.datetime.fromtimestamp(found.expires_on, datetime.UTC)}

    return token
