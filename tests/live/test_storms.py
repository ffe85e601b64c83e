"""Everything goes wrong at once, by a seed, and afterwards both ledgers are equal."""

import asyncio
import contextlib
import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from live_engine import HURRIED, PRICES, Trading, trading
from torture.storms import calm, storm
from torture.traders import move_prices

from trading_mcp.domain.errors import TradingError
from trading_mcp.domain.orders import Order

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hurried")]

SEEDS = range(1, 1 + int(os.environ.get("TRADING_MCP_STORMS", "3")))
ROUNDS, AT_ONCE = 12, 4
LATEST_S = 0.8
"""So late at most an order exists: within the fence, which is a second here."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_a_storm_both_ledgers_are_equal(tmp_path: Path, seed: int) -> None:
    hf = seed % 2 == 0
    async with trading(tmp_path, "BTC-USDT", ours=HURRIED, seed=seed, hf=hf) as one:
        for market in PRICES:
            await one.session.watch(f"kucoin:{market}")
        storm(one.kucoin, seed, latest_s=LATEST_S)
        moving = asyncio.create_task(move_prices(one.kucoin, seed))
        sailors = [sail(one, Random(f"{seed}/{n}")) for n in range(AT_ONCE)]
        await asyncio.gather(*sailors)
        moving.cancel()
        calm(one.kucoin)
        journal = await one.agree()
        await asyncio.sleep(LATEST_S)
        await one.agree()

    assert journal.revived == set()
    assert len(journal.orders) > ROUNDS


async def sail(one: Trading, random: Random) -> None:
    """Place orders and cancel some, whatever comes of it."""
    for _ in range(ROUNDS):
        order = await placed(one, random)
        if order is not None and order.working and random.random() < 0.4:
            with contextlib.suppress(TradingError):
                await one.session.cancel(order)


async def placed(one: Trading, random: Random) -> Order | None:
    market = random.choice(list(PRICES))
    price = one.kucoin.prices.last(market)
    side = random.choice(["buy", "sell"])
    away = price * random.uniform(0.002, 0.01) * (1 if side == "buy" else -1)
    kind = random.choice(
        [{}, {"price": Decimal(round(price - away))}, {"stop_price": Decimal(round(price + away))}]
    )
    amount = Decimal(str(round(random.uniform(60, 200) / price, 4)))
    return await one.tried(market=market, side=side, amount=amount, **kind)
