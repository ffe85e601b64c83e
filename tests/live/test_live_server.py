"""The real server trades live: over its own faces, through a crash, with others on the account."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from live_server import Rig, Server, rigged, until, until_told
from websockets.asyncio.client import connect

from trading_mcp.domain.entries import FundsMoved
from trading_mcp.testkit.kucoin import ByHand

pytestmark = pytest.mark.slow

ACCOUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "classic": ("BTC-USDT", {}),
    "hf": ("BTC-USDT", {"hf": True}),
    "futures": ("BTC-USDT-PERP", {}),
}
SCALP = {"side": "buy", "amount": 0.004, "stop_loss_pct": 2, "take_profit_pct": 4}


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_stop_rests_follows_and_closes_the_position_while_the_server_is_dead(
    tmp_path: Path, account: str
) -> None:
    market, settings = ACCOUNTS[account]
    async with rigged(tmp_path, **settings) as rig:
        server = await rig.serve()
        async with listening(server) as told:
            opened = await server.call("execute_trade", pair=market, **SCALP)
            trade = await heard(told, "trade_executed")
        first = await until(rig.resting)
        (position,) = await server.positions()
        path = f"/api/v1/positions/{position['id']}/sltp"
        await server.send("PUT", path, {"stop_loss": 49_500})
        moved = await until(lambda: [o for o in rig.resting() if o["stop_price"] == "49500"])
        await rig.agree()

        server.kill()
        rig.kucoin.price(market, 49_400)
        again = await rig.serve()
        journal = await rig.agree()
        left, past = await again.positions(), await again.get("/api/v1/scalping/positions/history")

    assert opened["outcome"] == "filled"
    assert trade["order_id"] == opened["order"]["order_id"]
    assert [float(o["stop_price"]) for o in first] == [pytest.approx(49_000, abs=1)]
    assert (moved[0]["side"], moved[0]["size"]) == ("sell", "0.004")
    assert left == []
    assert [p["id"] for p in past] == [position["id"]]
    assert journal.state.kill_switch is None
    assert journal.state.halted == {}


async def test_orders_by_hand_trade_rest_and_are_taken_back(tmp_path: Path) -> None:
    async with rigged(tmp_path) as rig:
        server = await rig.serve()
        common = {"pair": "BTC-USDT", "side": "buy", "amount": 0.002}
        bought = await server.call("submit_market_order", **common)
        rests = await server.call("submit_limit_order", **common, price=48_000)
        waits = await server.call("submit_stop_order", **common, stop_price=52_000)
        for order in (rests, waits):
            await server.call("cancel_order", order_id=order["order"]["order_id"])
        journal = await rig.agree()
        (position,) = await server.positions()
        answer = await server.send("POST", f"/api/v1/positions/{position['id']}/close", {})
        closed = await rig.agree()
        status = await server.get("/api/v1/scalping/status")

    assert [bought["outcome"], rests["outcome"], waits["outcome"]] == [
        "filled",
        "accepted",
        "accepted",
    ]
    statuses = sorted(order.status for order in journal.orders.values() if not order.protective)
    assert statuses == ["cancelled", "cancelled", "filled"]
    assert answer["data"]["outcome"] == "closed"
    # Its stop went first: both together would have sold the coins twice.
    assert [o for o in closed.orders.values() if o.working] == []
    assert closed.positions == []
    assert "kucoin (live)" in json.dumps(status)


async def test_what_others_do_on_the_account_is_adopted_booked_or_halts_it(tmp_path: Path) -> None:
    async with rigged(tmp_path, balances={"USDT": 10_000.0, "ETH": 1.0}) as rig:
        server = await rig.serve()
        before = (await server.get("/api/v1/scalping/metrics"))["total_pnl"]
        rig.kucoin.transfer("USDT", 500)
        theirs = {"symbol": "ETH-USDT", "side": "sell", "type": "limit"}
        rig.kucoin.place(ByHand(**theirs, amount=0.1, price=2_600.0))
        await until(lambda: "outside_order" in server.log)
        await until(lambda: 500 in moved(rig))
        metrics = await server.get("/api/v1/scalping/metrics")

        rig.kucoin.exchange.wallets["spot"].account.state.cash["USDT"] -= Decimal(7)
        stopped = await until_told(lambda: halted(server))
        refused = await server.call(
            "submit_market_order", pair="BTC-USDT", side="buy", amount=0.002
        )

    assert metrics["total_pnl"] == before == 0
    assert list(stopped) == ["kucoin:USDT"]
    assert refused["code"]


def moved(rig: Rig) -> list[Decimal]:
    """Return the amounts that were booked as neither trade nor fee."""
    entries = rig.ledgers().ours.entries
    return [entry.flow.amount for entry in entries if isinstance(entry, FundsMoved)]


async def halted(server: Server) -> dict[str, str]:
    """Return what is halted."""
    found: dict[str, str] = (await server.send("POST", "/api/v1/risk/sentinel/state"))["data"][
        "halted"
    ]
    return found


@contextlib.asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Any]:
    """Follow what the server tells of trades, positions and alerts."""
    address = server.urls["gateway"].replace("http", "ws") + "/ws"
    async with connect(address) as socket:
        channels = ["positions", "trades", "alerts"]
        await socket.send(json.dumps({"action": "subscribe", "channels": channels}))
        yield socket


async def heard(socket: Any, kind: str) -> Any:
    """Return the first event of *kind*."""
    async with asyncio.timeout(30):
        while (event := json.loads(await socket.recv()))["type"] != kind:
            pass
    return event["data"]
