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


def paid_price(side: int, price: float, spread: float, slippage: float) -> float:
    """Return what a market order pays when candles say *price*; *side* is 1 for a buy.

    *spread* and *slippage* are fractions of the price: half of the one, all of the other, against
    the trader.
    """
    return price * (1.0 + side * (0.5 * spread + slippage))


def funding_received(side: int, size: float, mark: float, rate: float) -> float:
    """Return what a perpetual position of *size* is paid at a settlement (negative: it pays).

    At a positive *rate* (a fraction of the notional) longs pay shorts.
    """
    return -side * size * mark * rate
