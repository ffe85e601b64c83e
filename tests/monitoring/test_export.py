"""Figures of a day, a week or a month are computed from what really happened in it."""

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from trading_mcp.domain.entries import PeriodOpened
from trading_mcp.services.monitoring import FIGURES, KEYS


async def test_the_reference_s_own_request_is_answered_as_it_says(desk: Any) -> None:
    asked = {"format": "json", "period": "daily", "metrics": ["pnl", "win_rate", "latency"]}

    answer = await desk.http.post("/api/v1/monitoring/metrics/export", json=asked)

    data = answer.json()["data"]
    assert answer.json()["success"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", data["period"])
    assert data["metrics"] == {"pnl": 0.0, "win_rate": 0.0, "avg_latency_ms": 0.0}


async def test_figures_are_of_what_happened(desk: Any) -> None:
    await desk.trade(2)
    await desk.ask("submit_market_order", pair="BTC-USDT", side="buy", amount=0.001)

    found = (await desk.export())["metrics"]

    history = (await desk.ask("get_position_history")).positions
    pnl = await desk.ask("get_pnl")
    performance = await desk.ask("get_execution_performance")
    exposure = await desk.ask("get_exposure")
    assert found["pnl"] == pytest.approx(sum(p.realized_pnl for p in history))
    assert (found["trades"], found["losing_trades"], found["orders"]) == (2, 2, 5)
    assert (found["open_positions"], found["consecutive_losses"]) == (1, 2)
    assert found["fees"] == pytest.approx(pnl.fees)
    assert found["avg_latency_ms"] == pytest.approx(performance.avg_latency_ms)
    assert found["avg_slippage_pct"] == pytest.approx(performance.avg_slippage_pct)
    assert found["fill_rate"] == 100.0
    assert found["exposure"] == pytest.approx(exposure.current_exposure, rel=0.01)
    assert found["drawdown_pct"] > 0
    assert found["equity"] < 10_000


async def test_what_happened_before_the_period_does_not_count(desk: Any) -> None:
    await desk.trade()
    now = desk.session.clock.now() + 1
    began = {"at": now, "period": "day", "start": now, "equity": Decimal(10_000)}
    await desk.session.record(PeriodOpened(**began))

    before = (await desk.export(metrics=["pnl", "trades", "orders", "latency"]))["metrics"]
    await desk.trade()
    after = (await desk.export(metrics=["trades", "orders"]))["metrics"]

    assert before == {"pnl": 0.0, "trades": 0.0, "orders": 0.0, "avg_latency_ms": 0.0}
    assert after == {"trades": 1.0, "orders": 2.0}


async def test_each_period_has_its_name_and_its_start(desk: Any) -> None:
    now = datetime.fromtimestamp(desk.session.clock.now() / 1000, UTC)
    forms = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}

    found = {period: await desk.export(period=period, metrics=["pnl"]) for period in forms}

    starts = {name: datetime.fromisoformat(one["start"]) for name, one in found.items()}
    for name, form in forms.items():
        assert found[name]["period"] == now.strftime(form) == starts[name].strftime(form)
        assert (starts[name].hour, starts[name].minute) == (0, 0)
    assert (starts["weekly"].weekday(), starts["monthly"].day) == (0, 1)


async def test_the_same_figures_come_as_csv_and_for_prometheus(desk: Any) -> None:
    await desk.trade()

    plain = await desk.export(metrics=["pnl", "trades"])
    table = await desk.export(metrics=["pnl", "trades"], format="csv")
    text = await desk.export(metrics=["pnl", "trades"], format="prometheus")

    rows = list(csv.DictReader(io.StringIO(table["text"])))
    samples = {s.name: s for family in parsed(text["text"]) for s in family.samples}
    assert plain["text"] == ""
    assert table["content_type"].startswith("text/csv")
    assert text["content_type"].startswith("text/plain; version=0.0.4")
    assert {row["metric"]: float(row["value"]) for row in rows} == plain["metrics"]
    assert {row["period"] for row in rows} == {plain["period"]}
    for name, value in plain["metrics"].items():
        assert samples[f"trading_mcp_export_{name}"].value == value
        assert samples[f"trading_mcp_export_{name}"].labels == {"period": plain["period"]}


async def test_a_figure_is_asked_for_by_its_name_or_its_key(desk: Any) -> None:
    found = await desk.export(metrics=["avg_latency_ms", "latency", "slippage"])

    assert found["metrics"].keys() == {"avg_latency_ms", "avg_slippage_pct"}


async def test_a_figure_that_is_not_known_is_refused_with_those_that_are(desk: Any) -> None:
    body = {"metrics": ["pnl", "mood"]}

    answer = await desk.http.post("/api/v1/monitoring/metrics/export", json=body)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "INVALID_PARAMETER")
    assert told["details"] == {"field": "metrics[1]", "known": list(FIGURES)}


async def test_what_is_wrong_is_refused(desk: Any) -> None:
    wrong = [
        {"format": "xml"},
        {"period": "yearly"},
        {"metrics": []},
        {"metrics": "pnl"},
        {"metrics": [1]},
        {"since": "2025-01-01"},
    ]
    for body in wrong:
        answer = await desk.http.post("/api/v1/monitoring/metrics/export", json=body)
        assert answer.status_code == 400, body


def test_every_renamed_figure_is_one_that_there_is() -> None:
    assert KEYS.keys() <= FIGURES.keys()
    assert not set(KEYS.values()) & FIGURES.keys()
