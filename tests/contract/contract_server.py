"""One whole server on free ports, asked over HTTP, WebSocket and MCP as a stranger would."""

import asyncio
import concurrent.futures
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator
from functools import cached_property
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from fastmcp import Client
from mcp.types import CallToolResult
from websockets.sync.client import ClientConnection, connect

from trading_mcp import app
from trading_mcp.api.mcp.access import STDIO, from_inside
from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.server import build_mcp
from trading_mcp.api.server import bind, build_app, serve
from trading_mcp.config import load

SHIPPED = Path(__file__).parents[2] / "config.toml"
KILL_SWITCH = "/api/v1/risk/sentinel/kill-switch"
PATIENCE_S = 40.0
HAND_MADE = (
    "exchanges.sim.speed=1000",
    "exchanges.sim.latency_ms=0",
    "exchanges.sim.price_interval_ms=50",
    "exchanges.sim.balance_usdt=100000",
    "scalping.autostart=false",
    "risk.max_position_size_usd=10000",
    "risk.max_total_exposure_usd=90000",
    "risk.max_orders_per_minute=1000",
    "risk.stop_loss_percent=40",
    "risk.take_profit_percent=40",
    'exchanges.sim.faults.closed=["SOL-USDT"]',
    *(f"server.{port}=0" for port in ("port", "rest_port", "mcp_port")),
)
"""Trades are made by hand, so that each test finds what it needs and nothing else happens."""


class Clients(NamedTuple):
    """Of MCP: over HTTP, and in the server's own process."""

    http: Client[Any]
    inside: Client[Any]


