"""REST: every route answers as the API reference has it."""

from typing import Any

import httpx
import pytest
from api_fakes import Fakes

from trading_mcp.api.access import LOCAL_REST
from trading_mcp.domain.errors import IdempotencyConflict, KillSwitchActive
from trading_mcp.services.operations import Caller
from trading_mcp.services.shapes.execution import BotRequest, PairRequest
from trading_mcp.services.shapes.positions import (
    PositionHistoryRequest,
    StopsRequest,
    TrailingRequest,
)
from trading_mcp.services.shapes.risk import KillSwitchRequest
from trading_mcp.services.shapes.strategies import StrategyConfig

SCALPING = "/api/v1/scalping"
POSITION = (
    "id symbol side entry_price current_price size leverage unrealized_pnl stop_loss take_profit "
    "open_time strategy"
)
PERFORMANCE = "total_trades win_rate total_pnl avg_win avg_loss sharpe_ratio max_drawdown"

# The documented keys of `data`, by route.
ANSWERS = [
    ("/status", "running uptime pairs_count active_strategies health_status errors"),
    ("/metrics", "total_trades win_rate total_pnl daily_pnl avg_latency_ms active_positions"),
    ("/health", "status running uptime errors timestamp"),
    ("/strategies/rsi_scalping", "name active weight performance"),
    ("/strategies/rsi_scalping/performance", f"{PERFORMANCE} profit_factor"),
    (
        "/risk/limits",
        "parameters can_trade limit_reason current_exposure daily_pnl consecutive_losses",
    ),
    ("/risk/exposure", "current_exposure max_exposure exposure_percent available_exposure"),
    (
        "/execution/latency",
        "avg_latency_ms p50_latency_ms p95_latency_ms p99_latency_ms max_latency_ms",
    ),
]
LISTINGS = [
    ("/positions", POSITION),
    (
        "/positions/history",
        "id symbol side entry_price exit_price size realized_pnl open_time close_time close_reason",
    ),
    ("/strategies", "name active weight performance"),
    ("/execution/history", "order_id symbol side type size price status latency_ms timestamp"),
]
DOINGS: list[tuple[str, str, Any]] = [
    ("POST", f"{SCALPING}/start", None),
    ("POST", f"{SCALPING}/stop", None),
    ("POST", f"{SCALPING}/pairs/add", {"exchange": "sim", "pair": "DOGE-USDT"}),
    ("POST", f"{SCALPING}/pairs/remove", {"exchange": "sim", "pair": "DOGE-USDT"}),
    ("POST", f"{SCALPING}/strategies/rsi_scalping/start", None),
    ("POST", f"{SCALPING}/strategies/rsi_scalping/stop", None),
    ("PUT", f"{SCALPING}/strategies/rsi_scalping/config", {"rsi_period": 14}),
    ("PUT", f"{SCALPING}/risk/limits", {"max_position_size_usd": 50.0}),
    ("PUT", "/api/v1/positions/pos_123/sltp", {"stop_loss": 0.084}),
    ("POST", "/api/v1/positions/pos_123/breakeven", None),
    ("POST", "/api/v1/positions/pos_123/trailing-stop", {"distance_percent": 0.2}),
    ("POST", "/api/v1/positions/pos_123/close", None),
    ("POST", "/api/v1/positions/pos_123/close", {"amount": 0.5}),
    ("POST", "/api/v1/risk/sentinel/kill-switch", {"reason": "high volatility"}),
    ("DELETE", "/api/v1/risk/sentinel/kill-switch", None),
]


@pytest.mark.parametrize(("path", "keys"), ANSWERS)
async def test_one_thing_comes_as_data(client: httpx.AsyncClient, path: str, keys: str) -> None:
    answer = await client.get(SCALPING + path)

    assert answer.status_code == 200
    assert answer.json().keys() == {"success", "data"}
    assert answer.json()["success"] is True
    assert set(keys.split()) <= answer.json()["data"].keys()


@pytest.mark.parametrize(("path", "keys"), LISTINGS)
async def test_several_come_with_their_count(
    client: httpx.AsyncClient, path: str, keys: str
) -> None:
    answer = (await client.get(SCALPING + path)).json()

    assert answer.keys() - {"broken"} == {"success", "data", "count"}
    assert answer["success"] is True
    assert set(keys.split()) <= answer["data"][0].keys()


