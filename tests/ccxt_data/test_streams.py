"""Real ccxt follows a loopback KuCoin: what is told is what happened there, whatever breaks."""

import json
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace
from staged import MINUTE, QUICK, Stage, staged

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import CandleClosed, NoQuote, PriceMove
from trading_mcp.testkit.kucoin import LoopbackFaults, Scripted

SPOT, PERPETUAL = "BTC-USDT", "BTC-USDT-PERP"
MANUAL = {"manual": True, "prices": {SPOT: 100.0, PERPETUAL: 100.0}}


def _same(told: Candle, true: Candle, step: float = 0.0) -> bool:
    prices = (told.open, told.high, told.low, told.close)
    # Futures tell whole contracts only.
    volume = pytest.approx(true.volume, rel=1e-6, abs=step)
    return prices == (true.open, true.high, true.low, true.close) and told.volume == volume


@pytest.mark.slow
async def test_candles_are_the_exchanges_own_through_disconnects() -> None:
    async with staged((SPOT, "DOGE-USDT"), seed=3) as stage:
        await stage.until(lambda: stage.moves(SPOT) and stage.moves("DOGE-USDT"))
        opened = []
        for minute in range(5):
            opened.append(stage.jump_to_end_of_minute())
            if minute in (2, 4):
                stage.loopback.disconnect()
            await stage.until(lambda: len(stage.candles(SPOT)) >= len(opened))
            await stage.until(lambda: len(stage.candles("DOGE-USDT")) >= len(opened))

        for symbol in (SPOT, "DOGE-USDT"):
            told = stage.candles(symbol)
            assert [event.candle.opened_at for event in told] == opened
            for event in told:
                assert _same(event.candle, stage.truth(symbol, event.candle.opened_at)), event
        assert stage.loopback.private_requests.total() == 0


def _are_told(stage: Stage, closed_at: int) -> bool:
    """Say whether the candles that closed then have been told, or never will be."""
    told = {event.candle.opened_at + MINUTE for event in stage.told(CandleClosed)}
    return closed_at in told or stage.clock.now() > closed_at + 5_000


@pytest.mark.slow
async def test_no_candle_is_wrong_whatever_breaks() -> None:
    faults = LoopbackFaults(
        drop_socket=0.01, http_500=0.1, reset=0.05, cut=0.05, html_200=0.05, acts=("public",)
    )
    async with staged((SPOT, "DOGE-USDT", PERPETUAL), seed=1) as stage:
        await stage.until(lambda: stage.moves(SPOT) and stage.moves(PERPETUAL))
        stage.loopback.set_faults(faults)
        for _ in range(5):
            closed_at = stage.jump_to_end_of_minute() + MINUTE
            await stage.until(lambda at=closed_at: _are_told(stage, at))

        told = stage.told(CandleClosed)
        assert len(told) >= 8
        for event in told:
            symbol, opened_at = event.market.removeprefix("kucoin:"), event.candle.opened_at
            true = stage.truth(symbol, opened_at)
            step = 0.001 if symbol == PERPETUAL else 0.0
            assert _same(event.candle, true, step), (event, true)
        for symbol in (SPOT, "DOGE-USDT", PERPETUAL):
            times = [event.candle.opened_at for event in stage.candles(symbol)]
            assert times == sorted(set(times))
        assert all(move.bid < move.ask for move in stage.told(PriceMove))


async def test_candles_of_one_instant_come_together_and_no_price_waits_for_them() -> None:
    symbols, patience = (SPOT, PERPETUAL, "DOGE-USDT"), replace(QUICK, hold_ms=10_000)
    async with staged(symbols, patience=patience, hang_seconds=2.0) as stage:
        await stage.until(lambda: all(stage.moves(symbol) for symbol in symbols))
        for path in ("/api/v1/market/candles", "/api/v1/kline"):
            # Whatever has to be asked for comes late: long after each market's next price.
            stage.loopback.script(Scripted(kind="hang", path=path))
        closed_at = stage.jump_to_end_of_minute() + MINUTE
        await stage.until(lambda: len(stage.told(CandleClosed)) == 3)

        first = stage.events.index(stage.told(CandleClosed)[0])
        assert all(isinstance(event, CandleClosed) for event in stage.events[first : first + 3])
        before = [event.at for event in stage.events[:first] if isinstance(event, PriceMove)]
        assert max(before) > closed_at
        late = [event for event in stage.events[:first] if getattr(event, "at", 0) > closed_at]
        assert {event.market for event in late if isinstance(event, PriceMove)} == {
            f"kucoin:{symbol}" for symbol in symbols
        }


