"""Indicators, patterns and timeframes, as they are told of markets of every kind."""

import json

import msgspec
import numpy as np
import pytest
import pytest_asyncio

from trading_mcp.api.reading import finite
from trading_mcp.app import running
from trading_mcp.config import load
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import ExchangeError, InvalidParameter, MarketClosed
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.indicators import series
from trading_mcp.indicators.consensus import timeframe_weight
from trading_mcp.services.operations import Caller
from trading_mcp.strategy.sample_markets import markets, odd_markets, walk

pytestmark = pytest.mark.asyncio(loop_scope="module")
COLUMNS = ("time", "open", "high", "low", "close", "volume")
MARKET = walk(6_000)
# Each tool with the number of candles that its first value takes, and what it can ask less of.
TOOLS = {
    "calculate_rsi": (15, "period"),
    "calculate_macd": (34, "slow_period"),
    "calculate_bollinger": (20, "period"),
    "calculate_ema": (20, "period"),
    "calculate_sma": (20, "period"),
    "calculate_atr": (15, "period"),
    "calculate_stochastic": (18, "k_period"),
    "detect_patterns": (15, "interval"),
}
CALCULATIONS = [name for name in TOOLS if name.startswith("calculate")]


class Drawn:
    """Market data that a test has drawn: the same candles on every timeframe, or each its own."""

    def __init__(self, candles: Candles | dict[str, Candles]):
        self._candles = candles

    async def candles(self, symbol, interval, *, limit, end=None) -> Candles:
        given = self._candles
        whole = given[interval] if isinstance(given, dict) else given
        return whole[max(len(whole) - limit, 0) :]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drawn(tmp_path_factory):
    """Ask one server about markets that are drawn."""
    folder = tmp_path_factory.mktemp("data")
    settings = [f'storage.data_dir="{folder}"', "scalping.autostart=false"]
    async with running(load(None, settings)) as server:
        exchanges = server.session.exchanges

        async def ask(candles: Candles | dict[str, Candles], name: str, /, **arguments):
            exchanges["sim"] = msgspec.structs.replace(exchanges["sim"], data=Drawn(candles))
            operation = server.operations[name]
            market = "symbol" if name == "analyze_multi_timeframe" else "pair"
            request = msgspec.convert({market: "BTC-USDT", **arguments}, operation.request)
            return await operation.run(request, Caller("test"))

        yield ask


async def test_the_newest_values_are_those_of_the_whole_history(drawn) -> None:
    high, low, close = MARKET.high, MARKET.low, MARKET.close
    macd, bands = series.macd(close), series.bollinger(close)
    k, d = series.stochastic(high, low, close)
    expected = {
        "calculate_rsi": {"rsi": series.rsi(close)},
        "calculate_macd": {
            "macd": macd.line,
            "signal_line": macd.signal,
            "histogram": macd.histogram,
        },
        "calculate_bollinger": {
            "upper": bands.upper,
            "middle": bands.middle,
            "lower": bands.lower,
            "percent_b": series.percent_b(close, bands),
            "bandwidth": series.bandwidth(bands),
        },
        "calculate_ema": {"ema": series.ema(close, 20)},
        "calculate_sma": {"sma": series.sma(close, 20)},
        "calculate_atr": {"atr": series.atr(high, low, close)},
        "calculate_stochastic": {"k": k, "d": d},
    }
    for tool, columns in expected.items():
        for limit in (1, 7, 1000):
            answer = msgspec.to_builtins(await drawn(MARKET, tool, limit=limit))
            for name, column in columns.items():
                values = answer["values"] if len(columns) == 1 else answer["values"][name]
                assert values == pytest.approx(column[-limit:].tolist(), rel=1e-7, abs=1e-7)
                assert answer[name] == values[-1]


async def test_an_answer_says_of_which_candles_it_is(drawn) -> None:
    gapped = Candles(*(np.delete(getattr(MARKET, name), [-3, -7, -8]) for name in COLUMNS))
    for tool in TOOLS:
        answer = await drawn(gapped, tool, interval="1m", limit=20)
        assert (answer.exchange, answer.pair, answer.source) == ("sim", "BTC-USDT", "simulated")
        assert answer.timestamp == "2025-01-03T04:00:00Z"
        assert answer.interval == "1m"
        assert answer.missing_candles == 3