@pytest.mark.parametrize(("method", "path", "body"), DOINGS)
async def test_what_is_done_is_said(
    client: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    answer = await client.request(method, path, json=body)

    assert answer.status_code == 200
    assert {"success", "message"} <= answer.json().keys()
    assert answer.json()["success"] is True


async def test_documented_extras_stand_beside_the_message(client: httpx.AsyncClient) -> None:
    breakeven = await client.post("/api/v1/positions/pos_123/breakeven")
    killed = await client.post("/api/v1/risk/sentinel/kill-switch", json={"reason": "why"})

    assert "new_stop_loss" in breakeven.json()
    assert "timestamp" in killed.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/risk/sentinel/state"), ("GET", "/api/v1/positions/manager/state")],
)
async def test_states_come_as_data(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)

    assert answer.json().keys() == {"success", "data"}


async def test_what_is_asked_reaches_the_operation(client: httpx.AsyncClient, fakes: Fakes) -> None:
    await client.get(f"{SCALPING}/positions/history?limit=5&from=2025-11-01&to=2025-11-16")
    await client.post(f"{SCALPING}/start", json={"pairs": ["BTC-USDT"]})
    await client.put(f"{SCALPING}/strategies/rsi/config", json={"rsi_period": 14})
    await client.put("/api/v1/positions/pos_1/sltp", json={"take_profit": 2})
    await client.post("/api/v1/positions/pos_1/trailing-stop", json={"distance_percent": 0.2})

    assert [request for _, request, _ in fakes.calls] == [
        PositionHistoryRequest(limit=5, start="2025-11-01", end="2025-11-16"),
        BotRequest(pairs=["BTC-USDT"]),
        StrategyConfig(name="rsi", config={"rsi_period": 14}),
        StopsRequest(position_id="pos_1", take_profit=2.0),
        TrailingRequest(position_id="pos_1", distance_percent=0.2),
    ]


async def test_bodies_may_be_left_out_where_nothing_must_be_said(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    await client.post(f"{SCALPING}/start")
    await client.post("/api/v1/risk/sentinel/kill-switch")

    assert [request for _, request, _ in fakes.calls] == [BotRequest(), KillSwitchRequest()]


async def test_the_idempotency_key_is_handed_on(client: httpx.AsyncClient, fakes: Fakes) -> None:
    await client.post(
        f"{SCALPING}/pairs/add", json={"pair": "BTC-USDT"}, headers={"Idempotency-Key": "once"}
    )

    called = PairRequest(pair="BTC-USDT"), Caller("local:rest", "once", scopes=LOCAL_REST.scopes)
    assert fakes.called("add_pair") == called


async def test_an_idempotency_key_has_bounds(client: httpx.AsyncClient, fakes: Fakes) -> None:
    answer = await client.post(f"{SCALPING}/stop", headers={"Idempotency-Key": "k" * 129})

    assert answer.status_code == 400
    assert answer.json()["details"]["field"] == "Idempotency-Key"
    assert fakes.calls == []


@pytest.mark.parametrize(
    ("error", "status", "code", "details"),
    [
        (
            KillSwitchActive("Trading is disabled", hint="Ask your user.", reason="loss"),
            403,
            "KILL_SWITCH_ACTIVE",
            {"reason": "loss", "hint": "Ask your user.", "requires_human": True},
        ),
        (IdempotencyConflict("Used before"), 409, "INVALID_REQUEST", {}),
    ],
)
async def test_an_operations_refusal_has_the_documented_form(
    client: httpx.AsyncClient, fakes: Fakes, error: Exception, status: int, code: str, details: Any
) -> None:
    fakes.answers["start_bot"] = error

    answer = await client.post(f"{SCALPING}/start")

    assert answer.status_code == status
    assert answer.json() == {
        "success": False,
        "error": str(error),
        "code": code,
        "details": details,
    }


async def test_a_fault_of_ours_tells_nothing_but_the_requests_number(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    fakes.answers["bot_status"] = ZeroDivisionError("a secret")

    answer = await client.get(f"{SCALPING}/status", headers={"X-Request-ID": "my-number"})

    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "error": "Internal server error",
        "code": "INTERNAL_ERROR",
        "details": {"request_id": "my-number"},
    }
    assert answer.headers["x-request-id"] == "my-number"