@pytest.mark.slow
async def test_a_minute_without_trades_is_flat_and_one_with_trades_is_the_streams() -> None:
    async with staged((SPOT,), **MANUAL) as stage:
        await stage.until(lambda: stage.moves(SPOT))
        stage.loopback.price(SPOT, 101.0, volume=1.0)
        await stage.until(lambda: stage.moves(SPOT)[-1].last == 101.0)
        stage.jump_to_end_of_minute()
        await stage.until(lambda: len(stage.candles(SPOT)) == 1)
        opened_at = stage.jump_to_end_of_minute()
        await stage.until(lambda: len(stage.candles(SPOT)) == 2)

        stage.loopback.price(SPOT, 102.0, volume=1.0)
        stage.loopback.price(SPOT, 100.0, volume=1.0)
        await stage.until(lambda: stage.moves(SPOT)[-1].last == 100.0)
        traded_at = stage.jump_to_end_of_minute()
        await stage.until(lambda: len(stage.candles(SPOT)) == 3)

        empty, traded = stage.candles(SPOT)[1:]
        assert empty.candle == Candle(opened_at, 101.0, 101.0, 101.0, 101.0, 0.0)
        assert empty.origin == "empty"
        # What the stream told is enough: the exchange's own candle has all trades that were heard.
        assert _same(traded.candle, stage.truth(SPOT, traded_at))
        assert (traded.origin, traded.candle.high) == ("stream", 102.0)


async def test_a_gap_drops_the_book_until_it_is_whole_again() -> None:
    async with staged((SPOT,), **MANUAL) as stage:
        loopback, quotes = stage.loopback, stage.data.quotes
        loopback.book(SPOT, bids=[(99.0, 1.0)], asks=[(101.0, 1.0)])
        await stage.until(lambda: stage.moves(SPOT) and quotes.depth(SPOT).bids[0].price == 99.0)
        asked = _snapshots(loopback.requests)

        loopback.skip_numbers(SPOT, 3)
        loopback.book(SPOT, bids=[(98.0, 1.0)], asks=[(102.0, 2.0)])
        shown = []

        def is_whole_again() -> bool:
            try:
                book = quotes.depth(SPOT)
            except NoQuote:
                shown.append(None)
                return False
            shown.append((book.bids[0].price, book.asks[0].price))
            return shown[-1] == (98.0, 102.0)

        await stage.until(is_whole_again)
        assert set(shown) <= {(99.0, 101.0), None, (98.0, 102.0)}
        assert _snapshots(loopback.requests) == asked + 1
        await stage.until(lambda: stage.moves(SPOT)[-1].bid == 98.0)


async def test_a_crossed_book_is_never_shown() -> None:
    async with staged((SPOT,), **MANUAL) as stage:
        quotes = stage.data.quotes
        await stage.until(lambda: stage.moves(SPOT))
        asked = _snapshots(stage.loopback.requests)

        stage.loopback.cross_book(SPOT)
        await stage.until(lambda: _snapshots(stage.loopback.requests) > asked)
        await stage.until(lambda: quotes.depth(SPOT) if _is_quoted(quotes, SPOT) else None)

        assert all(move.bid < move.ask for move in stage.moves(SPOT))


async def test_what_was_missed_while_disconnected_is_told_in_one_move() -> None:
    async with staged((SPOT, PERPETUAL), **MANUAL) as stage:
        await stage.until(lambda: stage.moves(SPOT) and stage.moves(PERPETUAL))
        for symbol in (SPOT, PERPETUAL):
            stage.loopback.price(symbol, 100.5, volume=1.0)
        await stage.until(lambda: stage.moves(PERPETUAL)[-1].last == 100.5)
        await stage.until(lambda: stage.moves(SPOT)[-1].last == 100.5)
        stage.loopback.sent.clear()

        stage.loopback.disconnect()
        for symbol in (SPOT, PERPETUAL):
            # Down to a stop and back, while nobody listens.
            stage.loopback.price(symbol, 90.0, volume=1.0)
            stage.loopback.price(symbol, 99.0, volume=1.0)
        await stage.until(stage.losses)
        since = len(stage.events)
        await stage.until(lambda: len([e for e in stage.events[since:] if _spans(e)]) >= 2)

        spanning = [event for event in stage.events[since:] if _spans(event)]
        assert {event.market for event in spanning} == {f"kucoin:{SPOT}", f"kucoin:{PERPETUAL}"}
        assert all(event.last == 99.0 for event in spanning)
        assert len(stage.losses()) == 1
        await stage.until(lambda: len(_topics(stage)) == 6)
        assert len(_subscribed(stage)) == 6
        assert set(_subscribed(stage).values()) == {1}


