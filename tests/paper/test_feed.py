"""The market data in front of the account: nobody hears of a price before the account has acted."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from paper_market import MARKETS, PERP, SPOT, START, market, price_move

from trading_mcp.adapters.simulated.shadow_data import ShadowMarketData
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import CandleClosed, MarketEvent, StreamLost


class Scene:
    """A public side that plays a list of steps: an event, or what happens before the next."""

    def __init__(self, steps: list[Any], listed: Any = MARKETS) -> None:
        self._steps, self._listed = steps, listed
        self.watched = set[str]()

    async def markets(self) -> Any:
        return list(self._listed)

    def watch(self, symbol: str) -> None:
        self.watched.add(symbol)

    def unwatch(self, symbol: str) -> None:
        self.watched.discard(symbol)

    async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
        for step in self._steps:
            event = step() if callable(step) else step
            if event is not None:
                yield event


def traded(script: Any, price: float, symbol: str = SPOT, amount: float = 1.0) -> Any:
    return lambda: price_move(symbol, script.trade(price, amount, symbol), price)


@pytest.fixture
async def resting(paper: Any, script: Any, order: Any) -> Any:
    await paper.open()
    script.book()
    await paper.venue.submit(order(price=59_500))
    return paper


async def test_a_price_is_told_after_the_account_has_acted_on_it(resting: Any, script: Any) -> None:
    data = ShadowMarketData(Scene([traded(script, 60_000), traded(script, 59_400)]), resting.venue)
    data.watch(SPOT)

    seen = [(e.last, (await resting.status("a"))[0]) async for e in data.events("1m")]

    assert seen == [(60_000, "open"), (59_400, "filled")]


async def test_a_candle_is_told_after_the_account_has_acted_on_its_time(
    resting: Any, script: Any, clock: Any
) -> None:
    script.trade(59_400)
    clock.seconds = 60
    closed = CandleClosed(
        market=f"kucoin:{SPOT}",
        interval="1m",
        candle=Candle(START, 60_000, 60_000, 59_400, 59_400, 1),
    )
    data = ShadowMarketData(Scene([closed]), resting.venue)
    data.watch(SPOT)

    seen = [(event, (await resting.status("a"))[0]) async for event in data.events("1m")]

    assert seen == [(closed, "filled")]


async def test_a_trade_counts_when_it_is_heard_whatever_time_the_exchange_gives_its_price(
    resting: Any, script: Any
) -> None:
    def late() -> Any:
        return price_move(SPOT, script.trade(59_400, after=200) - 150, 59_400)

    data = ShadowMarketData(Scene([late]), resting.venue)
    data.watch(SPOT)

    async for _ in data.events("1m"):
        assert (await resting.status("a"))[0] == "filled"


async def test_what_is_at_stake_is_watched_whoever_looks(resting: Any, script: Any) -> None:
    scene = Scene([traded(script, 60_000), traded(script, 59_400), traded(script, 59_300)])
    data = ShadowMarketData(scene, resting.venue)
    data.watch(SPOT)
    data.unwatch(SPOT)

    at_first = set(scene.watched)
    told = [event async for event in data.events("1m")]

    assert at_first == {SPOT}
    assert told == []
    assert (await resting.status("a"))[0] == "filled"
    assert scene.watched == set()


async def test_after_a_restart_what_is_at_stake_is_watched_at_once(
    resting: Any, script: Any
) -> None:
    await resting.open()
    scene = Scene([])

    async for _ in ShadowMarketData(scene, resting.venue).events("1m"):
        pass

    assert scene.watched == {SPOT}


async def test_what_is_heard_only_after_a_break_counts_from_then(
    resting: Any, script: Any, clock: Any
) -> None:
    def back() -> Any:
        clock.seconds = 150
        return price_move(SPOT, script.trade(59_400), 59_400)

    lost = StreamLost(exchange="kucoin", at=START)
    data = ShadowMarketData(Scene([lost, back]), resting.venue)
    data.watch(SPOT)

    told = [event async for event in data.events("1m")]

    assert told[0] == lost
    (fill,) = await resting.venue.fills(SPOT, "a")
    assert fill.at == clock.now()


async def test_while_prices_wait_for_a_candle_the_account_goes_on(
    resting: Any, script: Any
) -> None:
    filled = resting.venue.reports()

    class Withheld(Scene):
        async def events(self, interval: str) -> AsyncIterator[MarketEvent]:
            script.trade(59_400)
            await anext(filled)
            yield price_move(SPOT, START, 59_400)

    data = ShadowMarketData(Withheld([]), resting.venue)
    data.watch(SPOT)

    async with asyncio.timeout(5):
        told = [event async for event in data.events("1m")]

    assert [event.last for event in told] == [59_400]


async def test_an_account_that_cannot_write_shows_no_prices(
    resting: Any, script: Any, monkeypatch: Any
) -> None:
    async def broken(symbol: str | None) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(resting.venue, "catch_up", broken)
    move = price_move(SPOT, START, 60_000)
    data = ShadowMarketData(Scene([move]), resting.venue)
    data.watch(SPOT)

    told = [event async for event in data.events("1m")]

    assert told == [StreamLost(exchange="kucoin", at=START)]


async def test_markets_that_are_gone_but_held_are_still_listed(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book(symbol=PERP)
    await paper.venue.submit(order("in", symbol=PERP, leverage=10))
    await paper.open(markets=[market("DOGE-USDT")])

    data = ShadowMarketData(Scene([], [market("DOGE-USDT")]), paper.venue)

    assert [m.symbol for m in await data.markets()] == ["DOGE-USDT", PERP]
