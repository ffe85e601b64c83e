"""A server that gives recorded answers to real ccxt."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
from aiohttp import web

from trading_mcp.testkit.kucoin import point_at

KEYS = {"apiKey": "k", "secret": "s", "password": "p"}
_COINS = ("BTC", "LTC", "USDT")


def _good(data: Any) -> web.Response:
    return web.json_response({"code": "200000", "data": data})


def _symbol(name: str) -> dict[str, Any]:
    base, quote = name.split("-")
    return {
        "symbol": name,
        "baseCurrency": base,
        "quoteCurrency": quote,
        "baseIncrement": "0.00000001",
        "priceIncrement": "0.1",
        "baseMinSize": "0.00001",
        "baseMaxSize": "10000",
        "quoteMinSize": "0.1",
        "quoteMaxSize": "99999999",
        "quoteIncrement": "0.000001",
        "enableTrading": True,
        "isMarginEnabled": True,
    }


def _contract(name: str, base: str, multiplier: float) -> dict[str, Any]:
    return {
        "symbol": name,
        "baseCurrency": base,
        "quoteCurrency": "USDT",
        "settleCurrency": "USDT",
        "multiplier": multiplier,
        "lotSize": 1,
        "tickSize": 0.1,
        "isInverse": False,
        "status": "Open",
        "nextFundingRateTime": 1,
    }


_MARKETS: dict[str, Any] = {
    "/api/ua/v1/account/mode": {"selfAccountMode": "CLASSIC"},
    "/api/v3/currencies": [{"currency": c, "precision": 8, "chains": []} for c in _COINS],
    "/api/v2/symbols": [_symbol("BTC-USDT"), _symbol("LTC-USDT")],
    "/api/v3/margin/symbols": {"items": []},
    "/api/v1/isolated/symbols": [],
    "/api/v1/market/allTickers": {"ticker": []},
    "/api/v1/contracts/active": [
        _contract("XBTUSDTM", "XBT", 0.001),
        _contract("LTCUSDTM", "LTC", 0.1),
    ],
    "/api/v1/hf/accounts/opened": False,
}


class Replay:
    """Answers what is asked for the markets by itself, and everything else with *answer*."""

    def __init__(self, answer: Any = None, messages: Sequence[dict[str, Any]] = ()):
        self._answer, self._messages = answer, messages
        self.subscribed: list[dict[str, Any]] = []

    async def rest(self, request: web.Request) -> web.StreamResponse:
        if request.path in _MARKETS:
            return _good(_MARKETS[request.path])
        if request.path.startswith("/api/v1/bullet-"):
            server = {"endpoint": f"ws://{request.host}/endpoint", "pingInterval": 18_000}
            return _good({"token": "t", "instanceServers": [server]})
        return web.json_response(self._answer)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            asked = json.loads(message.data)
            if asked["type"] == "subscribe":
                self.subscribed.append(asked)
                for told in self._messages:
                    is_ack = told["type"] == "ack"
                    await socket.send_json({**told, "id": asked["id"]} if is_ack else told)
        return socket


@asynccontextmanager
async def replaying(replay: Replay) -> AsyncIterator[Any]:
    """Run the server; yield a real ccxt client that speaks to it."""
    app = web.Application()
    app.router.add_get("/endpoint", replay.socket)
    app.router.add_route("*", "/{path:.*}", replay.rest)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = ccxt.pro.kucoin({**KEYS, "enableRateLimit": False})
    client.timeout_on_exit = 0
    try:
        yield point_at(client, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await client.close()
        await runner.cleanup()
