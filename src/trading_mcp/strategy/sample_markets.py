"""Made-up markets that are the same each time: what strategies are tried on."""

import numpy as np
from numpy.typing import NDArray

from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.times import MINUTE_MS

_MONDAY = 1_735_516_800_000  # 2024-12-30, UTC


def markets(length: int) -> dict[str, Candles]:
    """Return markets of *length* candles on which a strategy must answer alike live and later."""
    return {
        "a calm market": walk(length, price=40_000.0, volatility=5e-4),
        "a wild market": walk(length, price=0.08, volatility=2e-2, seed=8),
        "a market with few prices": walk(length, price=1.0, volatility=1e-4, tick=1e-4, seed=9),
        "a market that halts": _halting(length),
        "a market with gaps": _gapped(walk(length * 5 // 4 + 1, seed=11), length),
        "a market that jumps": _jumping(length),
    }


def odd_markets(length: int) -> dict[str, Candles]:
    """Return markets in which the only right answer is a well-formed one."""
    usual = walk(length, seed=13)
    return {
        "a market that never moves": _of(np.full(length, 27.0), np.zeros(length), usual.volume),
        "a market without volume": _changed(usual, volume=np.zeros(length)),
        "a market with holes (NaN)": _holed(usual, slice(length // 2, length // 2 + 3)),
        "a market that begins with NaN": _holed(usual, slice(0, 5)),
        "a market of nothing but NaN": _holed(usual, slice(None)),
        "a single candle": usual[:1],
        "two candles": usual[:2],
        "fewer candles than any warm-up": usual[:20],
    }


def walk(
    length: int,
    *,
    price: float = 100.0,
    volatility: float = 1e-3,
    tick: float = 0.0,
    seed: int = 7,
) -> Candles:
    """Return a random walk of one-minute candles, on multiples of *tick* if it is not 0."""
    dice = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(dice.normal(0, volatility, length)))
    height = price * volatility * dice.exponential(0.5, length)
    if tick:
        close, height = np.round(close / tick) * tick, np.round(height / tick) * tick
    return _of(close, height, dice.lognormal(1, 1, length))


def _halting(length: int) -> Candles:
    """For 60 candles out of every 240 nothing trades."""
    dice = np.random.default_rng(10)
    trades = np.arange(length) % 240 < 180
    close = 100 * np.exp(np.cumsum(dice.normal(0, 1e-3, length) * trades))
    return _of(close, 0.05 * dice.random(length) * trades, dice.lognormal(1, 1, length) * trades)


def _gapped(candles: Candles, length: int) -> Candles:
    """Exchanges leave out the candles of minutes without trades."""
    kept = np.sort(np.random.default_rng(12).permutation(len(candles))[:length])
    return Candles(*(getattr(candles, name)[kept] for name in _COLUMNS))


def _jumping(length: int) -> Candles:
    dice = np.random.default_rng(14)
    moves = dice.normal(0, 1e-3, length)
    moves[50::200] += np.log(3) * np.resize([1.0, -1.0], len(moves[50::200]))
    close = 100 * np.exp(np.cumsum(moves))
    return _of(close, close * 1e-3 * dice.random(length), dice.lognormal(1, 1, length))


def _holed(candles: Candles, rows: slice) -> Candles:
    columns = {name: getattr(candles, name).copy() for name in _COLUMNS[1:]}
    for column in columns.values():
        column[rows] = np.nan
    return _changed(candles, **columns)


_COLUMNS = ("time", "open", "high", "low", "close", "volume")


def _of(close: Column, height: Column, volume: Column) -> Candles:
    """Let each candle open where the one before closed, and reach *height* beyond its body."""
    open_ = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(open_, close) + height
    low = np.maximum(np.minimum(open_, close) - height, close / 10)
    return Candles(_minutes(len(close)), open_, high, low, close, volume)


def _minutes(length: int) -> NDArray[np.int64]:
    return _MONDAY + MINUTE_MS * np.arange(length, dtype=np.int64)


def _changed(candles: Candles, **columns: Column) -> Candles:
    return Candles(*(columns.get(name, getattr(candles, name)) for name in _COLUMNS))
