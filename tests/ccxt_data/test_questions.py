"""Questions over REST, asked of real ccxt with canned answers in KuCoin's documented shapes."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from canned_exchanges import AT, REAL, Canned, StillClock, canned_client, kucoin_wire

from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.adapters.ccxt.markets import listed_markets
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.sources import Patience
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import FundingRate, Level, NotOffered, OpenInterest, PublicTrade

MINUTE = 60_000
Told = tuple[CcxtMarketData, Canned, StillClock]


async def _kucoin(at: int = AT, **answers: Any) -> Told:
    client, canned = canned_client("kucoin", _but(kucoin_wire(), answers))
    await client.load_markets()
    traits = traits_of("kucoin")
    clock = StillClock(at)
    listing = listed_markets("kucoin", client, ExchangeSettings(), traits)
    canned.asked.clear()
    return CcxtMarketData("kucoin", client, listing, traits, clock, Patience()), canned, clock


def _but(answers: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    return {end: answer for end, answer in answers.items() if end not in others} | others


def _candle_page(rows: list[list[float]], most: int = 1500) -> Callable[[str], Any]:
    """Answer like KuCoin's spot candles: the newest first, strings, open before close."""

    def page(url: str) -> Any:
        start, end = (int(re.search(f"{name}=(\\d+)", url)[1]) for name in ("startAt", "endAt"))  # type: ignore[index]
        inside = [row for row in rows if start * 1000 <= row[0] < end * 1000]
        told = [
            [str(int(t) // 1000), repr(o), repr(c), repr(h), repr(lo), repr(v), "0"]
            for t, o, h, lo, c, v in inside[-most:]
        ]
        return {"code": "200000", "data": told[::-1]}

    return page


def _trades_until(at: int) -> dict[str, Any]:
    row = {"sequence": "7", "price": "2", "size": "1", "side": "buy", "time": at * 1_000_000}
    return {"code": "200000", "data": [row]}


def _ton() -> list[list[float]]:
    file = REAL / "market" / "ohlcv" / "kucoin_spot_TON-USDT_1m_2023_asreturned.parquet"
    if not file.exists():
        pytest.skip(f"no recordings at {file}")
    return [list(row) for row in pl.read_parquet(file).head(6000).iter_rows()]


async def test_a_window_of_a_quiet_market_has_no_holes() -> None:
    rows = _ton()
    end = int(rows[5000][0]) + 3 * MINUTE
    answers = {"/market/candles": _candle_page(rows), "/histories": _trades_until(end)}
    data, canned, _ = await _kucoin(int(rows[-1][0]), **answers)

    window = await data.candles("BTC-USDT", "1m", limit=4000, end=end)

    traded = {int(row[0]): row for row in rows}
    whole = window.rows()
    assert [row.opened_at for row in whole] == [end - n * MINUTE for n in range(4000, 0, -1)]
    empty = [row for row in whole if row.opened_at not in traded]
    assert len(empty) > 500
    assert all(row.volume == 0 and row.open == row.high == row.low == row.close for row in empty)
    for before, row in pairwise(whole):
        if row.opened_at not in traded:
            assert row.close == before.close
        else:
            assert [row.open, row.high, row.low, row.close, row.volume] == traded[row.opened_at][1:]
    # Three pages of 1,500 at most, and what came before where the first minute is empty.
    assert len(canned.asked) <= 4


async def test_a_minute_that_is_not_published_yet_is_not_taken_for_empty() -> None:
    start = AT - 10 * MINUTE
    rows = [[start + n * MINUTE, 2.0, 2.0, 2.0, 2.0, 1.0] for n in range(9)]
    late = {"/market/candles": _candle_page(rows), "/histories": _trades_until(AT - 5)}
    data, _, _ = await _kucoin(AT + 100, **late)

    window = await data.candles("BTC-USDT", "1m", limit=5)

    # Somebody traded in the newest minute, so it has a candle, which nobody knows yet.
    assert window.row(-1).opened_at == AT - 2 * MINUTE


async def test_a_minute_after_the_last_trade_is_empty_at_once() -> None:
    start = AT - 10 * MINUTE
    rows = [[start + n * MINUTE, 2.0, 2.0, 2.0, 2.0, 1.0] for n in range(9)]
    quiet = {"/market/candles": _candle_page(rows), "/histories": _trades_until(AT - 90_000)}
    data, _, _ = await _kucoin(AT + 100, **quiet)

    window = await data.candles("BTC-USDT", "1m", limit=5)

    assert window.row(-1) == Candle(AT - MINUTE, 2.0, 2.0, 2.0, 2.0, 0.0)
    assert window.row(-2) == Candle(AT - 2 * MINUTE, 2.0, 2.0, 2.0, 2.0, 1.0)


async def test_a_candle_that_has_not_closed_is_never_told() -> None:
    rows = [[AT - n * MINUTE, 2.0, 2.0, 2.0, 2.0, 1.0] for n in range(20, -1, -1)]
    data, _, _ = await _kucoin(AT + 30_000, **{"/market/candles": _candle_page(rows)})

    window = await data.candles("BTC-USDT", "1m", limit=5, end=AT + MINUTE)

    assert window.row(-1).opened_at == AT - MINUTE


async def test_intervals_that_kucoins_futures_lack_are_made_of_shorter_ones() -> None:
    def kline(url: str) -> Any:
        assert "granularity=1&" in url
        start, end = (int(re.search(f"{name}=(\\d+)", url)[1]) for name in ("from", "to"))  # type: ignore[index]
        opens = range(-(-start // MINUTE) * MINUTE, min(end, AT), MINUTE)
        rows = [[t, 10 + t // MINUTE % 3, 20, 5, 11, 4] for t in opens]
        return {"code": "200000", "data": rows}

    data, canned, _ = await _kucoin(AT + 20_000, **{"/kline/query": kline})

    window = await data.candles("BTC-USDT-PERP", "3m", limit=100)

    assert len(window) == 100
    # The first minute's open, and the volume of three minutes: 12 contracts of 0.001 BTC.
    assert window.row(-1) == Candle(AT - 3 * MINUTE, 10.0, 20.0, 5.0, 11.0, 0.012)
    assert len([url for url in canned.asked if "kline" in url]) == 2


async def test_a_candle_that_cannot_be_is_refused_whole() -> None:
    good = [[AT - n * MINUTE, 2.0, 2.0, 2.0, 2.0, 1.0] for n in range(20, 0, -1)]
    for at, bad in ((1, float("nan")), (2, 1.5), (4, -2.0), (5, float("inf")), (1, 1e30)):
        rows = [list(row) for row in good]
        rows[-3][at] = bad
        data, _, _ = await _kucoin(AT + 30_000, **{"/market/candles": _candle_page(rows)})
        with pytest.raises(Nonsense):
            await data.candles("BTC-USDT", "1m", limit=5)


async def test_unknown_symbols_and_intervals_are_the_callers_mistake() -> None:
    data, canned, _ = await _kucoin()

    for wrong in (
        data.candles("BTC-EUR", "1m", limit=5),
        data.candles("BTC-USDT", "7m", limit=5),
        data.ticker("btc-usdt"),
        data.order_book("", 5),
    ):
        with pytest.raises(ValueError, match="unknown"):
            await wrong
    assert canned.asked == []


async def test_what_the_exchange_has_not_is_said_so() -> None:
    data, canned, _ = await _kucoin()

    for missing in (
        data.funding_rate("BTC-USDT"),
        data.open_interest("BTC-USDT"),
        data.liquidations("BTC-USDT-PERP", 10),
    ):
        with pytest.raises(NotOffered):
            await missing
    assert canned.asked == []


async def test_the_book_is_asked_for_at_a_depth_that_kucoin_knows() -> None:
    data, canned, _ = await _kucoin(**{"level2_20": _BOOK, "level2_100": _BOOK})

    few, many = await data.order_book("BTC-USDT", 1), await data.order_book("BTC-USDT", 1000)

    assert few.bids == (Level(66976.4, 0.69109872),)
    assert few.asks == (Level(66976.5, 0.05408199),)
    assert len(many.bids) == 2
    assert [url[-20:] for url in canned.asked if "level2" in url] != []
    assert "level2_20" in canned.asked[0]
    assert "level2_100" in canned.asked[1]


_BOOK = {
    "code": "200000",
    "data": {
        "time": AT,
        "sequence": "14610502970",
        "bids": [["66976.4", "0.69109872"], ["66976.3", "0.14377"]],
        "asks": [["66976.5", "0.05408199"], ["66976.8", "0.0005"]],
    },
}


@pytest.mark.parametrize(
    ("side", "rows"),
    [
        ("bids", [["66976.6", "1"]]),
        ("asks", [["NaN", "1"]]),
        ("asks", [["66976.5", "-1"]]),
        ("asks", []),
    ],
)
async def test_a_book_that_cannot_be_is_refused(side: str, rows: list[Any]) -> None:
    told = json.loads(json.dumps(_BOOK))
    told["data"][side] = rows
    data, _, _ = await _kucoin(**{"level2_20": told})

    with pytest.raises(Nonsense):
        await data.order_book("BTC-USDT", 20)


async def test_spot_trades_are_known_by_their_sequence() -> None:
    data, _, _ = await _kucoin()

    trades = await data.trades("BTC-USDT", 2)

    assert [trade.id for trade in trades] == ["10976028003549188", "10976028003549191"]
    assert trades[-1] == PublicTrade(
        id="10976028003549191", at=1729177117877, side="buy", price=67122.9, amount=0.05654289
    )


async def test_trades_of_perpetuals_are_told_in_base() -> None:
    data, _, _ = await _kucoin()

    newest = (await data.trades("BTC-USDT-PERP", 1))[0]

    assert (newest.id, newest.amount, newest.side) == ("1697915257909", 0.001, "sell")


async def test_the_day_of_a_perpetual_is_read_off_its_hours() -> None:
    def kline(url: str) -> Any:
        rows = [[AT - n * 60 * MINUTE, 100 + n, 200 + n, 50 - n, 99, 10] for n in range(23, -1, -1)]
        return {"code": "200000", "data": rows}

    ticker = kucoin_wire()["/api/v1/ticker"]
    ticker["data"] |= {"symbol": "XBTUSDTM", "ts": AT * 1_000_000}
    data, _, _ = await _kucoin(**{"/kline/query": kline, "/api/v1/ticker": ticker})

    told = await data.ticker("BTC-USDT-PERP")

    assert (told.last, told.bid, told.ask) == (67158.4, 67169.6, 67169.7)
    assert (told.open_24h, told.high_24h, told.low_24h) == (123.0, 223.0, 27.0)
    assert told.volume == pytest.approx(0.24)


async def test_the_day_of_a_spot_market_is_told_by_the_exchange() -> None:
    data, _, _ = await _kucoin()

    told = await data.ticker("BTC-USDT")

    assert (told.bid, told.ask, told.last) == (66982.4, 66982.5, 66981.5)
    assert (told.high_24h, told.low_24h, told.volume) == (68107.7, 66683.3, 1738.02898182)


async def test_funding_is_due_at_the_next_settlement() -> None:
    data, _, _ = await _kucoin(1748462400000 - 5 * MINUTE)

    told = await data.funding_rate("BTC-USDT-PERP")

    assert told == FundingRate(
        symbol="BTC-USDT-PERP",
        at=1748462400000 - 5 * MINUTE,
        rate=6.1e-05,
        due_at=1748491200000,
        interval_ms=28_800_000,
        next_rate=0.000109,
    )


async def test_open_interest_is_told_in_base() -> None:
    answer = {
        "code": "200000",
        "data": [{"symbol": "XBTUSDTM", "openInterest": "6748176", "ts": AT}],
    }
    data, _, _ = await _kucoin(**{"/market/open-interest": answer})

    told = await data.open_interest("BTC-USDT-PERP")

    assert told == OpenInterest(symbol="BTC-USDT-PERP", at=AT, amount=6748.176, value=None)


async def test_the_exchange_tells_what_it_has_and_its_time() -> None:
    answers = {"/timestamp": {"code": "200000", "data": AT + 1500}}
    data, _, _ = await _kucoin(**answers)

    info = await data.info()

    assert (info.status, info.at) == ("ok", AT + 1500)
    assert "3m" in info.intervals
    assert "6h" in info.intervals
    assert set(info.offers) >= {"ticker", "order_book", "candles", "trades", "funding_rate"}
    assert "liquidations" not in info.offers
    assert await data.clock_skew_ms() == 1500
