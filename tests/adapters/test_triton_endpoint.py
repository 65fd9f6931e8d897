"""The addresses that people write."""

import pytest

from reconciler.adapters.triton import Access
from reconciler.adapters.triton.client import connect
from reconciler.adapters.triton.endpoint import parse
from reconciler.core.errors import Reason, TerminalError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("grpc://triton-0:8001", "grpc://triton-0:8001"),
        ("triton-0:9001", "grpc://triton-0:9001"),
        ("triton-0", "grpc://triton-0:8001"),
        ("grpcs://triton-0", "grpcs://triton-0:8001"),
        ("http://triton-0", "http://triton-0:8000"),
        ("https://host/triton/", "https://host:443/triton"),
        ("grpc://[::1]:8001", "grpc://[::1]:8001"),
        ("https://me:hunter2@host", "https://host:443"),
    ],
)
def test_an_address_is_read_and_shown_without_userinfo(url: str, shown: str) -> None:
    assert str(parse(url)) == shown
    assert "hunter2" not in repr(parse(url))


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host", "grpc://", "grpc://host:port", "grpc://me:hunter2@host:99999", "grpc://host/path", "http://h?x=1",
     "dns+grpc://triton-headless:8001", "grpc://me:hunter2@[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_its_userinfo(url: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse(url)
    assert caught.value.reason is Reason.INVALID
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("url", ["grpcs://host", "https://host"])
def test_certificates_that_cannot_be_read_are_named(url: str) -> None:
    with pytest.raises(TerminalError, match="certificates"):
        connect(url, Access(root_certificates="/nowhere/ca.pem"))
