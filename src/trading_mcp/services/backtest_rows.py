"""A run as rows: its trades, and the line of its equity."""

import itertools
from typing import Any

import numpy as np

from trading_mcp.backtest.curves import buy_and_hold
from trading_mcp.backtest.kernel.layout import REASONS
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.times import iso

POINTS = 1000
"""Points of a line at most: it is thinned so that each fall still shows."""


def trades_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the trades in the order in which they ended."""
    trades = outcome.trades
    entered = outcome.bars.time[trades.entry_row].tolist()
    percent = (100.0 * trades.pnl / (trades.amount * trades.entry_price)).tolist()
    columns = (trades[name].tolist() for name in _FIELDS)
    return [
        {
            "symbol": outcome.markets[market],
            "side": "long" if side > 0 else "short",
            "size": amount,
            "entry_time": iso(entry_at),
            "entry_price": entry_price,
            "exit_time": iso(exit_at),
            "exit_price": exit_price,
            "reason": REASONS[reason],
            "pnl": pnl,
            "pnl_pct": share,
            "fees": fees,
            "funding": funding,
            "candles": candles,
        }
        for (
            market,
            side,
            amount,
            entry_price,
            exit_at,
            exit_price,
            reason,
            pnl,
            fees,
            funding,
            candles,
        ), entry_at, share in zip(zip(*columns, strict=True), entered, percent, strict=True)
    ]


_FIELDS = (
    "market",
    "side",
    "amount",
    "entry_price",
    "exit_at",
    "exit_price",
    "reason",
    "pnl",
    "fees",
    "funding",
    "candles",
)


def curve_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the equity at candles' closes, beside what buying and holding had come to."""
    rows = _shown(outcome.equity)
    held = outcome.capital * buy_and_hold(outcome)[rows]
    points = zip(
        (outcome.time[rows] + outcome.interval).tolist(),
        outcome.equity[rows].tolist(),
        held.tolist(),
        strict=True,
    )
    return [{"timestamp": iso(at), "equity": e, "buy_and_hold": h} for at, e, h in points]


def _shown(equity: Any) -> Any:
    """Return the rows that stay: of each stretch the last and the lowest."""
    count = len(equity)
    if count <= POINTS:
        return np.arange(count)
    ends = np.linspace(0, count, POINTS // 2 + 1).astype(np.int64)
    stretches = itertools.pairwise(ends)
    lowest = [first + int(equity[first:end].argmin()) for first, end in stretches]
    return np.unique([*lowest, *(ends[1:] - 1)])


def entries_not_made(outcome: Outcome) -> list[str]:
    """Tell how many wished-for entries were not made, and by what limit all of them ended."""
    account = outcome.account
    counts = {words: int(account[name]) for name, words in _BLOCKED.items()}
    told = [f"{words} {count:,}" for words, count in counts.items() if count]
    found = [f"entries that were wished for and not made: {', '.join(told)}"] if told else []
    if at := int(account["killed_at"]):
        found.append(f"a drawdown limit ended all entries at {iso(at)}")
    return found


_BLOCKED = {
    "blocked_small": "too small for the market",
    "blocked_full": "no room within the limits",
    "blocked_paused": "paused after losses",
    "blocked_weak": "weaker than the confidence threshold",
    "blocked_short": "the market can't be sold short",
}
