"""The route table: who answers for what, as git wants it."""

import json

from reconciler.core.digest import Generation
from reconciler.core.statuses.conditions import ModelStatus
from reconciler.core.views.routes import routes_file, table
from tests.core.status_worlds import NEW, OLD, A, B

C = "grpc://c:8001"


def status(served: dict[str, Generation | None], belongs_on: tuple[str, ...] = (A, B)) -> ModelStatus:
    return ModelStatus(
        name="m", target="prod", revision="c1", generation=NEW, active=NEW, served=served, belongs_on=belongs_on
    )


def test_a_server_is_a_route_only_where_it_serves_what_git_wants() -> None:
    found = table({"m": status({A: NEW, B: OLD})})
    assert found == {"m": {"generation": NEW, "servers": [A], "wanted": [A, B], "others": [B]}}


def test_a_model_on_its_way_to_another_server_is_still_routed_to_where_it_is() -> None:
    assert table({"m": status({C: NEW})}) == {"m": {"generation": NEW, "servers": [C], "wanted": [A, B], "others": []}}


def test_a_model_that_nobody_serves_has_no_route_and_is_told_with_where_it_belongs() -> None:
    assert table({"m": status({})}) == {"m": {"generation": NEW, "servers": [], "wanted": [A, B], "others": []}}


def test_a_stranger_s_copy_is_no_route() -> None:
    assert table({"m": status({A: None})}) == {"m": {"generation": NEW, "servers": [], "wanted": [A, B], "others": [A]}}


def test_what_is_to_be_served_nowhere_is_no_route_and_is_told_while_something_answers() -> None:
    assert table({"m": status({}, ())}) == {}
    assert table({"m": status({A: NEW}, ())}) == {"m": {"generation": NEW, "servers": [], "wanted": [], "others": [A]}}


def test_the_same_state_is_the_same_bytes_whatever_order_it_was_found_in() -> None:
    one, other = status({A: NEW, B: NEW}), status({B: NEW, A: NEW}, (B, A))
    assert routes_file({"m": one}, "prod") == routes_file({"m": other}, "prod")
    read = json.loads(routes_file({"m": one}, "prod"))
    assert (read["kind"], read["metadata"], read["models"]["m"]["servers"]) == ("RouteTable", {"name": "prod"}, [A, B])
