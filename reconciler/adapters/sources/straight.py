"""Where requests of our own for a bucket of S3 go, and how they are signed: as obstore would do it."""

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from reconciler.adapters import trust
from reconciler.adapters.sources import proxies
from reconciler.adapters.sources.direct import Bucket
from reconciler.adapters.sources.line import Address, UnfitError
from reconciler.adapters.sources.sigv4 import Keys

_REFRESH = 300.0
"""Seconds for which keys are used before their provider is asked again."""

_OBSTORES = re.compile(
    "AWS_(ENDPOINT|VIRTUAL_HOSTED_STYLE_REQUEST|REQUEST_PAYER|S3_EXPRESS|PROXY_URL|DEFAULT_HEADERS"
    "|ALLOW_INVALID_CERTIFICATES|SSE_.*|SERVER_SIDE_ENCRYPTION)"
)
"""Variables that obstore reads by itself, and that change what is asked of whom."""

Environment = Mapping[str, str]


def straight(name: str, opened: Mapping[str, Any], environment: Environment) -> Bucket | None:
    """The bucket that obstore's settings are of; None where obstore finds keys itself, or a proxy is between."""
    config, provider = opened["config"], opened.get("credential_provider")
    if not (provider or config.get("skip_signature")) or any(map(_OBSTORES.fullmatch, os.environ)):
        return None
    virtual = config.get("virtual_hosted_style_request", False)
    url = urlsplit(config.get("endpoint") or _own(name if virtual else None, config["region"]))
    address = _address(url, trust.bundle(environment, "AWS_CA_BUNDLE"))
    if address is None or proxies.variable_for(url.geturl()):
        return None
    return Bucket(
        address=address,
        host=url.netloc,
        path=url.path.rstrip("/") + ("/" if virtual else f"/{name}/"),
        region=config["region"],
        keys=Keyring(provider) if provider is not None else None,
    )


def _address(url: SplitResult, bundle: str | None) -> Address | None:
    encrypted = url.scheme == "https"
    if url.hostname is None or "@" in url.netloc:
        return None
    return Address(host=url.hostname, port=url.port or (443 if encrypted else 80), encrypted=encrypted, bundle=bundle)


def _own(name: str | None, region: str) -> str:
    """Amazon's; a `name` in it is of the bucket."""
    return f"https://{name}.s3.{region}.amazonaws.com" if name else f"https://s3.{region}.amazonaws.com"


class Keyring:
    """What a provider gives, asked again now and then."""

    def __init__(self, provider: Callable[[], dict[str, Any]]) -> None:
        self._provider = provider
        self._known: tuple[float, Keys] | None = None

    def __call__(self) -> Keys:
        """The keys of now. Raises UnfitError if there are none, or none that can be sent."""
        known, now = self._known, time.monotonic()
        if known is None or now > known[0]:
            try:
                found = self._provider()
            except Exception as error:  # obstore asks for them, too, and tells people
                raise UnfitError("no keys") from error
            keys = Keys(access=found["access_key_id"], secret=found["secret_access_key"], token=found["token"] or None)
            if not f"{keys.access}{keys.token}".isprintable():
                raise UnfitError("keys that would be more than one header")
            known = self._known = now + _REFRESH, keys
        return known[1]