class Serving:
    """A server, and its clients. *engine* is what runs in it."""

    def __init__(self, urls: dict[str, str], engine: app.Server, clients: Clients, loop: Any):
        self.urls, self.engine, self._clients, self._loop = urls, engine, clients, loop
        self.http = httpx.Client(base_url=urls["rest"], timeout=PATIENCE_S)
        self.limits = self.data("GET", "/api/v1/scalping/risk/limits")["parameters"]

    def request(self, method: str, path: str, **also: Any) -> httpx.Response:
        return self.http.request(method, path, **also)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """Return what stands in the answer's `data`; without any, the answer."""
        reply = self.request(method, path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json().get("data", reply.json())

    def result(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Return a tool's result, be it an answer or an error."""
        return self.wait(self._clients.http.call_tool(tool, arguments, raise_on_error=False))

    def inside(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Return a tool's result, without JSON between it and the arguments."""

        async def asked() -> CallToolResult:
            with from_inside(STDIO):
                return await self._clients.inside.call_tool(tool, arguments, raise_on_error=False)

        return self.wait(asked())

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return a tool's answer."""
        result = self.result(tool, arguments)
        assert not result.is_error, result.structured_content or result.content
        assert result.structured_content is not None
        return result.structured_content

    @cached_property
    def tools(self) -> dict[str, Any]:
        """The tools as listed, by name."""
        return {tool.name: tool for tool in self.wait(self._clients.http.list_tools())}

    @contextlib.contextmanager
    def listening(self, *channels: str) -> Iterator[ClientConnection]:
        """Subscribe to *channels*."""
        with connect(self.urls["gateway"].replace("http", "ws") + "/ws") as socket:
            socket.send(json.dumps({"action": "subscribe", "channels": channels}))
            yield socket

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run *work* where the MCP client lives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)


@contextlib.contextmanager
def serving(folder: Path, *settings: str) -> Iterator[Serving]:
    """Serve with the shipped configuration, *settings* over it, from a thread of its own."""
    ready: concurrent.futures.Future[Serving] = concurrent.futures.Future()
    running = _Thread(folder, settings, ready)
    running.start()
    server = ready.result(PATIENCE_S)
    try:
        yield server
    finally:
        server.http.close()
        running.stop()


class _Thread(threading.Thread):
    def __init__(
        self,
        folder: Path,
        settings: tuple[str, ...],
        ready: "concurrent.futures.Future[Serving]",
    ):
        super().__init__(daemon=True)
        self._settings = (f'storage.data_dir="{folder}"', *HAND_MADE, *settings)
        self._ready = ready
        self._loop, self._stop_event = asyncio.new_event_loop(), asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:
                if self._ready.done():
                    raise
                self._ready.set_exception(error)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop_event.set)
        self.join(PATIENCE_S)

    async def _serve(self) -> None:
        config = load(SHIPPED, self._settings)
        listens: asyncio.Future[dict[str, str]] = self._loop.create_future()
        async with app.running(config) as server:
            context = app.context(config, server)
            offered = catalogue(context.operations.values(), context.mcp)
            mcp = build_mcp(context, offered)
            served = asyncio.create_task(
                serve(
                    build_app(context),
                    config.server,
                    bind(config.server),
                    on_ready=listens.set_result,
                    stop=self._stop_event,
                )
            )
            await asyncio.wait([listens, served], return_when=asyncio.FIRST_COMPLETED)
            urls = await listens if listens.done() else await served or {}
            there = Client(urls["mcp"], timeout=PATIENCE_S)
            async with there as over_http, Client(mcp) as inside:
                clients = Clients(over_http, inside)
                asking = asyncio.to_thread(Serving, urls, server, clients, self._loop)
                self._ready.set_result(await asking)
                await self._stop_event.wait()
            await served


class Stage:
    """Makes what the documented requests take for granted: positions, orders, alerts."""

    def __init__(self, server: Serving):
        self.server = server

    def set(self) -> None:
        """Make one of everything that has happened before."""
        for side in ("buy", "sell"):
            self.server.call("submit_market_order", pair="ETH-USDT", side=side, amount=0.05)
        self.server.data("POST", KILL_SWITCH, {"reason": "a drill"})
        self.calm()
        self.position()
        self.order()

    def calm(self) -> None:
        """Undo what a test has switched."""
        self.server.request("DELETE", KILL_SWITCH)
        self.server.request("PUT", "/api/v1/scalping/risk/limits", json=self.server.limits)
        self.server.request("POST", "/api/v1/scalping/stop")

    def position(self, pair: str = "DOGE-USDT", side: str = "buy", amount: float = 500) -> str:
        """Return the id of a position by hand, made unless there is one."""
        held = self.held(pair)
        if not held:
            self.server.call("submit_market_order", pair=pair, side=side, amount=amount)
            held = self.held(pair)
        return str(held[0]["id"])

    def no_position(self, pair: str = "DOGE-USDT") -> None:
        """Close the position by hand, if there is one."""
        for position in self.held(pair):
            sold = {"pair": pair, "side": "sell", "amount": position["size"]}
            self.server.call("submit_market_order", **sold)

    def leave(self) -> None:
        """Cancel every order and close every position by hand."""
        self.server.call("cancel_all_orders", exits=True)
        for position in self._by_hand():
            side = "sell" if position["side"] == "long" else "buy"
            away = {"pair": position["symbol"], "side": side, "amount": position["size"]}
            self.server.call("submit_market_order", **away, leverage=position["leverage"])

    def winner(self) -> str:
        """Return the id of a position whose price lies beyond break-even."""
        sides = zip(("BTC", "ETH", "DOGE", "SOL", "XRP"), cycle(("buy", "sell")), strict=False)
        worth = 500
        ids = {
            self.position(pair, side, round(worth / self.last(pair), 3))
            for coin, side in sides
            for pair in [f"{coin}-USDT-PERP"]
        }
        with self.server.listening("positions") as socket:
            while True:
                told = json.loads(socket.recv(PATIENCE_S)).get("data", {})
                if told.get("id") in ids and told["unrealized_pnl"] > worth * 0.008:
                    return str(told["id"])

    def order(self) -> str:
        """Return the id of a working order."""
        order = {"pair": "BTC-USDT", "side": "buy", "amount": 0.001}
        price = round(self.last("BTC-USDT") * 0.7)
        return str(
            self.server.call("submit_limit_order", **order, price=price)["order"]["order_id"]
        )

    def alert(self) -> str:
        """Return the id of an alert."""
        return str(self.server.data("GET", "/api/v1/alerts/history")[0]["id"])

    def backtest(self) -> str:
        """Return the id of a backtest that has completed."""
        asked = {"symbol": "DOGE-USDT", "strategy": "rsi_scalping"}
        times = {"start_date": "2025-10-31", "end_date": "2025-11-01"}
        while (told := self.server.call("run_backtest", **asked, **times))["status"] == "running":
            pass
        return str(told["id"])

    def optimization(self) -> str:
        """Return the id of a search that has completed."""
        asked = {
            "symbol": "DOGE-USDT",
            "strategy": "rsi_scalping",
            "parameters": {"rsi_period": [7, 14]},
            "start_date": "2025-10-27",
            "end_date": "2025-11-01",
        }
        while (told := self.server.call("optimize_parameters", **asked))["status"] != "completed":
            pass
        return str(told["optimization_id"])

    def last(self, pair: str = "DOGE-USDT") -> float:
        """Return the pair's last price."""
        return float(self.server.call("get_ticker", pair=pair)["last"])

    def held(self, pair: str) -> list[dict[str, Any]]:
        """Return the positions by hand in *pair*."""
        return [position for position in self._by_hand() if position["symbol"] == pair]

    def _by_hand(self) -> list[dict[str, Any]]:
        everything = self.server.call("get_positions")["positions"]
        return [position for position in everything if position["strategy"] == "manual"]
