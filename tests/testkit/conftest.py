"""A loopback KuCoin whose prices stand still, and real ccxt clients that are pointed at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import ccxt.pro
import pytest

from trading_mcp.testkit.kucoin import Loopback, LoopbackSettings, loopback_kucoin, point_at

Connect = Callable[..., Any]
Open = Callable[..., Awaitable[Loopback]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Open loopbacks with other settings: `await opened(hf=True)`."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: Any) -> Loopback:
            few = ("BTC-USDT", "ETH-USDT", "XBTUSDTM")
            still = {"manual": True, "tick_ms": 20, "prices": {"BTC-USDT": 50_000}, "symbols": few}
            chosen = LoopbackSettings(**{**still, **settings})
            return await stack.enter_async_context(loopback_kucoin(chosen))

        yield open_one


@pytest.fixture
async def kucoin(opened: Open) -> Loopback:
    return await opened(prices={"BTC-USDT": 50_000.0, "XBTUSDTM": 50_000.0})


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect real ccxt clients; they are closed behind the test."""
    clients: list[Any] = []

    def connect_one(loopback: Loopback, **config: Any) -> Any:
        settings = loopback.settings
        keys = {
            "apiKey": settings.api_key,
            "secret": settings.secret,
            "password": settings.passphrase,
        }
        client = ccxt.pro.kucoin({**keys, "enableRateLimit": False, **config})
        client.timeout_on_exit = 0  # what it waits for when it closes is not there
        clients.append(client)
        return point_at(client, loopback.base_url)

    yield connect_one
    for client in clients:
        await client.close()


@pytest.fixture
def client(kucoin: Loopback, connect: Connect) -> Any:
    return connect(kucoin)
