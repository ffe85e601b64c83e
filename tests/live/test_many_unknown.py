"""Many orders without an answer are settled within what KuCoin lets an account ask."""

import asyncio
from pathlib import Path

import pytest
from live_engine import HURRIED, hurry, trading

from trading_mcp.testkit.kucoin import Scripted

pytestmark = pytest.mark.slow

MANY = 12


async def test_none_of_many_stays_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, may_ask_much=False)
    async with trading(tmp_path, "BTC-USDT-PERP", ours=HURRIED) as one:
        lost = Scripted(kind="reset", path="/api/v1/orders", method="POST", times=MANY)
        one.kucoin.script(lost)
        orders = [await one.submit(market="BTC-USDT-PERP", price=45_000) for _ in range(MANY)]
        cancels = [one.session.cancel(order) for order in orders[::2]]
        await asyncio.gather(*cancels, return_exceptions=True)
        journal = await one.agree()

    statuses = [journal.orders[order.client_id].status for order in orders]
    assert statuses == ["cancelled", "open"] * (MANY // 2)