def _spans(event: object) -> bool:
    return isinstance(event, PriceMove) and event.low == 90.0


async def test_a_silent_stream_is_not_taken_for_a_quiet_market() -> None:
    async with staged((SPOT,), **MANUAL) as stage:
        await stage.until(lambda: stage.moves(SPOT))
        stage.loopback.silence()
        told = len(stage.moves(SPOT))
        await stage.until(lambda: len(stage.moves(SPOT)) > told)  # quiet: asked for, told anew

        for price in (95.0, 96.0, 97.0):
            stage.loopback.price(SPOT, price, volume=1.0)
            await stage.until(lambda price=price: stage.moves(SPOT)[-1].last == price)
        # Twice the exchange said otherwise: the line is cut, and a new one speaks.
        await stage.until(stage.losses)
        stage.loopback.price(SPOT, 98.0, volume=1.0)
        await stage.until(lambda: stage.moves(SPOT)[-1].last == 98.0)


async def test_an_exchange_that_does_not_answer_is_lost() -> None:
    async with staged((SPOT,), **MANUAL) as stage:
        await stage.until(lambda: stage.moves(SPOT))
        stage.loopback.silence()
        stage.loopback.script(Scripted(kind="http_503", path="/api/v1/market", times=1000))

        await stage.until(stage.losses)

        told = len(stage.events)
        await stage.until(lambda: stage.loopback.requests["GET /api/v1/market/stats"] > 2)
        # Said once: nothing is told of a market whose price nobody knows.
        assert stage.events[told:] == []


async def test_a_market_is_followed_and_left_at_any_time() -> None:
    async with staged((SPOT, PERPETUAL), watch=False, **MANUAL) as stage:
        stage.data.watch(SPOT)
        await stage.until(lambda: stage.moves(SPOT))
        stage.data.watch(PERPETUAL)
        await stage.until(lambda: stage.moves(PERPETUAL))
        stage.data.unwatch(SPOT)
        await stage.until(lambda: len(_topics(stage)) == 3)
        told = len(stage.moves(SPOT))
        stage.data.watch(SPOT)
        await stage.until(lambda: len(_topics(stage)) == 6)
        stage.loopback.price(SPOT, 97.0, volume=1.0)
        await stage.until(lambda: stage.moves(SPOT)[-1].last == 97.0)
        assert len(stage.moves(SPOT)) > told


async def test_the_tape_and_the_quotes_know_what_was_heard() -> None:
    async with staged((SPOT, PERPETUAL), **MANUAL) as stage:
        await stage.until(lambda: stage.moves(SPOT) and stage.moves(PERPETUAL))
        since = stage.clock.now()
        for price in (103.0, 98.0, 99.0):
            stage.loopback.price(PERPETUAL, price, volume=2.0)
        await stage.until(lambda: stage.moves(PERPETUAL)[-1].last == 99.0)

        move = stage.data.move(PERPETUAL, since, stage.moves(PERPETUAL)[-1].at)
        assert move is not None
        assert (move.high, move.low, move.last) == (103.0, 98.0, 99.0)
        assert move.volume > 0
        assert stage.data.move(PERPETUAL, since - 60_000, since - 50_000) is None
        await stage.until(lambda: stage.data.quotes.mark(PERPETUAL) == 99)
        due = stage.data.quotes.funding_after(PERPETUAL, stage.clock.now())
        rate = stage.data.quotes.funding_rate(PERPETUAL, due + 3)
        assert rate == pytest.approx(stage.loopback.prices.funding_rate(PERPETUAL, due), abs=1e-6)
        with pytest.raises(NoQuote):
            stage.data.quotes.funding_rate(PERPETUAL, due + 3_600_000)


async def test_a_market_in_which_nothing_moves_has_a_book_at_once() -> None:
    async with staged((SPOT, PERPETUAL), **MANUAL) as stage:
        quotes = stage.data.quotes
        await stage.until(lambda: stage.moves(SPOT) and stage.moves(PERPETUAL))
        await stage.until(lambda: _is_quoted(quotes, SPOT) and _is_quoted(quotes, PERPETUAL))
        shown = quotes.depth(SPOT)

        stage.loopback.disconnect()
        await stage.until(stage.losses)
        stage.loopback.script(Scripted(kind="http_503", path="/api/v1/market/orderbook"))
        await stage.until(lambda: len(_topics(stage)) == 6)
        await stage.until(lambda: _is_quoted(quotes, SPOT) and _is_quoted(quotes, PERPETUAL))

        # The loopback stirs its farthest bid each time: a real book never stands still.
        assert quotes.depth(SPOT).bids[:-1] == shown.bids[:-1]
        assert quotes.depth(SPOT).asks == shown.asks
        stage.loopback.book(SPOT, bids=[(98.0, 1.0)], asks=[(102.0, 2.0)])
        await stage.until(lambda: quotes.depth(SPOT).bids[0].price == 98.0)


