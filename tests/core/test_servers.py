"""What servers are called."""

import pytest

from reconciler.core.servers import called, is_name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("grpc://a:8001", "grpc://a:8001"),
        ("grpc://me:hunter2@a:8001", "grpc://a:8001"),
        ("me:hunter2@a:8001", "a:8001"),
        ("http://me:hun%2Fter2@[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_server_is_called_by_its_address_without_userinfo(url: str, name: str) -> None:
    assert called(url) == name


def test_a_name_of_several_servers_is_told_from_the_address_of_one() -> None:
    assert is_name("dns+grpc://triton-headless:8001")
    assert not is_name("grpc://dns:8001")
