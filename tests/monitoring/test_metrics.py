"""Prometheus reads the server's state as it is."""

import math
from typing import Any

import httpx
import pytest
from fastmcp import Client
from prometheus_client.parser import text_string_to_metric_families as parsed

from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.server import build_mcp


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((f"trading_mcp_{name}", frozenset(labels.items())))


async def test_the_state_is_told_as_it_is(desk: Any) -> None:
    await desk.trade()
    await desk.ask("submit_market_order", pair="BTC-USDT", side="buy", amount=0.001)

    text = await desk.scrape()

    history = (await desk.ask("get_position_history")).positions
    assert value(text, "engine_running") == 0
    assert value(text, "kill_switch_active") == 0
    assert value(text, "can_trade") == 1
    assert value(text, "journal_healthy") == 1
    assert value(text, "stale_markets") == 0
    assert value(text, "open_positions") == 1
    assert value(text, "equity") < 10_000
    assert value(text, "exposure") > 0
    assert value(text, "exposure_limit") == 1000
    assert value(text, "realized_pnl", period="day") == pytest.approx(history[0].realized_pnl)
    assert value(text, "trades_total", strategy="manual", result="lost") == 1
    assert value(text, "fills_total", strategy="manual", side="buy") >= 2
    assert value(text, "orders_total", exchange="sim", outcome="filled") == 3
    assert value(text, "order_latency_seconds_count", exchange="sim") == 3


async def test_the_kill_switch_and_refusals_are_seen(desk: Any) -> None:
    await desk.ask("activate_kill_switch", reason="a test")
    with pytest.raises(Exception, match="kill switch"):
        await desk.trade()

    text = await desk.scrape()

    assert value(text, "kill_switch_active") == 1
    assert value(text, "can_trade") == 0
    assert value(text, "orders_refused_total", rule="kill_switch_is_on") == 1
    assert value(text, "alerts_total", trigger="kill_switch", severity="critical") == 1


async def test_latencies_are_a_histogram_that_adds_up(desk: Any) -> None:
    await desk.trade(3)

    found = {
        float(dict(labels)["le"]): count
        for (name, labels), count in samples(await desk.scrape()).items()
        if name == "trading_mcp_order_latency_seconds_bucket"
    }

    counts = [found[bound] for bound in sorted(found)]
    measured = desk.session.state.executed().latency
    assert counts == sorted(counts)
    assert (found[math.inf], measured.count) == (6, 6)
    assert value(await desk.scrape(), "order_latency_seconds_sum", exchange="sim") == (
        pytest.approx(measured.sum / 1000)
    )


async def test_requests_are_counted_by_their_route_not_their_path(desk: Any) -> None:
    for path in ("/api/v1/scalping/strategies/a", "/api/v1/scalping/strategies/b"):
        await desk.http.get(path)
    for path in ("/made/up", "/made/up/more"):
        await desk.http.get(path)
    await desk.http.request("BREW", "/api/v1/scalping/status")
    await desk.http.get("/health", headers={"host": "evil.example"})

    text = await desk.scrape()

    route = "/api/v1/scalping/strategies/{name}"
    took = "http_request_duration_seconds_count"
    assert value(text, "http_requests_total", method="GET", route=route, status="404") == 2
    assert value(text, "http_requests_total", method="GET", route="none", status="404") == 2
    assert value(text, "http_requests_total", method="GET", route="none", status="421") == 1
    assert value(text, took, method="GET", route=route) == 2
    assert "made" not in text
    assert "BREW" not in text
    assert 'method="other"' in text


async def test_tool_calls_are_counted_by_tool_and_result(desk: Any) -> None:
    context = desk.context
    server = build_mcp(context, catalogue(context.operations.values(), context.mcp))
    from trading_mcp.api.access import LOCAL_MCP
    from trading_mcp.api.mcp.access import from_inside

    with from_inside(LOCAL_MCP):
        async with Client(server) as client:
            await client.call_tool("bot_status", {})
            await client.call_tool("get_candles", {"pair": "X"}, raise_on_error=False)
            await client.call_tool("made_up", {}, raise_on_error=False)

    text = await desk.scrape()

    assert value(text, "mcp_calls_total", tool="bot_status", result="ok") == 1
    assert value(text, "mcp_calls_total", tool="get_candles", result="INVALID_PARAMETER") == 1
    assert value(text, "mcp_calls_total", tool="unknown", result="INVALID_REQUEST") == 1
    assert "made_up" not in text


async def test_subscribers_are_counted(desk: Any) -> None:
    assert value(await desk.scrape(), "websocket_subscribers") == 0


async def test_the_process_itself_is_measured(desk: Any) -> None:
    text = await desk.scrape()

    assert samples(text)["process_resident_memory_bytes", frozenset()] > 1e6
    assert "python_gc_objects_collected_total" in text


async def test_every_measurement_has_a_meaning_and_a_name_of_ours(desk: Any) -> None:
    await desk.trade()
    families = (await desk.ask("get_measurements")).families

    assert len({family.name for family in families}) == len(families) > 20
    for family in families:
        assert family.name.startswith("trading_mcp_")
        assert len(family.meaning) > 5
        assert family.name.endswith("_total") == (family.kind == "counter")


async def test_it_is_text_as_prometheus_wants_it(desk: Any) -> None:
    answer = await desk.http.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# HELP trading_mcp_equity" in answer.text
    assert "# TYPE trading_mcp_trades_total counter" in answer.text


async def test_figures_over_a_restart_go_on_where_they_were(opened: Any) -> None:
    async with opened() as desk:
        await desk.trade()
    async with opened() as desk:
        text = await desk.scrape()

    assert value(text, "trades_total", strategy="manual", result="lost") == 1
    assert value(text, "orders_total", exchange="sim", outcome="filled") == 2


async def test_an_unknown_equity_is_not_a_number(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(desk.session.core.standings, "equity", lambda: None)

    text = await desk.scrape()

    assert math.isnan(value(text, "equity") or 0.0)
    assert isinstance(await desk.http.get("/health"), httpx.Response)