async def test_a_flat_market_is_told_as_neutral_and_without_garbage(drawn) -> None:
    flat = odd_markets(2_000)["a market that never moves"]
    told = {tool: msgspec.to_builtins(await drawn(flat, tool, limit=3)) for tool in TOOLS}

    assert {tool: answer.get("signal") for tool, answer in told.items()} == {
        "calculate_rsi": "neutral",
        "calculate_macd": "neutral",
        "calculate_bollinger": "middle",
        "calculate_ema": "neutral",
        "calculate_sma": "neutral",
        "calculate_atr": "normal",
        "calculate_stochastic": "neutral",
        "detect_patterns": None,
    }
    assert told["calculate_rsi"]["values"] == [50, 50, 50]
    assert told["calculate_macd"]["values"]["histogram"] == [0, 0, 0]
    bands = told["calculate_bollinger"]
    assert (bands["upper"], bands["lower"], bands["percent_b"]) == (27, 27, None)
    assert bands["bandwidth"] == 0
    assert told["calculate_ema"]["ema"] == told["calculate_sma"]["sma"] == 27
    assert (told["calculate_atr"]["atr"], told["calculate_atr"]["atr_percent"]) == (0, 0)
    assert told["calculate_stochastic"]["values"] == {"k": [None] * 3, "d": [None] * 3}
    assert told["detect_patterns"]["patterns"] == []


@pytest.mark.parametrize("name", [*markets(1_500), "a market without volume"])
async def test_in_every_market_every_number_is_one(drawn, name: str) -> None:
    market = {**markets(1_500), **odd_markets(1_500)}[name]
    for tool in TOOLS:
        answer = msgspec.to_builtins(await drawn(market, tool, limit=1_000))
        assert answer == finite(answer), tool
        assert len(json.dumps(answer)) < 250_000


async def test_volume_changes_nothing(drawn) -> None:
    silent = odd_markets(500)["a market without volume"]
    usual = walk(500, seed=13)
    for tool in TOOLS:
        found, expected = await drawn(silent, tool), await drawn(usual, tool)
        assert msgspec.structs.replace(found, age_ms=expected.age_ms) == expected


@pytest.mark.parametrize("tool", TOOLS)
async def test_too_few_candles_are_refused_with_what_there_is(drawn, tool: str) -> None:
    needed, by = TOOLS[tool]
    with pytest.raises(InvalidParameter) as refused:
        await drawn(MARKET[: needed - 1], tool)
    details = {"field": by, "needed": needed, "available": needed - 1}
    assert refused.value.details == details
    just_enough = await drawn(MARKET[:needed], tool)
    if tool in CALCULATIONS:
        values = msgspec.to_builtins(just_enough)["values"]
        for column in values.values() if isinstance(values, dict) else [values]:
            assert len(column) == 1


@pytest.mark.parametrize("tool", [*TOOLS, "analyze_multi_timeframe"])
async def test_a_market_without_candles_is_closed(drawn, tool: str) -> None:
    with pytest.raises(MarketClosed, match="no closed 1m candle"):
        await drawn(MARKET[:0], tool)


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 0.0, -1.0])
async def test_candles_that_are_no_prices_are_the_exchanges_fault(drawn, price: float) -> None:
    columns = {name: getattr(MARKET, name).copy() for name in COLUMNS}
    columns["low"][-2] = price
    broken = Candles(**columns)
    for tool in (*TOOLS, "analyze_multi_timeframe"):
        with pytest.raises(ExchangeError, match="no prices"):
            await drawn(broken, tool)


async def test_a_fast_period_must_be_below_the_slow_one(drawn) -> None:
    for fast in (26, 30):
        with pytest.raises(InvalidParameter, match="must be below slow_period, 26") as refused:
            await drawn(MARKET, "calculate_macd", fast_period=fast)
        assert refused.value.details["field"] == "fast_period"


async def test_a_market_that_rises_is_read_as_such(drawn) -> None:
    rising = trending(0.002)
    assert (await drawn(rising, "calculate_rsi")).signal == "overbought"
    assert (await drawn(rising, "calculate_stochastic")).signal == "overbought"
    assert (await drawn(rising, "calculate_ema")).signal == "bullish"
    assert (await drawn(rising, "calculate_sma")).signal == "bullish"
    assert (await drawn(trending(-0.002), "calculate_ema")).signal == "bearish"


async def test_a_crossing_is_told_at_its_candle_and_not_after(drawn) -> None:
    line, signal, _ = series.macd(MARKET.close)
    cross = int(np.flatnonzero(series.crosses_above(line, signal))[-1])
    assert (await drawn(MARKET[: cross + 1], "calculate_macd")).signal == "bullish_cross"
    assert (await drawn(MARKET[: cross + 2], "calculate_macd")).signal != "bullish_cross"
    assert (await drawn(MARKET[:cross], "calculate_macd")).signal == "bearish"


