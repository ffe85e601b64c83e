"""What strategies wish for is told as the engine would act on it, and nothing is sent."""

import msgspec
import numpy as np
import pytest
import pytest_asyncio

from trading_mcp.app import running
from trading_mcp.config import load
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.entries import StrategyChanged, StrategyProven
from trading_mcp.domain.errors import InvalidParameter, MarketClosed, StrategyNotFound
from trading_mcp.domain.quotes import Ticker
from trading_mcp.engine.evaluator import wishes
from trading_mcp.indicators import series
from trading_mcp.indicators.consensus import timeframe_weight
from trading_mcp.services.operations import Caller
from trading_mcp.strategy.base import ENGINE_WINDOW
from trading_mcp.strategy.sample_markets import odd_markets, walk

pytestmark = pytest.mark.asyncio(loop_scope="module")
MARKET = walk(3_000, volatility=2e-3)
FLAT = odd_markets(900)["a market that never moves"]
BOTH = ["rsi_scalping", "macd_scalping"]


class Drawn:
    """Market data that a test has drawn: the same candles on every timeframe, or each its own."""

    def __init__(self, candles: Candles | dict[str, Candles]):
        self._candles = candles

    async def candles(self, symbol, interval, *, limit, end=None) -> Candles:
        given = self._candles
        whole = given[interval] if isinstance(given, dict) else given
        return whole[max(len(whole) - limit, 0) :]

    async def ticker(self, symbol: str) -> Ticker:
        return Ticker(
            symbol=symbol,
            at=1_763_287_200_000,
            last=100.0,
            bid=99.9,
            ask=100.1,
            volume=1.0,
            open_24h=100.0,
            high_24h=100.0,
            low_24h=100.0,
        )


class Asker:
    """A server with two strategies, both stopped, and whatever market a test draws."""

    def __init__(self, server):
        self.session, self._operations = server.session, server.operations

    async def ask(self, candles: Candles | dict[str, Candles], name: str, /, **arguments):
        exchanges = self.session.exchanges
        exchanges["sim"] = msgspec.structs.replace(exchanges["sim"], data=Drawn(candles))
        operation = self._operations[name]
        return await operation.run(msgspec.convert(arguments, operation.request), Caller("test"))

    async def generate(self, candles, strategies=("rsi", "macd"), **arguments):
        return await self.ask(
            candles, "generate_signals", pair="BTC-USDT", strategies=strategies, **arguments
        )

    async def switch(self, active: bool, *, proven: bool = True) -> None:
        state, roster = self.session.state, self.session.roster
        for name in BOTH:
            settings = state.strategies[name]
            changed = StrategyChanged(
                at=state.now,
                name=name,
                active=active,
                weight=settings.weight,
                params=settings.params,
                why="test",
                principal="test",
            )
            known = roster.digest(name) if proven else "other code"
            await self.session.record(
                changed, StrategyProven(at=state.now, name=name, digest=known)
            )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory):
    settings = [
        f'storage.data_dir="{tmp_path_factory.mktemp("data")}"',
        "scalping.autostart=false",
        'strategies.enabled=["rsi", "macd"]',
        *(f"strategies.settings.{name}.active=false" for name in BOTH),
    ]
    async with running(load(None, settings)) as one:
        yield Asker(one)


@pytest_asyncio.fixture(loop_scope="module")
async def trading(server):
    """The same with both strategies active."""
    await server.switch(True)
    yield server
    await server.switch(False)


async def test_a_strategy_is_asked_by_its_name_or_its_plugins(server) -> None:
    short = await server.generate(MARKET, ["rsi", "macd"])
    full = await server.generate(MARKET, ["rsi_scalping", "macd_scalping", "rsi"])
    assert [one.strategy for one in short.signals] == ["macd_scalping", "rsi_scalping"]
    assert short.signals == full.signals


async def test_a_strategy_that_is_stopped_answers_all_the_same(server) -> None:
    found = await server.generate(MARKET)
    assert [one.active for one in found.signals] == [False, False]
    assert found.faults == {}


async def test_an_unknown_strategy_is_refused_with_those_there_are(server) -> None:
    with pytest.raises(StrategyNotFound, match="'bollinger'; enabled: macd, macd_scalping, rsi"):
        await server.generate(MARKET, ["rsi", "bollinger"])


