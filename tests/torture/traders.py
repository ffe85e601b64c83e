"""Clients that trade at random, over MCP and REST, and prices that move at random."""

import asyncio
import contextlib
from random import Random
from typing import Any

import httpx
from fastmcp import Client

from trading_mcp.testkit.kucoin import Loopback

PRICES = {
    "BTC-USDT": 50_000.0,
    "ETH-USDT": 2_500.0,
    "BTC-USDT-PERP": 50_000.0,
    "ETH-USDT-PERP": 2_500.0,
}
_WORTH = (30.0, 120.0)
"""Orders are worth so much, in quote."""
_PAUSE_S = 0.3
_TRADERS = 4
_REPEATED = 0.5
"""The share of calls without an answer that are made again, with the same key."""


class Trader:
    """One who trades; what was not answered is asked again of the next server, by the same key."""

    def __init__(self, name: str, seed: int, kucoin: Loopback):
        self._name, self._random, self._kucoin = name, Random(f"{seed}/{name}"), kucoin
        self._number = 0
        self._unanswered: tuple[str, dict[str, Any]] | None = None

    async def trade(self, mcp: Any) -> None:
        """Trade until cancelled, or the server is gone."""
        while True:
            await self._act(mcp)
            await asyncio.sleep(self._random.uniform(0, _PAUSE_S))

    async def _act(self, mcp: Any) -> None:
        tool, arguments = self._unanswered or await self._next(mcp)
        again = self._random.random() < _REPEATED
        self._unanswered = (tool, arguments) if again else None
        await mcp.call_tool(tool, arguments, raise_on_error=False)
        self._unanswered = None

    async def _next(self, mcp: Any) -> tuple[str, dict[str, Any]]:
        self._number += 1
        key = {"idempotency_key": f"{self._name}-{self._number}"}
        if self._random.random() < 0.25:
            found = await mcp.call_tool("get_open_orders", {}, raise_on_error=False)
            working = (found.structured_content or {}).get("orders") or []
            if working:
                order_id = self._random.choice(working)["order_id"]
                return "cancel_order", {"order_id": order_id, **key}
        tool, arguments = self._order()
        return tool, {**arguments, **key}

    def _order(self) -> tuple[str, dict[str, Any]]:
        pair = self._random.choice(list(PRICES))
        price = self._kucoin.prices.last(pair)
        worth = self._random.uniform(*_WORTH)
        side = self._random.choice(["buy", "sell"])
        common = {"pair": pair, "side": side, "amount": worth / price}
        away = price * self._random.uniform(0.001, 0.01) * (1 if side == "buy" else -1)
        match self._random.choice(["market", "limit", "limit", "stop", "scalp"]):
            case "limit":
                return "submit_limit_order", {**common, "price": price - away}
            case "stop":
                return "submit_stop_order", {**common, "stop_price": price + away}
            case "scalp":
                exits = {"stop_loss_pct": 0.3, "take_profit_pct": 0.5}
                return "execute_trade", {**common, **exits}
        return "submit_market_order", common


class Desk:
    """One MCP client, over which several trade."""

    def __init__(self, name: str, seed: int, kucoin: Loopback):
        self._traders = [Trader(f"{name}-{n}", seed, kucoin) for n in range(_TRADERS)]

    async def trade(self, urls: dict[str, str], begun: asyncio.Event) -> None:
        """Connect, and from *begun* on trade until cancelled, or the server is gone."""
        with contextlib.suppress(Exception):  # whatever a client makes of a server that is killed
            async with Client(urls["mcp"], timeout=20) as mcp:
                await begun.wait()
                await asyncio.gather(*(trader.trade(mcp) for trader in self._traders))


class Keeper:
    """A client that looks after positions over REST: moves their stops, and closes them."""

    def __init__(self, seed: int, kucoin: Loopback):
        self._random, self._kucoin = Random(f"{seed}/keeper"), kucoin

    async def trade(self, urls: dict[str, str], begun: asyncio.Event) -> None:
        """Look after them from *begun* on until cancelled, or the server is gone."""
        await begun.wait()
        async with httpx.AsyncClient(base_url=urls["rest"], timeout=20) as rest:
            with contextlib.suppress(httpx.HTTPError):
                while True:
                    await asyncio.sleep(self._random.uniform(0, 2 * _PAUSE_S))
                    found = await rest.get("/api/v1/scalping/positions")
                    if positions := found.json().get("data"):
                        await self._act(rest, self._random.choice(positions))

    async def _act(self, rest: httpx.AsyncClient, position: dict[str, Any]) -> None:
        path = f"/api/v1/positions/{position['id']}"
        match self._random.choice(["close", "part", "stop", "trailing"]):
            case "close":
                await rest.post(f"{path}/close", json={})
            case "part":
                await rest.post(f"{path}/close", json={"amount": position["size"] / 2})
            case "stop":
                far = self._random.uniform(0.001, 0.006)
                away = -far if position["side"].lower() in ("long", "buy") else far
                level = position["current_price"] * (1 + away)
                await rest.put(f"{path}/sltp", json={"stop_loss": level})
            case "trailing":
                body = {"distance_percent": self._random.uniform(0.1, 0.5)}
                await rest.post(f"{path}/trailing-stop", json=body)


async def move_prices(kucoin: Loopback, seed: int) -> None:
    """Let prices wander around where they began, until cancelled."""
    random = Random(f"{seed}/prices")
    while True:
        await asyncio.sleep(random.uniform(0.02, 0.2))
        pair = random.choice(list(PRICES))
        last, home = kucoin.prices.last(pair), PRICES[pair]
        pull = (home - last) / home * 0.05
        kucoin.price(pair, round(last * (1 + pull + random.gauss(0, 0.0015)), 1))
