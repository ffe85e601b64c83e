"""A running server that has traded, asked over HTTP in this process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from trading_mcp import app
from trading_mcp.api.application import build_app
from trading_mcp.config import load
from trading_mcp.services.operations import Caller

QUIET = (
    "exchanges.sim.speed=1",
    "exchanges.sim.latency_ms=0",
    "scalping.autostart=false",
    "risk.max_position_size_usd=1000",
    "risk.max_total_exposure_usd=1000",
    "server.request_log=false",
)
TRADER = Caller("test", scopes=frozenset({"read", "trade", "control", "admin"}))


class Desk:
    """A running server."""

    def __init__(self, config: Any, server: app.Server):
        self.server, self.session = server, server.session
        self.context = app.context(config, server)
        self.app = build_app(self.context)
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def ask(self, operation_name: str, /, **arguments: Any) -> Any:
        operation = self.server.operations[operation_name]
        return await operation.run(msgspec.convert(arguments, operation.request), TRADER)

    async def trade(self, times: int = 1) -> None:
        """Buy and sell."""
        for _ in range(times):
            for side in ("buy", "sell"):
                await self.ask("submit_market_order", pair="ETH-USDT", side=side, amount=0.1)

    async def export(self, **body: Any) -> Any:
        answer = await self.http.post("/api/v1/monitoring/metrics/export", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def scrape(self) -> str:
        answer = await self.http.get("/metrics")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """A function that opens the server on the test's data directory."""

    @contextlib.asynccontextmanager
    async def open_(*settings: str) -> AsyncIterator[Desk]:
        config = load(None, [f'storage.data_dir="{tmp_path / "data"}"', *QUIET, *settings])
        async with app.running(config) as server:
            desk = Desk(config, server)
            async with desk.http:
                yield desk

    return open_


@pytest.fixture
async def desk(opened: Any) -> AsyncIterator[Desk]:
    async with opened() as one:
        yield one
