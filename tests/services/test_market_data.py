"""Market data, asked through its operations: on the simulated exchange, and on one in trouble."""

import asyncio
from datetime import datetime
from itertools import pairwise

import msgspec
import pytest

from trading_mcp.domain.errors import ExchangeError, InvalidParameter
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import NotOffered, OrderBook
from trading_mcp.services.operations import Request

OF_ONE_MARKET = (
    "get_ticker",
    "get_orderbook",
    "get_candles",
    "get_trades",
    "get_24h_stats",
    "get_funding_rate",
    "get_open_interest",
    "get_liquidations",
)
OF_PERPETUALS = OF_ONE_MARKET[-3:]
OF_AN_EXCHANGE = ("get_markets", "get_exchange_info")


class Troubled:
    """An exchange whose every answer is *answer*, or what calling it raises."""

    def __init__(self, answer):
        self._answer = answer

    def __getattr__(self, question):
        async def answer(*args, **kwargs):
            return await self._answer()

        return answer


@pytest.fixture
def troubled(desk):
    """A function that puts an exchange in trouble behind the desk's operations."""

    def put(answer):
        exchange = desk.session.exchanges["sim"]
        changed = msgspec.structs.replace(exchange, data=Troubled(answer))
        desk.session.exchanges["sim"] = changed

    return put


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def of(desk, name: str, pair: str = "BTC-USDT"):
    return await desk.ask(name, **({"pair": pair} if name in OF_ONE_MARKET else {}))


# What every answer says


@pytest.mark.parametrize("pair", ["BTC-USDT", "BTC-USDT-PERP"])
@pytest.mark.parametrize("name", OF_ONE_MARKET)
async def test_every_answer_says_whose_data_it_is_and_how_old(desk, name, pair):
    told = await of(desk, name, pair)

    asked = "BTC-USDT-PERP" if name in OF_PERPETUALS else pair
    assert (told.exchange, told.pair, told.source) == ("sim", asked, "simulated")
    now = desk.session.clock.now() / 1000
    assert 0 <= told.age_ms < 61_000
    assert moment(told.timestamp) + told.age_ms / 1000 == pytest.approx(now, abs=1)


@pytest.mark.parametrize("name", OF_AN_EXCHANGE)
async def test_so_do_answers_about_an_exchange(desk, name):
    told = await of(desk, name)

    assert (told.exchange, told.source, told.age_ms) == ("sim", "simulated", 0)
    assert told.timestamp.endswith("Z")


@pytest.mark.parametrize("name", OF_ONE_MARKET + OF_AN_EXCHANGE)
async def test_default_answers_are_short(desk, name):
    assert len(msgspec.json.encode(await of(desk, name, "DOGE-USDT-PERP"))) < 20_000


# Order books


@pytest.mark.parametrize("pair", ["ETH-USDT", "ETH-USDT-PERP"])
async def test_an_order_book_is_as_deep_as_asked_and_agrees_with_the_ticker(desk, pair):
    ticker, book = (
        await desk.ask("get_ticker", pair=pair),
        await desk.ask("get_orderbook", pair=pair),
    )

    assert (len(book.bids), len(book.asks)) == (20, 20)
    assert [p for p, _ in book.bids] == sorted((p for p, _ in book.bids), reverse=True)
    assert [p for p, _ in book.asks] == sorted(p for p, _ in book.asks)
    assert exact(book.spread) == exact(book.asks[0][0]) - exact(book.bids[0][0])
    assert book.spread_percent == pytest.approx(100 * book.spread / book.asks[0][0])
    assert book.spread > 0
    assert book.bid_amount == pytest.approx(sum(amount for _, amount in book.bids))
    assert book.ask_amount == pytest.approx(sum(amount for _, amount in book.asks))
    assert book.bids[0][0] == pytest.approx(ticker.bid, rel=0.002)
    assert len((await desk.ask("get_orderbook", pair=pair, depth=1)).asks) == 1


async def test_a_side_that_is_empty_has_no_spread(desk, troubled):
    async def empty():
        return OrderBook(symbol="BTC-USDT", at=desk.session.clock.now(), bids=(), asks=())

    troubled(empty)

    told = await desk.ask("get_orderbook", pair="BTC-USDT")

    assert (told.bids, told.bid_amount, told.spread, told.spread_percent) == ([], 0, None, None)


# Trades and the day


async def test_trades_come_newest_first_at_prices_of_their_minutes(desk):
    told = await desk.ask("get_trades", pair="BTC-USDT", limit=200)
    candles = await desk.ask("get_candles", pair="BTC-USDT", limit=30)

    assert told.count == len(told.trades) == 200
    times = [trade.timestamp for trade in told.trades]
    assert sorted(map(moment, times), reverse=True) == list(map(moment, times))
    assert len({trade.id for trade in told.trades}) == 200
    by_minute = {candle.timestamp[:16]: candle for candle in candles.candles}
    inside = [
        (t, by_minute[t.timestamp[:16]]) for t in told.trades if t.timestamp[:16] in by_minute
    ]
    assert len(inside) > 20
    assert all(candle.low <= trade.price <= candle.high for trade, candle in inside)