async def test_a_sudden_range_is_high(drawn) -> None:
    wild = walk(15, volatility=1e-2, price=float(MARKET.close[-1]), seed=1)
    assert (await drawn(joined(MARKET, wild), "calculate_atr", limit=1)).signal == "high"
    assert (await drawn(MARKET, "calculate_atr", limit=1)).signal == "normal"


async def test_a_fast_stochastic_is_one_without_smoothing(drawn) -> None:
    answer = await drawn(MARKET, "calculate_stochastic", smoothing=1, d_period=1, k_period=5)
    high, low, close = MARKET.high[-5:].max(), MARKET.low[-5:].min(), MARKET.close[-1]
    assert answer.k == answer.d == pytest.approx(100 * (close - low) / (high - low))


async def test_patterns_come_newest_first_and_no_more_than_a_hundred(drawn) -> None:
    answer = await drawn(MARKET, "detect_patterns", limit=1_000)
    assert answer.count == len(answer.patterns) == 100 < answer.found
    ages = [one.candles_ago for one in answer.patterns]
    assert ages == sorted(ages)
    for one, next_one in zip(answer.patterns, answer.patterns[1:], strict=False):
        assert one.candles_ago < next_one.candles_ago or one.strength >= next_one.strength
    assert answer.says.keys() == {one.pattern for one in answer.patterns}


async def test_only_patterns_of_the_last_candles_are_told(drawn) -> None:
    short = await drawn(MARKET, "detect_patterns", limit=5)
    long = await drawn(MARKET, "detect_patterns", limit=500)
    assert all(one.candles_ago < 5 for one in short.patterns)
    assert short.patterns == [one for one in long.patterns if one.candles_ago < 5]
    newest = short.patterns[0]
    assert newest.candle_time == "2025-01-03T03:59:00Z" or newest.candles_ago > 0


async def test_patterns_may_be_chosen_by_name_and_strength(drawn) -> None:
    chosen = await drawn(
        MARKET, "detect_patterns", limit=1_000, patterns=["engulfing", "CDLHIKKAKE", "Engulfing"]
    )
    strong = await drawn(MARKET, "detect_patterns", limit=1_000, min_strength=0.7)
    assert {one.pattern for one in chosen.patterns} == {"Engulfing", "Hikkake"}
    assert strong.patterns
    assert all(one.strength >= 0.7 for one in strong.patterns)
    with pytest.raises(InvalidParameter, match=r"'hamer' is not one .*Hammer") as refused:
        await drawn(MARKET, "detect_patterns", patterns=["hamer"])
    assert len(refused.value.details["known"]) == 61


async def test_timeframes_are_told_as_the_reference_has_them(drawn) -> None:
    answer = msgspec.to_builtins(
        await drawn(trending(0.001, 0.0004), "analyze_multi_timeframe", timeframes=["1m", "3m"])
    )
    assert {"symbol", "timestamp", "timeframes", "consensus"} <= answer.keys()
    assert answer["symbol"] == "BTC-USDT"
    assert list(answer["timeframes"]) == ["1m", "3m"]
    minute = answer["timeframes"]["1m"]
    assert minute.keys() == {"rsi", "macd", "bollinger", "trend", "signal", "strength"}
    assert minute["macd"].keys() == {"macd", "signal", "histogram"}
    assert minute["bollinger"].keys() == {"upper", "middle", "lower"}
    assert answer["consensus"].keys() == {
        "direction",
        "strength",
        "confidence",
        "confirming_timeframes",
        "conflicting_timeframes",
    }


async def test_its_indicators_are_those_of_the_single_tools(drawn) -> None:
    answer = (await drawn(MARKET, "analyze_multi_timeframe", timeframes=["1m"])).timeframes["1m"]
    macd = await drawn(MARKET, "calculate_macd")
    bands = await drawn(MARKET, "calculate_bollinger")
    assert answer.rsi == pytest.approx((await drawn(MARKET, "calculate_rsi")).rsi, rel=1e-7)
    assert msgspec.structs.astuple(answer.macd) == pytest.approx(
        (macd.macd, macd.signal_line, macd.histogram), rel=1e-6
    )
    assert msgspec.structs.astuple(answer.bollinger) == pytest.approx(
        (bands.upper, bands.middle, bands.lower)
    )


