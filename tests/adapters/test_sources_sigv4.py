"""Signatures of requests, held against those of AWS's own library."""

import datetime
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as some

from reconciler.adapters.sources.sigv4 import Keys, Signer

KEYS = some.builds(
    Keys,
    access=some.from_regex(r"[A-Z0-9]{4,20}", fullmatch=True),
    secret=some.from_regex(r"[A-Za-z0-9/+]{1,40}", fullmatch=True),
    token=some.none() | some.from_regex(r"[A-Za-z0-9/+=]{1,60}", fullmatch=True),
)
NAMES = some.text(some.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=30)


def by_botocore(signer: Signer, url: str, when: float) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        now = datetime.datetime.fromtimestamp(when, datetime.UTC)
        patch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        request = AWSRequest(method="GET", url=url)
        keys = signer.keys
        found = Credentials(keys.access, keys.secret, keys.token)
        botocore.auth.S3SigV4Auth(found, "s3", signer.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


SIGNERS = some.builds(
    Signer,
    keys=KEYS,
    region=some.sampled_from(["us-east-1", "eu-central-1", "local"]),
    host=some.sampled_from(["127.0.0.1:9000", "s3.us-east-1.amazonaws.com", "models.s3.eu-central-1.amazonaws.com"]),
)


@settings(deadline=None)
@given(
    signer=SIGNERS,
    key=some.lists(NAMES, min_size=1, max_size=4).map("/".join),
    version=some.none() | some.text(min_size=1, max_size=20, alphabet="abc.+/=_-~ 123"),
    when=some.integers(1_000_000_000, 4_000_000_000),
)
def test_a_request_is_signed_as_botocore_signs_it(signer: Signer, key: str, version: str | None, when: int) -> None:
    path = "/bucket/" + quote(key)
    query = f"versionId={quote(version, safe='')}" if version else ""
    lines = signer.lines(path, query, when + 0.5)
    ours = dict(line.split(":", 1) for line in lines.removesuffix("\r\n").split("\r\n"))
    theirs = by_botocore(signer, f"http://{signer.host}{path}{'?' if query else ''}{query}", when)
    assert ours.pop("host") == signer.host
    assert ours == theirs