async def test_the_day_s_figures_agree_with_one_another_and_with_the_ticker(desk):
    stats = await desk.ask("get_24h_stats", pair="SOL-USDT")
    ticker = await desk.ask("get_ticker", pair="SOL-USDT")

    assert stats.low <= min(stats.open, stats.last) <= max(stats.open, stats.last) <= stats.high
    assert stats.change == pytest.approx(stats.last - stats.open)
    assert stats.change_percent == pytest.approx(100 * stats.change / stats.open)
    assert stats.low <= stats.average_price <= stats.high
    assert stats.quote_volume == pytest.approx(stats.volume * stats.average_price)
    assert ticker.volume == pytest.approx(stats.volume, rel=0.001)
    assert ticker.change_24h_percent == pytest.approx(stats.change_percent, abs=0.2)


# Candles


async def test_candles_can_be_paged_back_without_a_gap_or_a_repeat(desk):
    newest = await desk.ask("get_candles", pair="BTC-USDT", limit=1000)
    before = await desk.ask(
        "get_candles", pair="BTC-USDT", limit=1000, end=newest.candles[0].timestamp
    )

    seconds = [moment(c.timestamp) for c in (*before.candles, *newest.candles)]
    assert len(seconds) == 2000
    assert {b - a for a, b in pairwise(seconds)} == {60.0}
    assert before.last_is_complete
    assert moment(before.timestamp) == moment(newest.candles[0].timestamp)
    assert before.age_ms > 1000 * 60_000


async def test_candles_from_before_there_were_any_are_none(desk):
    told = await desk.ask("get_candles", pair="BTC-USDT", end="1969-12-31")

    assert (told.candles, told.count) == ([], 0)


@pytest.mark.parametrize("end", ["yesterday", "2026-13-01", ""])
async def test_an_end_that_is_no_time_is_refused(desk, end):
    with pytest.raises(InvalidParameter, match="end: expected an ISO 8601 time"):
        await desk.ask("get_candles", pair="BTC-USDT", end=end)


# Markets and exchanges


async def test_markets_are_listed_page_by_page_each_once(desk):
    pages, cursor = [], None
    while not pages or cursor:
        page = await desk.ask("get_markets", limit=3, **({"cursor": cursor} if cursor else {}))
        pages, cursor = [*pages, page], page.next_cursor

    pairs = [market.pair for page in pages for market in page.markets]
    assert [page.count for page in pages] == [3, 3, 3, 1]
    assert {page.total for page in pages} == {10}
    assert pairs == sorted({m.symbol for m in desk.session.core.markets.values()})


async def test_markets_can_be_narrowed(desk):
    perpetuals = await desk.ask("get_markets", market_type="perpetual", quote="usdt")
    none = await desk.ask("get_markets", quote="EUR")

    assert (perpetuals.total, perpetuals.next_cursor) == (5, None)
    assert {m.market_type for m in perpetuals.markets} == {"perpetual"}
    assert (none.markets, none.total) == ([], 0)
    with pytest.raises(InvalidParameter, match="cursor"):
        await desk.ask("get_markets", cursor="somewhere")


async def test_a_market_says_what_an_order_must_keep_to(desk):
    told = await desk.ask("get_markets", market_type="perpetual")

    [market] = [m for m in told.markets if m.pair == "BTC-USDT-PERP"]
    assert msgspec.to_builtins(market) == {
        "pair": "BTC-USDT-PERP",
        "market_type": "perpetual",
        "base": "BTC",
        "quote": "USDT",
        "tick_size": 0.1,
        "step_size": 0.0001,
        "min_amount": 0.0001,
        "min_notional": 5.0,
        "maker_fee_percent": 0.02,
        "taker_fee_percent": 0.06,
        "max_leverage": 20,
    }


async def test_an_exchange_says_what_it_is(desk):
    told = await desk.ask("get_exchange_info", exchange="sim")

    assert (told.status, told.server_time, told.quotes) == ("ok", told.timestamp, ["USDT"])
    assert {"candles", "trades", "liquidations"} < set(told.offers)
    assert told.intervals[0] == "1m"
    kinds = {kind.market_type: (kind.markets, kind.max_leverage) for kind in told.market_types}
    assert kinds == {"spot": (5, 1), "perpetual": (5, 20)}


# Perpetuals


@pytest.mark.parametrize("name", OF_PERPETUALS)
async def test_a_pair_means_its_perpetual_where_only_that_makes_sense(desk, name):
    told = await desk.ask(name, pair="eth/usdt")

    assert told.pair == "ETH-USDT-PERP"


