"""Names that stand for several servers: every address is one, and none is not the same as no server."""

import socket
from typing import Any

import pytest

from reconciler.adapters.names import Servers, resolved
from reconciler.core.errors import Reason, TerminalError


def answering(*addresses: str) -> Any:
    """A resolver that knows these addresses of every name, each several times as the real one tells them."""
    rows = [(socket.AF_INET, kind, 0, "", (address, 1)) for address in addresses for kind in (1, 2)]
    return lambda _host, _port, **_: rows


def test_a_name_stands_for_each_of_its_addresses_in_order_with_ipv6_in_brackets() -> None:
    found = resolved(["dns+grpc://triton-headless:8001"], answering("10.0.0.9", "fd00::2", "10.0.0.10"))
    assert list(found.urls) == ["grpc://10.0.0.10:8001", "grpc://10.0.0.9:8001", "grpc://[fd00::2]:8001"]
    assert found.silent == {}


def test_the_ports_that_triton_has_by_default_need_not_be_said() -> None:
    assert list(resolved(["dns+grpc://t"], answering("10.0.0.1")).urls) == ["grpc://10.0.0.1:8001"]
    assert list(resolved(["dns+http://t"], answering("10.0.0.1")).urls) == ["http://10.0.0.1:8000"]


def test_the_real_resolver_knows_localhost() -> None:
    found = resolved(["dns+grpc://localhost:8001"])
    assert "grpc://127.0.0.1:8001" in found.urls
    assert set(found.urls) <= {"grpc://127.0.0.1:8001", "grpc://[::1]:8001"}


@pytest.mark.parametrize("lookup", [socket.getaddrinfo, answering()])
def test_a_name_without_addresses_is_unreachable_and_not_no_servers(lookup: Any) -> None:
    found = resolved(["grpc://here:8001", "dns+grpc://me:hunter2@triton.invalid:8001"], lookup)
    assert list(found.urls) == ["grpc://here:8001"]
    view = found.silent["dns+grpc://triton.invalid:8001"]
    assert view.reason is Reason.SERVER_UNREACHABLE
    assert "triton.invalid" in view.message
    assert "hunter2" not in repr(found)


def test_servers_are_called_by_their_address_without_userinfo_and_reached_with_it() -> None:
    found = resolved(["grpc://me:hunter2@a:8001", "dns+grpc://me:hunter2@b:8001"], answering("10.0.0.1"))
    assert found.urls == {
        "grpc://a:8001": "grpc://me:hunter2@a:8001",
        "grpc://10.0.0.1:8001": "grpc://me:hunter2@10.0.0.1:8001",
    }
    assert "hunter2" not in repr(found)


def test_a_server_that_is_told_twice_is_one() -> None:
    found = resolved(["grpc://10.0.0.1:8001", "dns+grpc://t:8001"], answering("10.0.0.1"))
    assert found == Servers(urls={"grpc://10.0.0.1:8001": "grpc://10.0.0.1:8001"}, silent={})


@pytest.mark.parametrize("url", ["dns+ftp://t:1", "dns+grpc://", "dns+grpc://t:99999", "dns+grpc://t:1/path"])
def test_what_is_no_name_of_servers_is_told_with_the_form(url: str) -> None:
    with pytest.raises(TerminalError, match="not a name of Triton servers") as failure:
        resolved([url], answering("10.0.0.1"))
    assert "dns+grpc://HOST:8001" in failure.value.hint
