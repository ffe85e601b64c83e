"""What trading costs."""

from decimal import Decimal
from typing import TypeVar

Money = TypeVar("Money", float, Decimal)
"""Floats in a backtest, exact numbers where real orders are judged: one arithmetic for both."""


def slippage_pct(side: int, expected: float, paid: float) -> float:
    """Return how much worse than expected a fill was, in percent (negative: better).

    *side* is 1 for a buy, -1 for a sell.
    """
    if expected <= 0.0:
        return 0.0
    return side * (paid - expected) / expected * 100.0


def needed_funds(notional: Money, leverage: Money, fee: Money) -> Money:
    """Return what opening *notional* ties up: the margin, and the fee (a fraction)."""
    return notional / leverage + notional * fee
