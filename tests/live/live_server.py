"""Real server processes, live or on paper, at a KuCoin that the test holds in its hands."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastmcp import Client
from live_engine import KEYS, PRICES, written
from torture.eager import install
from torture.journals import Journal, read_journal
from torture.nursery import Child, Nursery
from torture.two_ledgers import TwoLedgers

from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin

T = TypeVar("T")
NURSERY = Nursery()
PATIENCE_S = 60.0
"""A machine that runs other tests too is slow; what takes this long will never come."""
EVERY_S = 0.1
TRADED = {
    "exchanges.sim.enabled": False,
    "exchanges.kucoin.max_exposure_usd": 2_000,
    "exchanges.kucoin.api_key": "env:LOOPBACK_KEY",
    "exchanges.kucoin.secret": "env:LOOPBACK_SECRET",
    "exchanges.kucoin.passphrase": "env:LOOPBACK_PASSPHRASE",
    "scalping.exchange": "kucoin",
    "scalping.pairs": ["BTC-USDT", "BTC-USDT-PERP"],
    "scalping.stale_after_ms": 60_000,
    "risk.max_position_size_usd": 500,
    "risk.max_total_exposure_usd": 2_000,
    "risk.max_daily_loss_usd": 500,
    "risk.max_daily_drawdown_percent": 90,
}


class Ended(Exception):
    """The server ended before it was ready; the message is what it wrote."""


class Server:
    """One `trading-mcp serve`."""

    def __init__(self, process: Child, ready_file: Path, log: Path):
        self.process, self._ready_file, self._log = process, ready_file, log
        self.http = httpx.AsyncClient(timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        """All that it has written so far."""
        return self._log.read_text()

    @property
    def urls(self) -> dict[str, str]:
        """The listeners' addresses."""
        found: dict[str, str] = json.loads(self._ready_file.read_text())
        return found

    async def ready(self) -> "Server":
        """Wait until it answers; raise Ended if it never will."""
        await until(lambda: self._ready_file.exists() or not self.process.is_alive)
        if not self.process.is_alive:
            raise Ended(self.log)
        return self

    async def get(self, path: str) -> Any:
        """Return the data of a GET over REST."""
        return (await self._answered("GET", path, None))["data"]

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """Return the whole answer to a command over REST."""
        return await self._answered(method, path, body)

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Return a tool's answer, or its error, over MCP."""
        async with Client(self.urls["mcp"], timeout=PATIENCE_S) as client:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
        return result.structured_content

    async def positions(self) -> list[dict[str, Any]]:
        """Return the open positions."""
        found: list[dict[str, Any]] = await self.get("/api/v1/scalping/positions")
        return found

    def kill(self) -> None:
        """End it as only kill -9 does."""
        self.process.kill()

    async def _answered(self, method: str, path: str, body: Any) -> Any:
        reply = await self.http.request(method, self.urls["rest"] + path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()


class Rig:
    """A KuCoin whose prices are moved by hand, and the servers that trade there."""

    def __init__(self, kucoin: Loopback, folder: Path):
        self.kucoin, self.folder = kucoin, folder
        self._servers: list[Server] = []
        self._plugins = install(folder / "plugins")

    async def serve(self, directory: str = "data", /, mode: str = "live", **more: Any) -> Server:
        """Start a server and return it once it is ready. Raises Ended."""
        return await self.launch(directory, mode, **more).ready()

    def launch(self, directory: str, mode: str, **more: Any) -> Server:
        """Start a server; of the names in *more*, `__` stands for a dot."""
        number = len(self._servers)
        ready, log = self.folder / f"ready-{number}", self.folder / f"log-{number}"
        chosen = {
            **TRADED,
            "exchanges.kucoin.mode": mode,
            "exchanges.kucoin.base_url": self.kucoin.base_url,
            "storage.data_dir": str(self.folder / directory),
            **{name.replace("__", "."): value for name, value in more.items()},
        }
        ports = ["--port", "0", "--rest-port", "0", "--mcp-port", "0", "--ready-file", str(ready)]
        settings = [f"--set={name}={written(value)}" for name, value in chosen.items()]
        process = NURSERY.bear(["serve", *ports, *settings], KEYS, log, plugins=self._plugins)
        self._servers.append(Server(process, ready, log))
        return self._servers[-1]

    def ledgers(self, directory: str = "data") -> TwoLedgers:
        """Return both ledgers as they are now."""
        return TwoLedgers(read_journal(self.folder / directory), self.kucoin.ledger())

    async def agree(self, directory: str = "data") -> Journal:
        """Wait until both ledgers are equal; fail at once over what must never be."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            both = self.ledgers(directory)
            assert both.wrong() == []
            if not (different := both.different()):
                return both.ours
            assert time.monotonic() < deadline, different
            await asyncio.sleep(EVERY_S)

    def resting(self, status: str = "waiting") -> list[dict[str, Any]]:
        """Return the exchange's orders of that status."""
        return [order for order in self.kucoin.ledger()["orders"] if order["status"] == status]

    async def close(self) -> None:
        for server in self._servers:
            server.kill()
            await server.http.aclose()


async def until(happened: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """Look again and again; return the first answer that is true."""

    async def look() -> T:
        return happened()

    return await until_told(look, seconds)


async def until_told(ask: Callable[[], Awaitable[T]], seconds: float = PATIENCE_S) -> T:
    """Ask again and again; return the first answer that is true."""
    deadline = time.monotonic() + seconds
    while not (answer := await ask()):
        assert time.monotonic() < deadline, f"{ask} has not happened in {seconds} s"
        await asyncio.sleep(EVERY_S)
    return answer


@contextlib.asynccontextmanager
async def rigged(folder: Path, **settings: Any) -> AsyncIterator[Rig]:
    """Run a loopback KuCoin with *settings*; servers that were started there end with it."""
    told = {"prices": PRICES, "manual": True, "symbols": tuple(PRICES), "tick_ms": 100, **settings}
    async with loopback_kucoin(LoopbackSettings(**told)) as kucoin:
        rig = Rig(kucoin, folder)
        try:
            yield rig
        finally:
            await rig.close()
