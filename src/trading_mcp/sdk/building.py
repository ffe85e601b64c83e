"""Building a strategy's answer from the columns it cares about."""

from collections.abc import Callable

import numpy as np

from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Flags, Rows, Signals
from trading_mcp.strategy.base import Direction


def signals(
    length: int,
    *,
    enter_long: Flags | None = None,
    exit_long: Flags | None = None,
    enter_short: Flags | None = None,
    exit_short: Flags | None = None,
    strength: Column | float | Callable[[Rows], Column] = 1.0,
    direction: Direction = "both",
) -> Signals:
    """Return an answer for *length* candles; what is not given is never wished.

    Entries that *direction* rules out are dropped. *strength* counts where something is wished,
    and is 0 elsewhere: a function is asked for those rows alone, which a long history is spared.
    """
    never = np.zeros(length, dtype=np.bool_)
    long = never if enter_long is None or direction == "short" else enter_long
    short = never if enter_short is None or direction == "long" else enter_short
    leave_long = never if exit_long is None else exit_long
    leave_short = never if exit_short is None else exit_short
    return Signals.by_rows(long, leave_long, short, leave_short, lambda rows: _at(rows, strength))


def _at(rows: Rows, strength: Column | float | Callable[[Rows], Column]) -> Column | float:
    if callable(strength):
        return strength(rows)
    return strength[rows] if isinstance(strength, np.ndarray) else strength


def confidence(excess: Column, full: Column | float) -> Column:
    """Return a strength: 0.5 where *excess* is 0, rising to 1 where it is *full* or more.

    0.5 is the confidence that the risk core asks for as it is shipped: a signal that has only
    just come about is acted on, and whoever asks for more gets the clearer ones. Where either
    is unknown (NaN) or *full* is 0, it is 0.5 too.
    """
    part = np.divide(excess, full, out=np.zeros(len(excess)), where=np.asarray(full) > 0)
    # fmax takes the number where the other is none.
    strength: Column = np.fmax(part, 0.0, out=part)
    np.minimum(strength, 1.0, out=strength)
    strength *= 0.5
    strength += 0.5
    return strength