async def test_timeframes_that_agree_confirm_and_others_conflict(drawn) -> None:
    up, down, calm = turning(1), turning(-1), odd_markets(900)["a market that never moves"]
    answer = await drawn(
        {"1m": down, "5m": up, "15m": up, "1h": calm},
        "analyze_multi_timeframe",
        timeframes=["1m", "5m", "15m", "1h", "5m"],
    )
    said, agreed = answer.timeframes, answer.consensus
    assert {name: view.signal for name, view in said.items()} == {
        "1m": "short",
        "5m": "long",
        "15m": "long",
        "1h": "neutral",
    }
    assert agreed.direction == "long"
    assert agreed.confirming_timeframes == ["5m", "15m"]
    assert agreed.conflicting_timeframes == ["1m"]
    weight = {name: timeframe_weight(name) for name in said}
    pull = sum(weight[name] * said[name].strength for name in ("5m", "15m"))
    assert agreed.strength == pytest.approx(pull / (weight["5m"] + weight["15m"]))
    assert agreed.confidence == pytest.approx(pull / sum(weight.values()))


async def test_a_mirrored_market_gives_the_mirrored_consensus(drawn) -> None:
    opposite = {"long": "short", "short": "long", "neutral": "neutral"}
    for seed in range(12):
        market = walk(700, seed=seed)
        frames = {"1m": market, "5m": market[:650], "15m": market[:500]}
        over = {name: mirrored(candles) for name, candles in frames.items()}
        arguments = {"timeframes": ["15m", "1m", "5m"]}
        found = (await drawn(frames, "analyze_multi_timeframe", **arguments)).consensus
        turned = (await drawn(over, "analyze_multi_timeframe", **arguments)).consensus
        assert turned.direction == opposite[found.direction]
        assert turned.strength == pytest.approx(found.strength, abs=1e-9)
        assert turned.confidence == pytest.approx(found.confidence, abs=1e-9)
        assert turned.confirming_timeframes == found.confirming_timeframes


async def test_a_young_timeframe_has_nulls_where_it_is_too_young(drawn) -> None:
    ages = {"1m": 6_000, "1h": 33, "4h": 19, "12h": 2, "1d": 0}
    frames = {name: MARKET[:age] for name, age in ages.items()}
    answer = await drawn(frames, "analyze_multi_timeframe", timeframes=list(frames))
    known = {
        name: [n for n in ("rsi", "bollinger", "macd", "trend") if getattr(view, n) is not None]
        for name, view in answer.timeframes.items()
    }
    assert known == {
        "1m": ["rsi", "bollinger", "macd", "trend"],
        "1h": ["rsi", "bollinger"],
        "4h": ["rsi"],
        "12h": [],
        "1d": [],
    }
    assert answer.timeframes["1d"].signal == "neutral"


async def test_unknown_timeframes_and_symbols_are_named(drawn) -> None:
    with pytest.raises(InvalidParameter, match="unknown interval '7m'") as refused:
        await drawn(MARKET, "analyze_multi_timeframe", timeframes=["1m", "7m"])
    assert refused.value.details["field"] == "timeframes"
    with pytest.raises(InvalidParameter, match="NOPE-USDT is not a market") as refused:
        await drawn(MARKET, "analyze_multi_timeframe", symbol="NOPE-USDT")
    assert refused.value.details["field"] == "symbol"


def trending(step: float, noise: float = 0.0) -> Candles:
    """Return 900 candles that go by *step* each, give or take *noise*."""
    dice = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(step + dice.normal(0, noise, 900)))
    open_ = np.append(100.0, close[:-1])
    high, low = np.maximum(open_, close) * 1.0005, np.minimum(open_, close) * 0.9995
    times = MARKET.time[:900]
    return Candles(times, open_, high, low, close, np.ones(900))


def turning(side: int) -> Candles:
    """Return a calm market that has lately begun to go one way, slowly enough to go on."""
    moves = np.where(np.arange(900) < 880, 0.02 * (-1.0) ** np.arange(900), 0.05 * side)
    moves[880::3] = -0.06 * side
    close = 100 + np.cumsum(moves)
    open_ = np.append(100.0, close[:-1])
    return Candles(
        MARKET.time[:900],
        open_,
        np.maximum(open_, close) + 0.01,
        np.minimum(open_, close) - 0.01,
        close,
        np.ones(900),
    )


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


def joined(first: Candles, then: Candles) -> Candles:
    both = {name: np.append(getattr(first, name), getattr(then, name)) for name in COLUMNS}
    minutes = np.arange(len(both["time"]), dtype=np.int64)
    return Candles(**(both | {"time": first.time[0] + MINUTE_MS * minutes}))
