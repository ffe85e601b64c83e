"""As it is shipped, the server trades within seconds, and all its faces tell the same story."""

import json
from typing import Any

import pytest
from websockets.sync.client import connect

pytestmark = pytest.mark.slow

QUICK = {"exchanges__sim__speed": 600}
READABLE = {**QUICK, "exchanges__sim__price_interval_ms": 500}
"""Between two prices there is time to ask for everything."""
KILL_SWITCH = "/api/v1/risk/sentinel/kill-switch"
CENT = 0.01


def test_it_trades_within_seconds_and_its_figures_agree(serve, until) -> None:
    server = serve(**READABLE)
    until(lambda: has_traded(server))

    seen = until(lambda: undisturbed(server))

    metrics, positions, past, portfolio, over_mcp = seen
    assert len(past) == metrics["total_trades"]
    assert sum(p["realized_pnl"] > 0 for p in past) == metrics["winning_trades"]
    assert sum(p["realized_pnl"] for p in past) == pytest.approx(metrics["total_pnl"])
    assert all(p["fees"] > 0 for p in [*past, *positions])
    assert len(positions) == metrics["active_positions"]
    assert positions == over_mcp["positions"]
    unrealized = sum(p["unrealized_pnl"] for p in positions)
    assert unrealized == pytest.approx(metrics["unrealized_pnl"])
    assert portfolio["total_value_usd"] == pytest.approx(metrics["equity"])
    paid = sum(p["realized_pnl"] for p in positions)
    gained = metrics["total_pnl"] + unrealized + paid
    assert metrics["equity"] == pytest.approx(10_000 + gained, abs=CENT)
    coins = {a["currency"]: a["balance"] for a in portfolio["assets"] if a["currency"] != "USDT"}
    assert coins == pytest.approx(held(positions))


def test_subscribers_hear_of_positions_trades_metrics_and_the_kill_switch(serve) -> None:
    server = serve(**QUICK)
    address = server.urls["gateway"].replace("http", "ws") + "/ws"
    channels = ["positions", "trades", "metrics", "alerts"]

    with connect(address) as socket:
        socket.send(json.dumps({"action": "subscribe", "channels": channels}))
        told = heard(socket, {"position_update", "trade_executed", "metrics_update"})
        server.send("POST", KILL_SWITCH, {"reason": "a drill"})
        told |= heard(socket, {"alert", "kill_switch"}, about="a drill")

    trade, position = told["trade_executed"], told["position_update"]
    assert (trade["status"], trade["reason"]) == ("filled", "signal")
    assert trade["price"] * trade["size"] > 0
    assert position["id"].startswith("pos_")
    assert told["metrics_update"]["active_positions"] >= 0
    assert told["kill_switch"]["active"] is True
    assert told["alert"]["severity"] == "critical"


def test_after_the_kill_switch_positions_only_get_fewer(serve, until) -> None:
    server = serve(exchanges__sim__speed=2_000)
    until(lambda: has_traded(server))
    server.send("POST", KILL_SWITCH, {"reason": "a drill"})
    newest = server.get("/api/v1/scalping/execution/history", limit=1)[0]["order_id"]

    until(lambda: server.get("/api/v1/scalping/positions") == [])

    later = server.get("/api/v1/scalping/execution/history", limit=50)
    later = later[: [order["order_id"] for order in later].index(newest)]
    assert {order["reason"] for order in later} & {"signal", "manual"} == set()
    assert server.get("/api/v1/scalping/status")["can_trade"] is False


def has_traded(server) -> bool:
    metrics = server.get("/api/v1/scalping/metrics")
    return metrics["total_trades"] > 2 and metrics["active_positions"] > 0


def undisturbed(server) -> tuple[Any, ...] | None:
    """Ask for all views; None if something happened between the first answer and the last."""
    before = server.get("/api/v1/scalping/metrics"), server.get("/api/v1/scalping/positions")
    views = (
        server.get("/api/v1/scalping/positions/history", limit=1000),
        server.call("get_portfolio"),
        server.call("get_positions"),
    )
    after = server.get("/api/v1/scalping/metrics"), server.get("/api/v1/scalping/positions")
    return (*before, *views) if before == after else None


def held(positions: list[dict[str, Any]]) -> dict[str, float]:
    coins: dict[str, float] = {}
    for position in positions:
        coin = position["symbol"].partition("-")[0]
        coins[coin] = coins.get(coin, 0.0) + position["size"]
    return coins


def heard(socket, kinds: set[str], about: str = "") -> dict[str, dict[str, Any]]:
    """Read until all *kinds* of events were there; return the first of each about *about*."""
    found: dict[str, dict[str, Any]] = {}
    while kinds - found.keys():
        event = json.loads(socket.recv(timeout=30))
        if event["type"] in kinds and about in json.dumps(event.get("data", {})):
            found.setdefault(event["type"], event["data"])
    return found