async def test_what_is_told_is_what_the_engine_would_hear(server) -> None:
    heard = set()
    for end in range(900, 1_100):
        answer = await server.generate(MARKET[:end], look_back=1)
        for told in answer.signals:
            strategy = server.session.roster.instance(told.strategy)
            signal = wishes(strategy, "sim:BTC-USDT", MARKET[end - ENGINE_WINDOW : end])
            assert told.action == (signal.wishes[-1] if signal.wishes else "hold")
            assert told.strength == signal.strength
            heard.add(told.action)
    assert {"hold", "enter_long", "enter_short"} <= heard


async def test_a_wish_is_remembered_for_as_long_as_one_looks_back(server) -> None:
    end = entry("enter_long")
    for later in range(3):
        (told,) = (await server.generate(MARKET[: end + later], ["rsi"], look_back=3)).signals
        assert (told.recent_action, told.candles_ago) == ("enter_long", later)
        assert told.action == ("enter_long" if later == 0 else "hold")
    (told,) = (await server.generate(MARKET[: end + 3], ["rsi"], look_back=3)).signals
    assert (told.recent_action, told.candles_ago, told.stop_loss) == (None, None, None)


async def test_stop_and_target_are_the_strategys_own_and_as_wide_as_the_volatility(server) -> None:
    candles = MARKET[: entry("enter_long")]
    price = candles.close[-1]
    true_range = series.atr(candles.high, candles.low, candles.close)[-1]
    width = max(0.4, true_range / price * 100)

    answer = await server.generate(candles, ["rsi"])

    (told,) = answer.signals
    assert answer.price == price
    # On the market's tick of 0.1, as the engine puts them.
    assert told.stop_loss == round(price * (1 - width / 100), 1)
    assert told.take_profit == round(price * (1 + 2 * width / 100), 1)


async def test_the_recent_entries_make_the_direction(server) -> None:
    answer = await server.generate(MARKET[: entry("enter_long")], ["rsi"])
    (told,) = answer.signals
    assert (answer.direction, answer.strength) == ("long", told.recent_strength)
    assert answer.confidence == answer.strength
    calm = await server.generate(FLAT)
    assert (calm.direction, calm.strength, calm.confidence) == ("neutral", 0.0, 0.0)


async def test_a_strategy_without_enough_candles_says_so(server) -> None:
    answer = await server.generate(MARKET[:300])
    assert [one.strategy for one in answer.signals] == ["rsi_scalping"]
    assert answer.faults == {"macd_scalping": "BTC-USDT has 300 of the 398 candles it needs"}
    with pytest.raises(MarketClosed):
        await server.generate(MARKET[:0])


async def test_asking_trades_nothing(trading) -> None:
    for end in range(1_000, 1_020):
        await trading.generate(MARKET[:end])
    await trading.ask(MARKET, "get_signals")
    await trading.ask(MARKET, "analyze_opportunity", pair="BTC-USDT")
    assert not trading.session.state.orders
    assert not trading.session.state.positions


async def test_without_names_the_active_strategies_are_asked(server, trading) -> None:
    answer = await trading.generate(MARKET, None)
    assert [one.strategy for one in answer.signals] == ["macd_scalping", "rsi_scalping"]
    assert [one.active for one in answer.signals] == [True, True]


async def test_with_none_active_nobody_speaks(server) -> None:
    answer = await server.generate(MARKET, None)
    assert (answer.signals, answer.direction, answer.faults) == ([], "neutral", {})


async def test_a_strategy_that_is_still_being_checked_is_not_passed_over_in_silence(server) -> None:
    await server.switch(True, proven=False)
    try:
        generated = await server.generate(MARKET, None)
        signals = await server.ask(MARKET, "get_signals")
        opportunity = await server.ask(MARKET, "analyze_opportunity", pair="BTC-USDT")
    finally:
        await server.switch(False)
    for answer in (generated, signals, opportunity):
        assert answer.faults.keys() == set(BOTH)
        assert "checked" in answer.faults["rsi_scalping"]


