"""Market data over REST: what ccxt makes of it is what the exchange has."""

from itertools import pairwise
from typing import Any

import pytest

from trading_mcp.testkit.kucoin import LoopbackFaults

SPOT, FUTURES = "BTC/USDT", "BTC/USDT:USDT"


async def test_markets_of_both_kinds_are_listed(client: Any) -> None:
    markets = await client.load_markets()

    spot, futures = markets[SPOT], markets[FUTURES]
    assert (spot["id"], spot["active"], spot["taker"]) == ("BTC-USDT", True, 0.001)
    assert spot["precision"] == {"amount": 0.00001, "price": 0.1}
    assert (futures["id"], futures["contractSize"]) == ("XBTUSDTM", 0.001)
    assert futures["limits"]["leverage"] == {"min": 1.0, "max": 20.0}


async def test_markets_are_listed_to_somebody_without_keys(opened: Any, connect: Any) -> None:
    kucoin = await opened(symbols=())
    anybody = connect(kucoin, apiKey="", secret="", password="")

    assert len(await anybody.load_markets()) == 10
    assert kucoin.private_requests == {}


async def test_only_the_chosen_markets_are_listed(opened: Any, connect: Any) -> None:
    kucoin = await opened(symbols=("BTC-USDT", "XBTUSDTM"))

    assert sorted(await connect(kucoin).load_markets()) == [SPOT, FUTURES]


async def test_time_and_status_are_told(kucoin: Any, client: Any) -> None:
    assert abs(await client.fetch_time() - kucoin.clock.now()) < 1000
    assert (await client.fetch_status())["status"] == "ok"
    assert abs(await client.fetch_time({"type": "swap"}) - kucoin.clock.now()) < 1000


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_a_ticker_shows_the_price_and_the_best_offers(client: Any, symbol: str) -> None:
    ticker = await client.fetch_ticker(symbol)

    assert (ticker["bid"], ticker["last"], ticker["ask"]) == (49_999.9, 50_000, 50_000.1)


async def test_all_tickers_are_told_at_once(client: Any) -> None:
    spot = await client.fetch_tickers(["BTC/USDT", "ETH/USDT"])
    futures = await client.fetch_tickers(["BTC/USDT:USDT"])

    assert sorted(spot) == ["BTC/USDT", "ETH/USDT"]
    assert futures["BTC/USDT:USDT"]["last"] == 50_000


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_candles_lead_to_the_price(client: Any, symbol: str) -> None:
    candles = await client.fetch_ohlcv(symbol, "1m", limit=50)

    times = [candle[0] for candle in candles]
    assert len(candles) in (50, 51)
    assert times == sorted(times)
    assert {later - sooner for sooner, later in pairwise(times)} == {60_000}
    assert candles[-1][4] == 50_000
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in candles)


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_candles_of_a_past_day_are_the_same_each_time(client: Any, symbol: str) -> None:
    day = 1_700_006_400_000

    first = await client.fetch_ohlcv(symbol, "1h", since=day, limit=24)

    assert [candle[0] for candle in first] == [day + n * 3_600_000 for n in range(24)]
    assert await client.fetch_ohlcv(symbol, "1h", since=day, limit=24) == first


async def test_candles_without_trades_are_left_out(opened: Any, connect: Any) -> None:
    kucoin = await opened(faults=LoopbackFaults(candle_gaps=0.3))
    client = connect(kucoin)

    candles = await client.fetch_ohlcv(SPOT, "1m", limit=100)

    assert 40 < len(candles) < 90
    again = await client.fetch_ohlcv(SPOT, "1m", limit=100)
    assert [c[0] for c in again[:-2]] == [
        c[0] for c in candles if c[0] in {a[0] for a in again[:-2]}
    ]


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
@pytest.mark.parametrize("limit", [None, 20, 100])
async def test_the_book_is_the_exchange_s(client: Any, symbol: str, limit: int | None) -> None:
    book = await client.fetch_order_book(symbol, limit)

    assert book["bids"][0][0] == 49_999.9
    assert book["asks"][0][0] == 50_000.1
    assert len(book["asks"]) == (limit or 100)
    assert book["nonce"] > 0


async def test_a_book_that_somebody_has_set_is_shown_in_contracts(kucoin: Any, client: Any) -> None:
    kucoin.book("XBTUSDTM", bids=[(49_990, 0.5)], asks=[(50_010, 0.25)])

    book = await client.fetch_order_book(FUTURES)

    assert (book["bids"][0], book["asks"][0]) in (
        ([49_990, 500], [50_010, 250]),
        ([49_990, 1000], [50_010, 250]),
    )


@pytest.mark.parametrize("symbol", [SPOT, FUTURES])
async def test_trades_tell_of_a_move(kucoin: Any, client: Any, symbol: str) -> None:
    kucoin.price("BTC-USDT", 50_100, volume=0.5)
    kucoin.price("XBTUSDTM", 50_100, volume=0.5)

    newest = (await client.fetch_trades(symbol))[-1]

    assert (newest["price"], newest["side"]) == (50_100, "buy")
    assert newest["amount"] == (0.5 if symbol == SPOT else 500)


async def test_funding_is_told(kucoin: Any, client: Any) -> None:
    kucoin.prices.set_funding_rate("BTC-USDT-PERP", 0.0003)

    rate = await client.fetch_funding_rate(FUTURES)

    assert rate["fundingRate"] == 0.0003
    assert 0 < rate["fundingTimestamp"] - kucoin.clock.now() <= 8 * 3_600_000
    rates = await client.fetch_funding_rates([FUTURES])
    assert rates[FUTURES]["fundingRate"] == 0.0003


async def test_past_fundings_are_told(client: Any) -> None:
    history = await client.fetch_funding_rate_history(FUTURES, limit=10)

    assert len(history) == 10
    assert {rate["timestamp"] % (8 * 3_600_000) for rate in history} == {0}


async def test_open_interest_and_mark_price_are_told(client: Any) -> None:
    await client.load_markets()

    interest = (await client.fetch_open_interests([FUTURES]))[FUTURES]
    mark = await client.fetch_mark_price(FUTURES)

    assert interest["openInterestAmount"] > 0
    assert mark["info"]["value"] == 50_000


async def test_a_halted_market_is_not_active(opened: Any, connect: Any) -> None:
    kucoin = await opened(faults=LoopbackFaults(halted=("BTC-USDT", "XBTUSDTM")))

    markets = await connect(kucoin).load_markets()

    assert [markets[name]["active"] for name in (SPOT, FUTURES, "ETH/USDT")] == [
        False,
        False,
        True,
    ]
