"""Several real Tritons behind one volume: models are placed, move without a gap, and no server holds up another."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.plan import Change, Load, Result, Step
from reconciler.core.progress import Silent
from reconciler.core.statuses.conditions import Kind, Truth
from tests.e2e.desired_models import GIVEN, Models, ensemble
from tests.e2e.fleet import Client, Fleet, fleet_of, heaviest, name_whose
from tests.e2e.scale_models import scale

pytestmark = [pytest.mark.slow, pytest.mark.triton]

STATUS = "reconciler-status"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_of(tmp_path, 3) as made:
        yield made


def routes(fleet: Fleet) -> dict[str, dict[str, list[str]]]:
    """The table that is in the status branch."""
    found = json.loads(fleet.world.clone.git("show", f"{STATUS}:default/@routes.json"))
    models: dict[str, dict[str, list[str]]] = found["models"]
    return models


def converged(fleet: Fleet) -> None:
    assert fleet.look().plan.steps == ()


def test_models_are_where_they_belong_and_move_to_a_new_server_without_a_gap(fleet: Fleet) -> None:
    old, new = fleet.urls[:2], fleet.urls[2]
    moving = name_whose(lambda name: heaviest(name, fleet.urls) == new, "moving")
    staying = name_whose(lambda name: heaviest(name, fleet.urls) == old[0], "staying")
    over = name_whose(lambda name: heaviest(name, fleet.urls) == new, "over")
    models: Models = {
        moving: scale(2.0).specified(replicas=1),
        staying: scale(3.0).specified(replicas=1),
        "everywhere": scale(4.0),
        "below": scale(5.0).specified(replicas=1),
        over: ensemble(GIVEN * 5.0, "below").specified(replicas=1),
    }
    fleet.world.want(models)
    fleet.used = tuple(old)
    assert {one.result for one in fleet.apply().outcomes} == {Result.DONE}
    before = {name: fleet.where(name, old) for name in models}
    assert before == {
        moving: {heaviest(moving, old)},
        staying: {old[0]},
        "everywhere": {*old},
        "below": {heaviest(over, old)},
        over: {heaviest(over, old)},
    }
    converged(fleet)

    fleet.used = tuple(fleet.urls)
    lines = {line.model: line for line in fleet.look().plan.models}
    assert {name for name, line in lines.items() if line.change is Change.MOVE} == {moving, over, "below"}
    assert (lines[moving].moves.leaves, lines[moving].moves.comes_to) == ((heaviest(moving, old),), (new,))
    with (
        Client(fleet=fleet, model=moving, urls=fleet.urls) as one,
        Client(fleet=fleet, model=over, urls=fleet.urls) as other,
    ):
        time.sleep(0.1)
        report = fleet.apply()
        time.sleep(0.1)
    assert (one.unanswered, one.answers, other.unanswered, other.answers) == (0, {GIVEN * 2}, 0, {GIVEN * 5})
    assert min(one.asked, other.asked) > 10
    assert report.gaps == ()
    assert {name: fleet.where(name, fleet.urls) for name in models} == {
        moving: {new},
        staying: {old[0]},
        "everywhere": {*fleet.urls},
        "below": {new},
        over: {new},
    }
    converged(fleet)
    table = routes(fleet)
    assert {name: row["servers"] for name, row in table.items()} == {
        name: sorted(fleet.where(name, fleet.urls)) for name in models
    }
    assert all(row["servers"] == row["wanted"] and row["others"] == [] for row in table.values())


def test_of_a_server_that_is_taken_away_only_its_own_models_move(fleet: Fleet) -> None:
    lost, left = fleet.urls[0], fleet.urls[1:]
    hit = name_whose(lambda name: heaviest(name, fleet.urls) == lost, "hit")
    spared = name_whose(lambda name: heaviest(name, fleet.urls) == left[0], "spared")
    fleet.world.want({hit: scale(2.0).specified(replicas=1), spared: scale(3.0).specified(replicas=2)})
    fleet.apply()
    was = fleet.where(spared, left)
    fleet.servers[lost].kill()
    fleet.used = tuple(left)
    report = fleet.apply()
    loaded = {
        (one.step.action.model, one.step.action.server) for one in report.outcomes if isinstance(one.step.action, Load)
    }
    assert {place for place in loaded if place[0] == hit} == {(hit, heaviest(hit, left))}
    assert fleet.where(spared, left) >= was
    assert len(fleet.where(spared, left)) == 2
    converged(fleet)


def test_a_move_that_fails_on_the_new_server_leaves_the_old_one_serving(fleet: Fleet) -> None:
    old, new = fleet.urls[:2], fleet.urls[2]
    moving = name_whose(lambda name: heaviest(name, fleet.urls) == new, "moving")
    fleet.world.want({moving: scale(2.0).specified(replicas=1, load={"retries": 0})})
    fleet.used = tuple(old)
    fleet.apply()
    place = heaviest(moving, old)

    class Freezing(Silent):
        """Stops the new server when the load on it begins."""

        def started(self, step: Step) -> None:
            if isinstance(step.action, Load) and step.action.server == new:
                os.kill(fleet.servers[new].info.pid, signal.SIGSTOP)

    fleet.used, fleet.timeout = tuple(fleet.urls), 3.0
    try:
        with Client(fleet=fleet, model=moving, urls=old) as client:
            report = fleet.apply(Freezing())
    finally:
        os.kill(fleet.servers[new].info.pid, signal.SIGCONT)
    assert {one.step.id: one.result for one in report.outcomes} == {
        f"load:{moving}@{new}": Result.FAILED,
        f"leave:{moving}@{place}": Result.BLOCKED,
    }
    assert (client.unanswered, fleet.where(moving, old)) == (0, {place})
    assert routes(fleet)[moving]["servers"] == [place]
    assert routes(fleet)[moving]["wanted"] == [new]
    fleet.timeout = 60.0
    fleet.apply()
    assert fleet.where(moving, fleet.urls) == {new}
    converged(fleet)


def test_a_dead_and_a_hung_server_hold_up_no_other(fleet: Fleet) -> None:
    well, hung, dead = fleet.urls
    fleet.world.want({f"model-{number}": scale(2.0 + number) for number in range(3)})
    fleet.servers[dead].kill()
    os.kill(fleet.servers[hung].info.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        report = fleet.apply()
        seconds = time.monotonic() - began
    finally:
        os.kill(fleet.servers[hung].info.pid, signal.SIGCONT)
    assert {one.result for one in report.outcomes} == {Result.DONE}
    assert fleet.ready(well) == {"model-0", "model-1", "model-2"}
    assert len(report.last.unknown) == 2
    assert seconds < 90
    assert {status.conditions[Kind.READY].status for status in report.statuses.values()} == {Truth.UNKNOWN}


def test_a_server_that_stops_in_the_middle_of_a_run_holds_up_no_other(fleet: Fleet) -> None:
    names = [f"model-{number}" for number in range(6)]
    fleet.world.want({name: scale(2.0) for name in names})
    fleet.apply()
    for url in fleet.urls:
        fleet.servers[url].kill()
        fleet.servers[url].restart()
    hung, *others = fleet.urls

    class Freezing(Silent):
        """Stops one server when its first load begins."""

        def started(self, step: Step) -> None:
            if isinstance(step.action, Load) and step.action.server == hung:
                os.kill(fleet.servers[hung].info.pid, signal.SIGSTOP)

    fleet.timeout = 3.0
    try:
        report = fleet.apply(Freezing())
    finally:
        os.kill(fleet.servers[hung].info.pid, signal.SIGCONT)
    for url in others:
        assert fleet.ready(url) == {*names}
    failed = [one for one in report.outcomes if one.result is not Result.DONE]
    assert failed
    assert {one.step.action.server for one in failed if isinstance(one.step.action, Load)} == {hung}
    fleet.timeout = 60.0
    fleet.apply()
    assert fleet.ready(hung) == {*names}
    converged(fleet)


def test_a_server_behind_a_name_is_found_in_each_pass_and_called_by_its_address(fleet: Fleet) -> None:
    url = fleet.urls[0]
    fleet.used = (url.replace("grpc://127.0.0.1", "dns+grpc://localhost"),)
    fleet.world.want({"twice": scale(2.0)})
    report = fleet.apply()
    assert fleet.ready(url) == {"twice"}
    assert report.statuses["twice"].served.keys() == {url}
    assert routes(fleet)["twice"]["servers"] == [url]
    assert {line.partition("]")[0] for line in report.last.unknown} <= {"grpc://[::1"}  # Triton listens on IPv4 only
