"""Runs one after the other, each begun with what the last one left, as one run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from trading_mcp.backtest.kernel.layout import Bars
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.candles import Column

_ADDED = (
    *("closed", "wins", "losses", "won", "lost", "profit", "percents", "before_fees"),
    *("longs", "candles", "fees", "funding", "traded", "moments_held"),
)


def joined(parts: Sequence[Outcome]) -> Outcome:
    """Return *parts* as one run: the equity goes through, and so do its falls."""
    first, markets = parts[0], tuple(sorted({m for part in parts for m in part.markets}))
    equity = np.concatenate([part.equity for part in parts])
    time = np.concatenate([part.time for part in parts])
    return Outcome(
        markets=markets,
        interval=first.interval,
        capital=first.capital,
        bars=_bars(parts, markets),
        time=time,
        equity=equity,
        trades=_trades(parts, markets),
        account=_account(parts, time, equity),
    )


def _bars(parts: Sequence[Outcome], markets: Sequence[str]) -> Bars:
    renamed = [
        part.bars._replace(market=_places(part, markets)[part.bars.market]) for part in parts
    ]
    return Bars(*(np.concatenate(columns) for columns in zip(*renamed, strict=True)))


def _trades(parts: Sequence[Outcome], markets: Sequence[str]) -> Any:
    """Return all trades, whose rows count from the first part's first."""
    found, offset = [], 0
    for part in parts:
        trades = part.trades.copy()
        trades["market"] = _places(part, markets)[trades["market"]]
        trades["entry_row"] += offset
        trades["exit_row"] += offset
        found.append(trades)
        offset += len(part.bars.time)
    return np.concatenate(found).view(np.recarray)


def _places(part: Outcome, markets: Sequence[str]) -> Any:
    return np.array([markets.index(market) for market in part.markets], dtype=np.uint16)


def _account(parts: Sequence[Outcome], time: Any, equity: Column) -> dict[str, float]:
    last = parts[-1]
    added = {name: sum(part.account[name] for part in parts) for name in _ADDED}
    traded = [part.account for part in parts if part.account["closed"]]
    peaks = np.maximum.accumulate(np.concatenate(([parts[0].capital], equity)))[1:]
    return {
        **last.account,
        **added,
        "best": max((account["best"] for account in traded), default=0.0),
        "worst": min((account["worst"] for account in traded), default=0.0),
        "deepest": float(np.max(1.0 - equity / peaks, initial=0.0)),
        "longest_ms": _longest(parts[0], time, equity, peaks),
    }


def _longest(first: Outcome, time: Any, equity: Column, peaks: Column) -> int:
    """Return how long it took at most to come back to a peak, or has taken so far."""
    closes = np.concatenate(([int(time[0])], time + first.interval))
    at_peak = np.concatenate(([0], 1 + np.flatnonzero(equity >= peaks), [len(equity)]))
    # From one peak to the next candle nothing was below.
    began, ended = at_peak[:-1], at_peak[1:]
    below = ended - began > 1
    below[-1] = ended[-1] > began[-1]
    return int(np.max((closes[ended] - closes[began])[below], initial=0))
