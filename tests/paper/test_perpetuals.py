"""Perpetuals on paper: margins by the mark price, funding when and as the exchange publishes it."""

from decimal import Decimal
from typing import Any

import pytest
from paper_market import HOUR, PERP, START

from trading_mcp.domain.reports import FundingPaid, Liquidated


@pytest.fixture
async def long(paper: Any, script: Any, order: Any) -> Any:
    """0.1 BTC bought at 60,010 with a tenth of its value as margin."""
    await paper.open()
    script.book(symbol=PERP)
    script.marks[PERP] = Decimal(60_000)
    await paper.venue.submit(order("in", "buy", "0.1", symbol=PERP, leverage=10))
    return paper


async def test_a_wick_of_the_last_price_liquidates_nobody(long: Any) -> None:
    await long.trade(50_000, 1, PERP)

    (holding,) = await long.venue.holdings()
    assert holding.amount == Decimal("0.1")


async def test_the_mark_price_liquidates_though_the_last_price_stays(
    long: Any, script: Any
) -> None:
    before = (await long.money())["USDT"][0]
    script.marks[PERP] = Decimal("54280.5")

    await long.trade(60_000, 1, PERP)

    assert await long.venue.holdings() == []
    (report,) = await long.venue.account_reports(0)
    assert isinstance(report, Liquidated)
    assert (report.price, report.amount) == (Decimal("54280.5"), Decimal("0.1"))
    assert before - (await long.money())["USDT"][0] == Decimal("600.1")


async def test_orders_that_would_reduce_go_with_a_liquidated_position(
    long: Any, script: Any, order: Any
) -> None:
    await long.venue.submit(
        order("stop", "sell", "0.1", stop=55_000, symbol=PERP, reduce_only=True)
    )
    script.marks[PERP] = Decimal(54_000)

    await long.trade(60_000, 1, PERP)

    report = await long.venue.order(PERP, "stop")
    assert (report.status, report.reason) == ("cancelled", "reduce_only")


@pytest.mark.parametrize("every", [1, 4, 8])
async def test_funding_is_paid_at_the_exchange_s_own_times_and_rates(
    long: Any, script: Any, clock: Any, every: int
) -> None:
    script.every = every * HOUR
    due = (START // script.every + 1) * script.every
    script.rates = {due: 0.0001, due + script.every: -0.0002}
    script.marks[PERP] = Decimal(61_000)

    clock.seconds = (due - START) / 1000 - 1
    await long.trade(60_000, 1, PERP)
    before = await long.venue.account_reports(0)
    await long.trade(60_000, 1, PERP)
    clock.seconds += 5
    await long.trade(60_000, 1, PERP)
    clock.seconds += every * HOUR / 1000
    script.marks[PERP] = Decimal(62_000)
    await long.trade(60_000, 1, PERP)

    assert before == []
    paid = [(p.at, p.rate, p.amount) for p in await long.venue.account_reports(0)]
    assert paid == [
        (due, 0.0001, Decimal("-0.61")),
        (due + script.every, -0.0002, Decimal("1.24")),
    ]


async def test_a_position_opened_after_the_settlement_pays_nothing(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.every, script.marks[PERP] = HOUR, Decimal(60_000)
    due = (START // HOUR + 1) * HOUR
    script.rates = {due: 0.01}
    clock.seconds = (due - START) / 1000 - 1
    script.book(symbol=PERP)
    await paper.venue.submit(order("rests", price=50_000, symbol=PERP, leverage=10))
    clock.seconds += 2

    await paper.venue.submit(order("in", symbol=PERP, leverage=10))
    await paper.trade(60_000, 1, PERP)

    assert await paper.venue.account_reports(0) == []


async def test_funding_that_nobody_published_is_left_out_and_trading_goes_on(
    long: Any, clock: Any, order: Any
) -> None:
    clock.seconds += 9 * HOUR / 1000
    await long.trade(60_000, 1, PERP)

    await long.venue.submit(order("out", "sell", "0.1", symbol=PERP, reduce_only=True))

    assert await long.venue.account_reports(0) == []
    assert await long.venue.holdings() == []


async def test_funding_reports_have_ids_that_do_not_change(
    long: Any, script: Any, clock: Any
) -> None:
    due = (START // script.every + 1) * script.every
    script.rates = {due: 0.0001}
    clock.seconds = (due - START) / 1000
    await long.trade(60_000, 1, PERP)
    (first,) = await long.venue.account_reports(0)

    await long.open()

    assert isinstance(first, FundingPaid)
    assert first.funding_id == f"{PERP}-{due}"
    assert await long.venue.account_reports(0) == [first]