async def test_funding_is_told_in_percent_with_its_time(desk):
    told = await desk.ask("get_funding_rate", pair="ETH-USDT")

    ticker = await desk.ask("get_ticker", pair="ETH-USDT-PERP")
    assert -0.05 <= told.rate_percent <= 0.05
    assert -0.05 <= told.next_rate_percent <= 0.05
    assert told.interval_hours == 8
    assert 0 < moment(told.next_funding_time) - moment(told.timestamp) <= 8 * 3600
    assert told.mark_price == pytest.approx(ticker.last, rel=0.002)


async def test_open_interest_is_told_in_base_and_quote(desk):
    told = await desk.ask("get_open_interest", pair="BTC-USDT")

    price = (await desk.ask("get_ticker", pair="BTC-USDT-PERP")).last
    assert told.open_interest_quote == pytest.approx(told.open_interest * price, rel=0.002)


async def test_liquidations_come_newest_first(desk):
    told = await desk.ask("get_liquidations", pair="SOL-USDT", limit=10)

    assert told.count == len(told.liquidations) <= 10
    times = [moment(one.timestamp) for one in told.liquidations]
    assert times == sorted(times, reverse=True)
    assert all(
        one.value == pytest.approx(one.price * one.amount, abs=0.01) for one in told.liquidations
    )


# What is wrong


@pytest.mark.parametrize("name", OF_ONE_MARKET)
@pytest.mark.parametrize(
    ("given", "field", "known"),
    [
        ({"pair": "BTCC-USDT"}, "pair", "BTC-USDT"),
        ({"pair": "BTC-USDT", "exchange": "kucoin"}, "exchange", "sim"),
        ({"pair": "nonsense"}, "pair", None),
    ],
)
async def test_what_does_not_exist_is_refused_with_what_does(desk, name, given, field, known):
    with pytest.raises(InvalidParameter) as refused:
        await desk.ask(name, **given)

    assert refused.value.details["field"] == field
    assert refused.value.message.startswith(f"{field}: ")
    assert known is None or known in str(refused.value.details)


async def test_an_unknown_interval_is_refused_with_those_there_are(desk):
    with pytest.raises(InvalidParameter, match="unknown interval '7m'; known: 1m, 3m") as refused:
        await desk.ask("get_candles", pair="BTC-USDT", interval="7m")

    assert refused.value.details["found"] == "7m"
    assert "1d" in refused.value.details["known"]


@pytest.mark.parametrize(
    ("name", "field", "most"),
    [
        ("get_orderbook", "depth", 100),
        ("get_candles", "limit", 1000),
        ("get_trades", "limit", 500),
        ("get_liquidations", "limit", 500),
        ("get_markets", "limit", 200),
    ],
)
async def test_how_much_may_be_asked_for_is_bounded(desk, name, field, most):
    kind: type[Request] = desk.server.operations[name].request
    pair = {"pair": "BTC-USDT"} if name in OF_ONE_MARKET else {}

    for value in (0, -1, most + 1, 10**18):
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert({field: value, **pair}, kind)
    assert getattr(msgspec.convert({field: most, **pair}, kind), field) == most


@pytest.mark.parametrize("name", [*OF_ONE_MARKET, "get_exchange_info"])
async def test_an_exchange_that_fails_is_an_exchange_error(desk, troubled, name):
    async def broken():
        raise ConnectionResetError("the line broke")

    troubled(broken)

    with pytest.raises(ExchangeError, match=r"sim failed .*the line broke") as failed:
        await of(desk, name)
    assert failed.value.details == {"exchange": "sim"}


@pytest.mark.parametrize("name", [*OF_ONE_MARKET, "get_exchange_info"])
async def test_an_exchange_that_has_no_such_data_says_so(desk, troubled, name):
    async def lacking():
        raise NotOffered("what was asked")

    troubled(lacking)

    with pytest.raises(InvalidParameter, match="does not offer what was asked") as refused:
        await of(desk, name)
    assert refused.value.details["field"] == "exchange"


async def test_an_exchange_that_says_nothing_is_not_waited_for_for_ever(desk, troubled):
    desk.session.settings = msgspec.structs.replace(desk.session.settings, order_timeout_ms=10)
    troubled(asyncio.Event().wait)

    with pytest.raises(ExchangeError, match="did not answer in time"):
        await desk.ask("get_ticker", pair="BTC-USDT")


async def test_the_simulated_exchange_leaves_questions_unanswered_on_demand(opened):
    async with opened("exchanges.sim.faults.no_answer=1") as desk:
        for name in (*OF_ONE_MARKET, "get_exchange_info"):
            with pytest.raises(ExchangeError, match="did not answer"):
                await of(desk, name)
