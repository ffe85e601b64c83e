"""The whole engine on the simulated exchange, in this process, asked through its operations."""

import contextlib
import sys
from pathlib import Path

import msgspec
import pytest

from trading_mcp.app import Server, running
from trading_mcp.config import load
from trading_mcp.services.operations import Caller

# Modules beside the tests cannot be imported without this.
sys.path.insert(0, str(Path(__file__).parent))
QUIET = (
    "exchanges.sim.speed=1",
    "exchanges.sim.latency_ms=0",
    "exchanges.sim.price_interval_ms=20",
    "scalping.autostart=false",
    "risk.max_position_size_usd=1000",
    "risk.max_total_exposure_usd=3000",
)


class Desk:
    """A running server, asked in short."""

    def __init__(self, server: Server):
        self.server, self.session = server, server.session

    async def ask(self, operation_name: str, /, **arguments):
        operation = self.server.operations[operation_name]
        key = arguments.get("idempotency_key")
        request = msgspec.convert(arguments, operation.request)
        return await operation.run(request, Caller("test", key))

    async def ended(self, order_id: str):
        """Wait until an order has ended, and return its status answer."""
        while order_id in self.session.state.orders:
            assert await self.session.flight.changed(order_id, within=30), "nothing happens"
        return await self.ask("get_order_status", order_id=order_id)

    async def price(self, pair: str) -> float:
        return (await self.ask("get_ticker", pair=pair)).last


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opened(data_dir):
    """A function that opens the server on the test's data directory."""

    @contextlib.asynccontextmanager
    async def open_(*settings: str):
        config = load(None, [f'storage.data_dir="{data_dir}"', *QUIET, *settings])
        async with running(config) as server:
            yield Desk(server)

    return open_


@pytest.fixture
async def desk(opened):
    async with opened() as one:
        yield one
