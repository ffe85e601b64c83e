"""What a processor has instructions for that no compiler finds in plain code by itself.

Here each is said plainly; `backtest.instructions` has what machine code makes of it.
"""

from trading_mcp.backtest.kernel.layout import Record, Whole
from trading_mcp.domain.candles import Column


def fetch(column: Column | Whole, row: int) -> None:
    """Say that *row* of *column* may soon be looked at. It need not be there.

    Memory is slow, and where a loop leaps to is no guess: machine code has it brought near.
    """


def taken(record: Record) -> Record:
    """Return *record*, which nobody else looks at until it is `put_back`.

    Machine code takes a copy, whose fields need not be in memory at all.
    """
    return record


def put_back(record: Record, worked_on: Record) -> None:
    """Make *record* what has become of it, as *worked_on*."""