async def test_signals_are_of_each_pair_once_and_say_what_is_missing(trading) -> None:
    pairs = ["BTC-USDT", "btc/usdt", "ETH-USDT"]
    full = await trading.ask(MARKET, "get_signals", pairs=pairs)
    short = await trading.ask(MARKET[:300], "get_signals", pairs=["BTC-USDT"])
    assert [(s.pair, s.strategy) for s in full.signals] == [
        (pair, name) for pair in ("BTC-USDT", "ETH-USDT") for name in sorted(BOTH)
    ]
    assert [signal.strategy for signal in short.signals] == ["rsi_scalping"]
    assert short.faults.keys() == {"macd_scalping"}


async def test_an_opportunity_is_what_the_strategies_agree_on(trading) -> None:
    up, down = MARKET[: entry("enter_long")], MARKET[: entry("enter_short")]
    frames = {"1m": down, "1h": up, "5m": FLAT}
    answer = await trading.ask(
        frames, "analyze_opportunity", pair="BTC-USDT", timeframes=["1m", "1h", "5m", "1h"]
    )
    alone = await trading.ask(frames, "analyze_opportunity", pair="BTC-USDT", timeframes=["1h"])
    assert answer.by_timeframe == {"1m": "short", "1h": "long", "5m": "neutral"}
    assert (alone.signal, answer.signal) == ("long", "long")
    assert 0 < answer.confidence < alone.confidence <= 1
    assert answer.stop_loss < answer.entry_price == 100 < answer.take_profit


async def test_longer_timeframes_weigh_more_in_an_opportunity(trading) -> None:
    """One strategy of equal strength on each side: the hour outweighs the minute."""
    up = MARKET[: entry("enter_long")]
    over = mirrored(up)
    answers = [
        await trading.ask(frames, "analyze_opportunity", pair="BTC-USDT", timeframes=["1m", "1h"])
        for frames in ({"1m": up, "1h": over}, {"1m": over, "1h": up})
    ]
    assert [answer.signal for answer in answers] == ["short", "long"]
    assert timeframe_weight("1h") > timeframe_weight("1m")


async def test_an_opportunity_needs_candles_of_its_first_timeframe_only(trading) -> None:
    frames = {"1m": MARKET[:40], "1h": MARKET[:0]}
    answer = await trading.ask(
        frames, "analyze_opportunity", pair="BTC-USDT", timeframes=["1m", "1h"]
    )
    assert (answer.signal, answer.confidence) == ("neutral", 0)
    assert answer.indicators.macd_histogram is not None
    assert answer.faults["rsi_scalping"] == "1h: BTC-USDT has 0 of the 295 candles it needs"
    young = await trading.ask(MARKET[:3], "analyze_opportunity", pair="BTC-USDT")
    assert msgspec.structs.astuple(young.indicators) == (None, None, None, None)
    with pytest.raises(MarketClosed):
        await trading.ask(MARKET[:0], "analyze_opportunity", pair="BTC-USDT")
    with pytest.raises(InvalidParameter, match="unknown interval"):
        await trading.ask(MARKET, "analyze_opportunity", pair="BTC-USDT", timeframes=["7m"])


async def test_an_opportunity_in_a_market_that_stands_still_is_none(trading) -> None:
    answer = await trading.ask(FLAT, "analyze_opportunity", pair="BTC-USDT")
    assert (answer.signal, answer.confidence) == ("neutral", 0)
    assert msgspec.structs.astuple(answer.indicators) == (50, 50, 0, "middle")


def entry(wish: str) -> int:
    """Return a number of candles after the last of which the RSI strategy alone wants to enter,
    and nothing again for a while."""
    index = series.rsi(MARKET.close, 14)
    crossed = {
        "enter_long": series.crosses_below(index, 30),
        "enter_short": series.crosses_above(index, 70),
    }[wish]
    line, signal, _ = series.macd(MARKET.close)
    turns = series.crosses_above(line, signal) | series.crosses_below(line, signal)
    either = series.crosses_below(index, 30) | series.crosses_above(index, 70)
    for row in np.flatnonzero(crossed).tolist():
        alone = not either[row + 1 : row + 6].any() and not turns[row - 6 : row + 1].any()
        if row > 900 and alone and not either[row - 6 : row].any():
            return row + 1
    raise AssertionError(f"the RSI strategy never wants to {wish} alone")


def mirrored(candles: Candles) -> Candles:
    """Turn the price axis over."""
    top = 2 * float(candles.close[0])
    return Candles(
        candles.time,
        top - candles.open,
        top - candles.low,
        top - candles.high,
        top - candles.close,
        candles.volume,
    )
