"""Many orders without an answer are settled within what KuCoin lets an account ask."""

import asyncio
from pathlib import Path

import pytest
from live_engine import HURRIED, hurry, trading

from trading_mcp.testkit.kucoin import Scripted

pytestmark = pytest.mark.slow

MANY = 10
PATIENT = {"scalping.order_timeout_ms": 5_000}


async def test_none_of_many_stays_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, may_ask_much=False)
    async with trading(tmp_path, "BTC-USDT-PERP", ours={**HURRIED, **PATIENT}) as one:
        place = {"method": "POST", "path": "/api/v1/orders", "times": MANY}
        one.kucoin.script(Scripted(kind="reset", after_accept=False, **place))
        orders = [await one.submit(market="BTC-USDT-PERP", price=45_000) for _ in range(MANY)]
        cancels = [one.session.cancel(order) for order in orders[::2]]
        await asyncio.gather(*cancels, return_exceptions=True)
        journal = await one.agree()

    assert {journal.orders[order.client_id].status for order in orders} == {"rejected"}
