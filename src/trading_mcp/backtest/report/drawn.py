"""What the charts draw: lines and candles, thinned to what a screen can show."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trading_mcp.backtest.report.told import Point, Row, Told
from trading_mcp.domain.candles import Candles

CANDLES = 900
"""Candles of a chart at most: more are put together."""
TRADES = 1_500
"""Trades of a chart at most: those with the largest profits and losses."""
FLAT = 4.0
"""Buying and holding may move so many times further than the equity; else it is hidden."""
CHARTS = 6
"""Pairs with a chart of their own at most."""


def drawn(told: Told, candles: Mapping[str, Candles]) -> dict[str, Any]:
    """Return the data of all charts."""
    honesty = told.honesty
    shown = [pair for pair in dict.fromkeys((*told.pairs, *candles)) if _has(told, pair, candles)]
    return {
        "equity": _lines(told.equity),
        "charts": [_chart(told, pair, candles.get(pair)) for pair in shown[:CHARTS]],
        "map": (honesty.get("plateau") or {}).get("map"),
    }


def left_out(told: Told, pair: str) -> int:
    """Return how many trades of *pair* its chart does not show."""
    return max(0, sum(trade.pair == pair for trade in told.trades) - TRADES)


def hides_holding(points: Sequence[Point]) -> bool:
    """Say whether the equity would look flat beside what buying and holding came to."""
    held = [point.held for point in points if point.held is not None]
    equity = [point.equity for point in points]
    return bool(held) and max(held) - min(held) > FLAT * (max(equity) - min(equity))


def _has(told: Told, pair: str, candles: Mapping[str, Candles]) -> bool:
    return pair in candles or any(trade.pair == pair for trade in told.trades)


def _lines(points: Sequence[Point]) -> dict[str, Any]:
    equity = np.array([point.equity for point in points], dtype=np.float64)
    peaks = np.maximum.accumulate(equity) if len(equity) else equity
    falls = np.divide(equity, peaks, out=np.ones_like(equity), where=peaks > 0) - 1.0
    held = [point.held for point in points]
    return {
        "at": [point.at for point in points],
        "equity": _short(equity),
        "held": _short(held) if None not in held else None,
        "hidden": hides_holding(points),
        "drawdown": [round(fall, 3) for fall in (100.0 * falls).tolist()],
    }


def _chart(told: Told, pair: str, candles: Candles | None) -> dict[str, Any]:
    trades = [trade for trade in told.trades if trade.pair == pair]
    if len(trades) > TRADES:
        limit = sorted((abs(trade.pnl) for trade in trades), reverse=True)[TRADES - 1]
        trades = [trade for trade in trades if abs(trade.pnl) >= limit][:TRADES]
    return {
        "pair": pair,
        "candles": None if candles is None else _candles(candles),
        "trades": [_trade(trade) for trade in trades],
    }


def _trade(trade: Row) -> dict[str, Any]:
    return {
        "long": trade.side == "long",
        "at": trade.entry,
        "from": trade.entry_price,
        "end": trade.exit,
        "to": trade.exit_price,
        "why": trade.reason,
        "pnl": round(trade.pnl, 4),
    }


def _candles(candles: Candles) -> dict[str, Any]:
    """Put candles together, so many to one that all fit."""
    starts = np.arange(0, len(candles), max(1, -(-len(candles) // CANDLES)))
    ends = np.append(starts[1:], len(candles)) - 1
    return {
        "at": candles.time[starts].tolist(),
        "open": _short(candles.open[starts]),
        "high": _short(np.maximum.reduceat(candles.high, starts)),
        "low": _short(np.minimum.reduceat(candles.low, starts)),
        "close": _short(candles.close[ends]),
    }


def _short(values: Any) -> list[float]:
    """Return numbers with seven digits: a screen has fewer points."""
    return [float(f"{value:.7g}") for value in values]
