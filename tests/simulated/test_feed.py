"""The simulated exchange's stream: it misses nothing, at any speed, and tells it in order."""

import asyncio
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.simulated.clock import SimulatedClock
from trading_mcp.adapters.simulated.feed import SimulatedMarketData
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.mishaps import Mishaps
from trading_mcp.adapters.simulated.settings import Faults, SimulatedSettings
from trading_mcp.domain.quotes import CandleClosed, PriceMove, StreamLost

MINUTE = 60_000


async def streamed(sim: Any, count: int, interval: str = "1m") -> list[Any]:
    events = sim.market_data.events(interval)
    taken = [await anext(events) for _ in range(count)]
    await events.aclose()
    return taken


@pytest.mark.parametrize(("speed", "count"), [(1, 3000), (60, 400), (3600, 400), (100_000, 800)])
async def test_the_moves_of_the_stream_add_up_to_the_candles_of_history(
    opened: Any, speed: float, count: int
) -> None:
    sim = await opened(speed=speed)
    for symbol in ("BTC-USDT", "BTC-USDT-PERP"):
        sim.market_data.watch(symbol)

    events = await streamed(sim, count)

    moves: dict[str, list[PriceMove]] = {}
    closed = 0
    for event in events:
        if isinstance(event, PriceMove):
            moves.setdefault(event.market, []).append(event)
            continue
        candle, parts = event.candle, moves.pop(event.market)
        assert parts[-1].at == candle.opened_at + MINUTE
        if closed >= 2:  # The first candle of each had begun before anybody watched.
            assert parts[0].open == candle.open
            assert max(part.high for part in parts) == candle.high
            assert min(part.low for part in parts) == candle.low
            assert parts[-1].last == candle.close
        symbol = event.market.removeprefix("sim:")
        history = await sim.market_data.candles(
            symbol, "1m", limit=1, end=candle.opened_at + MINUTE
        )
        assert history.row(0) == candle
        closed += 1
    assert closed >= 4


async def test_events_come_in_the_order_of_time(opened: Any) -> None:
    sim = await opened(speed=6000)
    for symbol in ("BTC-USDT", "ETH-USDT", "DOGE-USDT"):
        sim.market_data.watch(symbol)

    events = await streamed(sim, 600)

    def order(event: Any) -> tuple[int, int]:
        if isinstance(event, PriceMove):
            return event.at, 0
        return event.candle.opened_at + MINUTE, 1

    assert [order(event) for event in events] == sorted(order(event) for event in events)
    assert all(
        e.bid < e.ask and e.low <= e.last <= e.high for e in events if isinstance(e, PriceMove)
    )


async def test_the_exchange_matches_before_it_tells(clock: Any) -> None:
    matched = [0]

    async def match(until: int) -> None:
        matched.append(until)

    fast = SimulatedClock(clock, speed=600, start=clock.wall())
    data = SimulatedMarketData(
        SeededMarket(1),
        fast,
        interval_seconds=0.1,
        mishaps=Mishaps(Faults()),
        on_advance=match,
        sleep=clock.sleep,
    )
    data.watch("BTC-USDT")

    events = data.events("1m")
    for _ in range(50):
        event = await anext(events)
        told = event.at if isinstance(event, PriceMove) else event.candle.opened_at + MINUTE
        assert matched[-1] == told


async def test_only_what_is_watched_is_told(opened: Any) -> None:
    sim = await opened()
    sim.market_data.watch("BTC-USDT")
    sim.market_data.watch("ETH-USDT")
    sim.market_data.unwatch("BTC-USDT")
    sim.market_data.unwatch("BTC-USDT")

    assert {event.market for event in await streamed(sim, 5)} == {"sim:ETH-USDT"}
    with pytest.raises(ValueError, match="NOPE"):
        sim.market_data.watch("NOPE-USDT")


async def test_a_broken_stream_is_told_and_leaves_no_gap(opened: Any) -> None:
    sim = await opened(speed=60, faults={"disconnect": 0.3, "seed": 3})
    sim.market_data.watch("BTC-USDT")

    events = await streamed(sim, 100)

    assert 10 < sum(isinstance(event, StreamLost) for event in events) < 60
    moves = [event for event in events if isinstance(event, PriceMove)]
    assert [move.open for move in moves[1:]] == [move.last for move in moves[:-1]]


async def test_a_disk_that_fails_for_a_while_only_interrupts_the_stream(
    opened: Any, journal: Any
) -> None:
    sim = await opened(speed=60)
    sim.market_data.watch("BTC-USDT")
    events = sim.market_data.events("1m")
    before = await anext(events)

    journal.broken = True
    while not isinstance(lost := await anext(events), StreamLost):
        before = lost
    journal.broken = False
    while isinstance(after := await anext(events), StreamLost):
        pass

    assert isinstance(before, PriceMove)
    assert (lost.at, after.open) == (before.at, before.last)


async def test_candles_are_closed_and_the_newest_there_are(opened: Any, clock: Any) -> None:
    sim = await opened()
    clock.seconds += 90
    now = sim.clock.now()
    latest = now // MINUTE * MINUTE - MINUTE

    newest = await sim.market_data.candles("BTC-USDT", "1m", limit=10)
    earlier = await sim.market_data.candles("BTC-USDT", "1m", limit=10, end=latest)
    future = await sim.market_data.candles("BTC-USDT", "1m", limit=10, end=now + 10**9)

    assert list(newest.time) == [latest - n * MINUTE for n in reversed(range(10))]
    assert earlier.time[-1] == latest - MINUTE
    assert future.rows() == newest.rows()
    assert len(await sim.market_data.candles("BTC-USDT", "1m", limit=6000)) == 6000
    with pytest.raises(ValueError, match="unknown"):
        await sim.market_data.candles("BTC-USDT", "2m", limit=10)


async def test_the_ticker_tells_of_the_last_day(opened: Any) -> None:
    sim = await opened()

    ticker = await sim.market_data.ticker("BTC-USDT")
    book = await sim.market_data.order_book("BTC-USDT", 5)
    day = await sim.market_data.candles("BTC-USDT", "1m", limit=1439)

    assert ticker.bid <= ticker.last <= ticker.ask
    assert (book.bids[0].price, book.asks[0].price) == (ticker.bid, ticker.ask)
    assert ticker.high_24h >= max(day.high)
    assert ticker.low_24h <= min(day.low)
    assert ticker.volume == pytest.approx(sum(day.volume), rel=0.02)
    assert len(await sim.market_data.markets()) == 10


async def test_two_streams_do_not_disturb_each_other(opened: Any) -> None:
    sim = await opened(speed=600)
    sim.market_data.watch("BTC-USDT")

    first, second = await asyncio.gather(streamed(sim, 50), streamed(sim, 50, "5m"))

    for events in (first, second):
        moves = [event for event in events if isinstance(event, PriceMove)]
        assert [move.open for move in moves[1:]] == [move.last for move in moves[:-1]]
    assert {e.interval for e in second if isinstance(e, CandleClosed)} == {"5m"}


@pytest.mark.parametrize(
    "wrong",
    [{"speed": 0}, {"speed": 1e6}, {"balance_usdt": 0}, {"faults": {"reject": 2}}, {"sped": 2}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, SimulatedSettings)
