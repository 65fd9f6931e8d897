"""What is in deploy/ and docs/ about metrics is true of the metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.metrics import names
from reconciler.core.views.board import Board, Health
from reconciler.looping.serving import Views, serving
from tests.boards import everything
from tests.prometheus import asked, prometheus, promtool, until

ROOT = Path(__file__).parents[1]
ALERTS = ROOT / "deploy" / "prometheus"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text())
KNOWN = {one.name for one in names.ALL}
WHOLE = re.compile(r"_(bucket|count|sum)$")


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*panels, *(one["expr"] for one in DASHBOARD["annotations"]["list"])]


def used(text: str) -> set[str]:
    """The metrics that an expression names."""
    found = re.findall(r"\breconcile_[a-z_]+", text)
    return {name if name in KNOWN else WHOLE.sub("", name) for name in found}


def test_the_alert_rules_are_rules_and_do_what_their_tests_say() -> None:
    promtool("check", "rules", "alerts.yaml", cwd=ALERTS)
    promtool("test", "rules", "alerts_test.yaml", cwd=ALERTS)


def test_every_alert_is_tested_quiet_and_loud() -> None:
    alerts = re.findall(r"alert: (\w+)", (ALERTS / "alerts.yaml").read_text())
    tests = (ALERTS / "alerts_test.yaml").read_text()
    for alert in alerts:
        assert f"alertname: {alert}, exp_alerts: []" in tests, alert
        assert re.search(rf"alertname: {alert}\n +exp_alerts:\n", tests), alert


def test_every_metric_that_alerts_and_panels_name_exists() -> None:
    rules = re.sub(r"summary:.*|description:.*", "", (ALERTS / "alerts.yaml").read_text())
    assert used(rules) - KNOWN == set()
    assert used(" ".join(expressions())) - KNOWN == set()


def test_the_dashboard_shows_every_metric() -> None:
    assert KNOWN - used(" ".join(expressions())) == set()


def test_the_panels_of_the_dashboard_are_apart_and_named() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] for panel in panels)
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


@pytest.fixture
def board() -> Board:
    return everything()


def test_prometheus_answers_every_query_of_the_dashboard_and_loads_the_rules(board: Board, tmp_path: Path) -> None:
    well = Health(well=True, says="")
    views = Views(board=lambda: board, health=lambda: well, ready=lambda: well, ask=lambda: None)
    rules = ALERTS / "alerts.yaml"
    with serving("127.0.0.1:0", views) as place, prometheus(tmp_path, {"reconcile": place}, rules) as server:
        until(lambda: asked(server, "count_over_time(reconcile_models[1m]) > 2"))
        queries = {one: one.replace("$target", ".*").replace("$__rate_interval", "1m") for one in expressions()}
        empty = [one for one, query in queries.items() if not asked(server, query)]
        until(lambda: asked(server, 'ALERTS{alertname="ReconcileServerDown"}'))
    assert [one for one in empty if "> 0" not in one] == []


def test_the_documentation_has_the_table_of_all_metrics() -> None:
    rows = [f"| `{one.name}` | {one.type.value} | {', '.join(one.labels)} | {one.says} |" for one in names.ALL]
    text = (ROOT / "docs" / "metrics.md").read_text()
    assert [row for row in text.splitlines() if row.startswith("| `reconcile_")] == rows
