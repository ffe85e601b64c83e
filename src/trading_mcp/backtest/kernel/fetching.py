"""Saying in time what will be looked at: memory is slow, and where a loop leaps to is no guess."""

from trading_mcp.backtest.kernel.layout import Whole
from trading_mcp.domain.candles import Column


def fetch(column: Column | Whole, row: int) -> None:
    """Say that *row* of *column* may soon be looked at. It need not be there.

    Machine code has it brought near (`backtest.instructions`); as it stands here it is nothing.
    """
