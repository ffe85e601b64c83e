"""What the simulated exchange tells everybody who asks, at its own time."""

from typing import Any, get_args

import pytest

from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.domain.candles import INTERVALS
from trading_mcp.domain.quotes import NotOffered, Offer

EIGHT_HOURS = 8 * 3_600_000
DAY = 86_400_000
MARKET = SeededMarket(SimulatedSettings().seed)
PERP = "SOL-USDT-PERP"


@pytest.mark.parametrize("limit", [1, 7, 500])
async def test_the_newest_trades_are_the_market_s_up_to_now(opened: Any, limit: int) -> None:
    sim = await opened()
    now = sim.clock.now()

    trades = await sim.market_data.trades("BTC-USDT", limit)

    assert len(trades) == limit
    assert trades == MARKET.trades("BTC-USDT", trades[0].at, now + 1)[-limit:]
    assert now - 5000 < trades[-1].at <= now


async def test_the_newest_liquidations_are_the_last_of_a_day_s(opened: Any) -> None:
    sim = await opened()
    now = sim.clock.now()
    day = MARKET.liquidations(PERP, now - DAY, now + 1)

    few = await sim.market_data.liquidations(PERP, 5)
    all_ = await sim.market_data.liquidations(PERP, len(day) + 1)

    assert list(few) == day[-5:]
    assert list(all_) == day


async def test_funding_told_is_the_funding_that_will_be_paid(opened: Any) -> None:
    sim = await opened()

    told = await sim.market_data.funding_rate(PERP)

    assert (told.due_at % EIGHT_HOURS, told.interval_ms) == (0, EIGHT_HOURS)
    assert told.at < told.due_at <= told.at + EIGHT_HOURS
    assert told.rate == MARKET.funding_rate(PERP, told.due_at)
    assert told.mark_price == MARKET.price(PERP, told.at)


async def test_open_interest_is_worth_its_amount_at_the_price(opened: Any) -> None:
    sim = await opened()

    told = await sim.market_data.open_interest(PERP)

    assert told.amount == MARKET.open_interest(PERP, told.at)
    assert told.value == told.amount * MARKET.price(PERP, told.at)


async def test_a_day_s_turnover_is_its_volume_at_prices_of_the_day(opened: Any) -> None:
    sim = await opened()

    ticker = await sim.market_data.ticker("BTC-USDT")

    assert ticker.low_24h <= ticker.turnover / ticker.volume <= ticker.high_24h


async def test_it_offers_everything(opened: Any) -> None:
    sim = await opened()

    info = await sim.market_data.info()

    assert (info.status, info.at) == ("ok", sim.clock.now())
    assert set(info.offers) == set(get_args(Offer))
    assert info.intervals == tuple(INTERVALS)


@pytest.mark.parametrize("question", ["funding_rate", "open_interest", "liquidations"])
async def test_a_spot_market_has_none_of_what_perpetuals_have(opened: Any, question: str) -> None:
    sim = await opened()
    also = (10,) if question == "liquidations" else ()

    with pytest.raises(NotOffered, match="spot"):
        await getattr(sim.market_data, question)("SOL-USDT", *also)
    with pytest.raises(ValueError, match="NOPE"):
        await getattr(sim.market_data, question)("NOPE-USDT", *also)


async def test_questions_without_an_answer_come_as_often_as_set_and_by_the_seed(
    opened: Any,
) -> None:
    async def answered() -> list[bool]:
        sim = await opened(faults={"no_answer": 0.3, "seed": 5})
        answers = []
        for _ in range(200):
            try:
                await sim.market_data.order_book("BTC-USDT", 1)
            except TimeoutError:
                answers.append(False)
            else:
                answers.append(True)
        return answers

    once = await answered()

    assert 0.5 < sum(once) / len(once) < 0.9
    assert await answered() == once