async def test_what_is_traded_before_trades_are_told_is_not_missed() -> None:
    async with staged((SPOT,), watch=False, **MANUAL) as stage:
        hub, held = stage.loopback.hub, list[Any]()
        subscribe = hub._subscribe

        def hold(socket: Any, asked: Any) -> None:
            held.append((socket, asked)) if "match" in asked["topic"] else subscribe(socket, asked)

        hub._subscribe = hold  # type: ignore[method-assign]
        stage.data.watch(SPOT)
        await stage.until(lambda: held and stage.moves(SPOT))
        for price in (90.0, 99.0):
            stage.loopback.price(SPOT, price, volume=1.0)

        hub._subscribe = subscribe  # type: ignore[method-assign]
        for socket, asked in held:
            subscribe(socket, asked)
        stage.loopback.price(SPOT, 98.0, volume=1.0)

        await stage.until(lambda: any(move.low == 90.0 for move in stage.moves(SPOT)))
        assert stage.moves(SPOT)[-1].last == 98.0


async def test_what_a_perpetual_paid_while_nobody_listened_is_recalled() -> None:
    async with staged((PERPETUAL,), watch=False) as stage:
        quotes, until = stage.data.quotes, stage.clock.now()
        since = until - 20 * 60 * MINUTE
        with pytest.raises(NoQuote):
            quotes.funding_after(PERPETUAL, since)

        await stage.data.recall(PERPETUAL, since, until)

        dues, due = [], since
        while (due := quotes.funding_after(PERPETUAL, due)) <= until:
            dues.append(due)
            true = stage.loopback.prices.funding_rate(PERPETUAL, due)
            assert quotes.funding_rate(PERPETUAL, due) == pytest.approx(true, abs=1e-9)
        assert len(dues) in (2, 3)
        assert quotes.mark(PERPETUAL) > 0


async def test_a_time_that_nobody_heard_is_recalled_by_the_minute() -> None:
    async with staged((SPOT,), watch=False, seed=5) as stage:
        until = stage.clock.now()
        since = until - 10 * MINUTE

        await stage.data.recall(SPOT, since, until)

        start = -(-since // MINUTE) * MINUTE
        for opened_at in range(start, until // MINUTE * MINUTE, MINUTE):
            move = stage.data.move(SPOT, opened_at, opened_at + MINUTE)
            true = stage.truth(SPOT, opened_at)
            assert move is not None
            assert (move.open, move.high, move.low) == (true.open, true.high, true.low)
            assert (move.last, move.volume) == (true.close, pytest.approx(true.volume))
        assert stage.data.move(SPOT, since - MINUTE, start) is None


async def test_nothing_private_is_asked_for_market_data() -> None:
    async with staged((SPOT, PERPETUAL)) as stage:
        await stage.until(lambda: stage.moves(SPOT) and stage.moves(PERPETUAL))
        await stage.data.candles(PERPETUAL, "3m", limit=50)
        await stage.data.order_book(SPOT, 50)
        await stage.data.trades(SPOT, 10)
        await stage.data.ticker(PERPETUAL)
        await stage.data.funding_rate(PERPETUAL)
        await stage.data.info()

        assert stage.loopback.private_requests.total() == 0
        assert stage.loopback.requests.total() > 10


async def test_the_exchanges_clock_is_measured() -> None:
    faults = LoopbackFaults(clock_skew_ms=2_500)
    async with staged((SPOT,), watch=False, faults=faults) as stage:
        skew = await stage.data.clock_skew_ms()

        assert skew == pytest.approx(2_500, abs=200)


def _snapshots(requests: Counter[str]) -> int:
    return sum(count for path, count in requests.items() if "level2" in path)


def _is_quoted(quotes: object, symbol: str) -> bool:
    try:
        quotes.depth(symbol)  # type: ignore[attr-defined]
    except NoQuote:
        return False
    return True


def _subscribed(stage: Stage) -> Counter[str]:
    words = (json.loads(text) for text in stage.loopback.sent)
    return Counter(word["topic"] for word in words if word["type"] == "subscribe")


def _topics(stage: Stage) -> set[str]:
    sockets = stage.loopback.hub.sockets
    return {topic for socket in sockets for topic in socket.topics}
