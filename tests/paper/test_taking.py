"""Orders that take: the real book at their arrival, and what the account's money allows."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from paper_market import MARKETS, PERP, SPOT

from trading_mcp.domain.accounts import Holding
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.domain.reports import MARKET_CLOSED, OrderReport, VenueRefused


async def refusal(paper: Any, order: Any) -> VenueRefused:
    before = await paper.money(), await paper.venue.holdings(), await paper.venue.open_orders()
    with pytest.raises(VenueRefused) as refused:
        await paper.venue.submit(order)
    assert await paper.venue.order(order.symbol, order.client_id) is None
    now = await paper.money(), await paper.venue.holdings(), await paper.venue.open_orders()
    assert now == before
    return refused.value


async def test_a_market_order_goes_through_the_real_depth(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open(balance=200_000)
    script.book(size=0.5)

    await paper.venue.submit(order(amount="1.2"))

    half = Decimal("0.5")
    assert await paper.taken("a") == [(half, 60_010), (half, 60_020), (Decimal("0.2"), 60_030)]
    paid = Decimal("0.5") * 60_010 + Decimal("0.5") * 60_020 + Decimal("0.2") * 60_030
    left = 200_000 - paid * Decimal("1.001")
    amount = Decimal("1.2")
    assert await paper.money() == {"USDT": (left, left), "BTC": (amount, amount)}


async def test_what_the_book_does_not_have_is_cancelled(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(size=0.1, levels=2)

    await paper.venue.submit(order(amount="0.5"))

    report = await paper.venue.order(SPOT, "a")
    assert (report.status, report.filled, report.reason) == (
        "cancelled",
        Decimal("0.2"),
        "no_depth",
    )


async def test_what_was_taken_is_gone_for_the_next_order_though_the_book_still_shows_it(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book(size=0.1)

    await paper.venue.submit(order("a", amount="0.1"))
    await paper.venue.submit(order("b", amount="0.1"))
    clock.seconds += 5
    await paper.venue.submit(order("c", amount="0.1"))

    prices = [(await paper.taken(name))[0][1] for name in "abc"]
    assert prices == [60_010, 60_020, 60_010]


async def test_an_order_meets_the_book_of_its_arrival_not_that_of_its_departure(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open(latency_ms=250)
    script.book(60_000)

    async def meanwhile(seconds: float) -> None:
        clock.seconds += seconds
        script.book(61_000)

    paper.venue._sleep = meanwhile
    await paper.venue.submit(order())

    (fill,) = await paper.venue.fills(SPOT, "a")
    assert (fill.price, fill.at) == (61_010, clock.now())
    assert clock.seconds == 0.25


async def test_without_a_book_nothing_is_accepted(paper: Any, order: Any) -> None:
    await paper.open()

    refused = await refusal(paper, order())

    assert refused.code == MARKET_CLOSED
    assert refused.message == "BTC-USDT has no book now: the stream is down"


async def test_a_book_without_offers_is_no_market(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.books[SPOT] = OrderBook(symbol=SPOT, at=0, bids=(Level(60_000, 1),), asks=())

    assert (await refusal(paper, order())).code == "no_liquidity"


async def test_an_unknown_symbol_is_refused(paper: Any, order: Any) -> None:
    await paper.open()

    assert (await refusal(paper, order(symbol="NO-USDT"))).code == "unknown_symbol"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"amount": "0.00001"}, "below_minimum"),
        ({"amount": "0.000105"}, "off_grid"),
        ({"price": "60000.05"}, "off_grid"),
        ({"amount": 2}, "insufficient_balance"),
        ({"side": "sell"}, "insufficient_balance"),
        ({"symbol": PERP, "leverage": 51}, "leverage_out_of_range"),
        ({"symbol": PERP, "reduce_only": True}, "reduce_only"),
    ],
)
async def test_the_exchange_s_own_rules_hold(
    paper: Any, script: Any, order: Any, wish: Any, code: str
) -> None:
    await paper.open()
    script.book()
    script.book(symbol=PERP)

    assert (await refusal(paper, order(**wish))).code == code


async def test_a_spot_exit_below_the_minimum_is_refused_as_the_exchange_would(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order(amount="0.001"))

    refused = await refusal(paper, order("exit", "sell", "0.00005", reduce_only=True))

    assert refused.code == "below_minimum"


async def test_what_is_left_of_a_perpetual_can_always_be_closed(
    paper: Any, script: Any, order: Any
) -> None:
    least = msgspec.structs.replace(MARKETS[1], min_amount=Decimal("0.01"))
    await paper.open(markets=[least])
    script.book(symbol=PERP)
    await paper.venue.submit(order("in", "buy", "0.015", symbol=PERP, leverage=10))
    await paper.venue.submit(order("half", "sell", "0.01", symbol=PERP, reduce_only=True))

    await paper.venue.submit(order("rest", "sell", "0.005", symbol=PERP, reduce_only=True))

    assert await paper.venue.holdings() == []


async def test_a_protective_stop_holds_the_coins_it_would_sell(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("in", amount="0.1"))
    await paper.venue.submit(order("stop", "sell", "0.1", stop=59_000, reduce_only=True))

    refused = await refusal(paper, order("exit", "sell", "0.1", reduce_only=True))
    await paper.venue.cancel(SPOT, "stop")
    await paper.venue.submit(order("again", "sell", "0.1", reduce_only=True))

    assert refused.code == "insufficient_balance"
    assert await paper.status("again") == ("filled", Decimal("0.1"))
    assert (await paper.money())["BTC"] == (0, 0)


async def test_a_reducing_order_ends_with_the_position(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book(symbol=PERP)
    await paper.venue.submit(order("in", "buy", "0.1", symbol=PERP, leverage=10))

    await paper.venue.submit(order("out", "sell", "0.3", symbol=PERP, reduce_only=True))

    report = await paper.venue.order(PERP, "out")
    assert (report.filled, report.status, report.reason) == (
        Decimal("0.1"),
        "cancelled",
        "reduce_only",
    )
    assert await paper.venue.holdings() == []


async def test_a_position_is_held_on_the_market_s_own_terms(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(symbol=PERP)

    await paper.venue.submit(order("in", "buy", "0.1", symbol=PERP, leverage=10))

    assert await paper.venue.holdings() == [
        Holding(
            symbol=PERP,
            amount=Decimal("0.1"),
            entry_price=Decimal(60_010),
            leverage=10,
            liquidation_price=Decimal("54280.5"),
        )
    ]
    fee = Decimal("6001") * Decimal("0.0006")
    assert (await paper.money())["USDT"] == (100_000 - fee, 100_000 - fee - Decimal("600.1"))


async def test_each_quote_currency_is_its_own_money(paper: Any, script: Any, order: Any) -> None:
    await paper.open(currency="USDC", balance=10_000)
    script.book(3_000, symbol="ETH-USDC")
    script.book()

    refused = await refusal(paper, order())
    await paper.venue.submit(order("eth", amount="1", symbol="ETH-USDC"))

    assert refused.message.endswith("0 is free")
    left = 10_000 - 3_010 * Decimal("1.001")
    assert await paper.money() == {"USDC": (left, left), "ETH": (1, 1)}


async def test_one_coin_can_pay_for_another(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book()
    script.books["ETH-BTC"] = OrderBook(
        symbol="ETH-BTC", at=0, bids=(Level(0.05, 9),), asks=(Level(0.05001, 9),)
    )
    await paper.venue.submit(order("btc", amount="0.1"))

    await paper.venue.submit(order("eth", amount="1", symbol="ETH-BTC"))

    left = Decimal("0.1") - Decimal("0.05001") * Decimal("1.001")
    money = await paper.money()
    assert (money["BTC"], money["ETH"]) == ((left, left), (1, 1))


async def test_an_order_sent_twice_trades_once(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order())

    with pytest.raises(VenueRefused, match="already"):
        await paper.venue.submit(order())

    assert await paper.taken("a") == [(Decimal("0.1"), 60_010)]


async def test_reports_come_as_things_happen(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book()
    reports = paper.venue.reports()

    venue_id = await paper.venue.submit(order())

    accepted, fill, filled = [await anext(reports) for _ in range(3)]
    assert isinstance(accepted, OrderReport)
    assert (accepted.exchange, accepted.venue_id, accepted.status) == ("kucoin", venue_id, "open")
    assert [fill] == list(await paper.venue.fills(SPOT, "a"))
    assert filled == await paper.venue.order(SPOT, "a")
