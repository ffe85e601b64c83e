"""Orders that rest: only real trades move them, and only after their time and their turn."""

from decimal import Decimal
from typing import Any

from paper_market import MINUTE, PERP, SPOT

from trading_mcp.domain.quotes import Level, OrderBook


async def test_nothing_fills_while_nobody_trades(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book(60_000)
    await paper.venue.submit(order(price=59_990))

    script.book(59_000)
    clock.seconds += 600
    await paper.venue.advance(clock.now())

    assert await paper.status("a") == ("open", 0)


async def test_trades_that_do_not_reach_the_price_leave_it_alone(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("buy", price=59_500))
    await paper.venue.submit(order("stop", "buy", stop=60_500))

    for price in (60_010, 59_500.1, 60_499.9):
        await paper.trade(price, 100)

    assert await paper.status("buy") == ("open", 0)
    assert await paper.status("stop") == ("open", 0)


async def test_a_trade_through_the_price_fills_no_more_than_its_own_amount(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order(price=59_500, amount="0.1"))

    await paper.trade(59_499, 0.03)
    part = await paper.status("a")
    await paper.trade(59_400, 5)

    assert part == ("open", Decimal("0.03"))
    assert await paper.taken("a") == [(Decimal("0.03"), 59_500), (Decimal("0.07"), 59_500)]
    (first, _) = await paper.venue.fills(SPOT, "a")
    assert (first.maker, first.fee) == (True, Decimal("0.03") * 59_500 * Decimal("0.0008"))


async def test_at_the_price_those_who_stood_there_before_come_first(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(60_000, size=2)
    await paper.venue.submit(order(price=60_000, amount="0.5"))

    await paper.trade(60_000, 1.5)
    waiting = await paper.status("a")
    await paper.trade(60_000, 0.7)
    served = await paper.status("a")
    await paper.trade(60_000, 0.2)

    assert waiting == ("open", 0)
    assert served == ("open", Decimal("0.2"))
    assert await paper.status("a") == ("open", Decimal("0.4"))


async def test_once_the_price_was_left_behind_nobody_stands_before_it(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(60_000, size=2)
    await paper.venue.submit(order(price=60_000, amount="0.5"))

    await paper.trade(59_999.9, 0.1)
    await paper.trade(60_000, 0.1)

    assert await paper.status("a") == ("open", Decimal("0.2"))


async def test_a_limit_that_crosses_takes_first_and_rests_with_the_remainder(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(size=0.1)

    await paper.venue.submit(order(price=60_020, amount="0.5"))
    await paper.trade(60_000, 0.05)

    third = Decimal("0.1")
    bought = [(third, 60_010), (third, 60_020), (Decimal("0.05"), 60_020)]
    assert await paper.taken("a") == bought
    assert [f.maker for f in await paper.venue.fills(SPOT, "a")] == [False, False, True]


async def test_an_order_meets_no_trade_from_before_its_acceptance(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("old", price=59_500))
    traded = script.trade(59_400)
    await paper.venue.submit(order("new", price=59_500))

    await paper.venue.advance(clock.now(), SPOT)

    assert traded < clock.now()
    assert await paper.status("old") == ("filled", Decimal("0.1"))
    assert await paper.status("new") == ("open", 0)


async def test_a_clock_that_is_behind_the_exchange_s_gives_no_order_the_past(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    traded = script.trade(59_000, after=5000)
    await paper.venue.advance(traded, SPOT)
    clock.seconds -= 4

    await paper.venue.submit(order(price=59_500))
    await paper.venue.advance(traded + 1, SPOT)

    assert await paper.status("a") == ("open", 0)


async def test_one_sweep_told_in_several_messages_of_one_millisecond_counts_once_and_whole(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("near", price=59_900, amount="0.2"))
    await paper.venue.submit(order("far", price=59_800, amount="0.2"))

    at = script.trade(59_900, 0.1)
    await paper.venue.advance(at, SPOT)
    await paper.venue.advance(at, SPOT)
    first = await paper.status("near")
    script.trade(59_800, 0.05, after=0)
    await paper.venue.advance(at, SPOT)

    assert first == ("open", Decimal("0.1"))
    # One after the other: what one of them had, the other cannot have.
    assert await paper.status("near") == ("open", Decimal("0.15"))
    assert await paper.status("far") == ("open", 0)


async def test_two_orders_at_one_price_share_what_traded(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("a", price=59_500))
    await paper.venue.submit(order("b", price=59_500))

    await paper.trade(59_400, 0.15)

    assert await paper.status("a") == ("filled", Decimal("0.1"))
    assert await paper.status("b") == ("open", Decimal("0.05"))


async def test_a_stop_is_reached_by_the_last_trade_and_sells_into_the_book_of_then(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("in", amount="0.1"))
    await paper.venue.submit(order("stop", "sell", "0.1", stop=59_000, reduce_only=True))

    script.book(58_900, size=0.06)
    await paper.trade(58_950)

    part = Decimal("0.06")
    assert await paper.taken("stop") == [(part, 58_900), (Decimal("0.04"), 58_890)]
    assert not any(f.maker for f in await paper.venue.fills(SPOT, "stop"))


async def test_a_stop_trades_no_better_than_where_it_was_reached_though_the_book_lags(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("in", amount="0.1"))
    await paper.venue.submit(order("stop", "sell", "0.1", stop=59_000, reduce_only=True))

    script.book(59_500)
    await paper.trade(58_950)

    assert await paper.taken("stop") == [(Decimal("0.1"), 58_950)]


async def test_a_stop_that_finds_no_book_sells_at_the_price_that_reached_it(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("in", amount="0.1"))
    await paper.venue.submit(order("stop", "sell", "0.1", stop=59_000, reduce_only=True))

    script.books.clear()
    await paper.trade(58_950)

    assert await paper.taken("stop") == [(Decimal("0.1"), 58_950)]


async def test_a_cancelled_order_trades_no_more(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order(price=59_500))

    await paper.venue.cancel(SPOT, "a")
    await paper.trade(59_000)

    report = await paper.venue.order(SPOT, "a")
    assert (report.status, report.filled, report.reason) == ("cancelled", 0, "requested")


async def test_markets_keep_their_own_time(paper: Any, script: Any, order: Any, clock: Any) -> None:
    await paper.open()
    script.book()
    script.book(symbol=PERP)
    await paper.venue.submit(order("spot", price=59_500))
    await paper.venue.submit(order("perp", price=59_500, symbol=PERP, leverage=5))

    heard_late = script.trade(59_400, 1, PERP)
    await paper.trade(60_000, 1, SPOT)
    clock.seconds += 2 * MINUTE / 1000
    await paper.venue.advance(clock.now(), SPOT)
    await paper.venue.advance(heard_late, PERP)

    assert await paper.status("spot") == ("open", 0)
    assert await paper.status("perp") == ("filled", Decimal("0.1"))


async def test_an_order_far_from_the_known_book_has_nobody_before_it(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.books[SPOT] = OrderBook(
        symbol=SPOT, at=0, bids=(Level(60_000, 9),), asks=(Level(60_010, 9),)
    )
    await paper.venue.submit(order(price=50_000))

    await paper.trade(50_000, 0.1)

    assert await paper.status("a") == ("filled", Decimal("0.1"))
