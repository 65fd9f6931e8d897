"""AWS Signature Version 4 of a GET without a body, for S3 and what speaks as it does.

Source: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; the tests hold it against botocore's,
which takes longer than all else that a small file costs.
"""

import functools
import hashlib
import hmac
import time
from dataclasses import dataclass

_NOTHING = hashlib.sha256(b"").hexdigest()
"""What stands for the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who asks; `token` goes with temporary keys."""

    access: str
    secret: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one region and host."""

    keys: Keys
    region: str
    host: str

    def lines(self, path: str, query: str, when: float) -> str:
        """The head's lines that go with a request at this time (seconds of the epoch), `host` too.

        Path and query are percent-encoded, as S3 has it.
        """
        stamp = _stamp(int(when))
        own, names = f"host:{self.host}\nx-amz-content-sha256:{_NOTHING}\nx-amz-date:{stamp}\n", _NAMES
        if self.keys.token is not None:
            own, names = f"{own}x-amz-security-token:{self.keys.token}\n", f"{_NAMES};x-amz-security-token"
        request = hashlib.sha256(f"GET\n{path}\n{query}\n{own}\n{names}\n{_NOTHING}".encode()).hexdigest()
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        key = _key(self.keys.secret, stamp[:8], self.region)
        signature = hmac.digest(key, f"{_KIND}\n{stamp}\n{scope}\n{request}".encode(), "sha256").hex()
        words = f"{_KIND} Credential={self.keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"
        return f"{own}authorization:{words}\n".replace("\n", "\r\n")


_KIND, _NAMES = "AWS4-HMAC-SHA256", "host;x-amz-content-sha256;x-amz-date"


@functools.lru_cache(maxsize=2)
def _stamp(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


@functools.lru_cache(maxsize=8)
def _key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return key
