"""The whole server with a real engine behind it, as agents reach it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client

# What reading costs is counted as for the made-up operations, beside whose tests it stands.
sys.path.insert(0, str(Path(__file__).parents[1] / "api"))

from mcp_costs import tokens

from trading_mcp import app
from trading_mcp.api.server import bind, build_app, serve
from trading_mcp.config import load

SHIPPED = Path(__file__).parents[2] / "config.toml"
SETTINGS = (
    "exchanges.sim.speed=1",
    "exchanges.sim.latency_ms=0",
    "exchanges.sim.balance_usdt=100000",
    "scalping.autostart=false",
    "risk.max_position_size_usd=10000",
    "risk.max_total_exposure_usd=90000",
    "risk.max_orders_per_minute=1000",
    "risk.max_consecutive_losses=1000",
    *(f"server.{port}=0" for port in ("port", "rest_port", "mcp_port")),
)


@pytest.fixture(name="tokens")
def counting() -> Callable[[Any], int]:
    """A function that says what it costs to read something."""
    return tokens


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Where a running server speaks MCP."""
    config = load(SHIPPED, [f'storage.data_dir="{tmp_path}"', *SETTINGS])
    ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    async with app.running(config) as server:
        whole, sockets = build_app(app.context(config, server)), bind(config.server)
        serving = asyncio.create_task(
            serve(whole, config.server, sockets, on_ready=ready.set_result, stop=stop)
        )
        await asyncio.wait([ready, serving], return_when=asyncio.FIRST_COMPLETED)
        yield f"{(await ready)['mcp']}/mcp"
        stop.set()
        await serving


@pytest.fixture
async def agent(url: str) -> AsyncIterator[Client[Any]]:
    """A client of a server with a real engine."""
    async with Client(url, timeout=60) as connected:
        yield connected
