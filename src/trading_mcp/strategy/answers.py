"""What a strategy's answer must look like, live as well as in its trials."""

import numpy as np

from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Signals

_BITS_OF_ONE = np.float64(1.0).view(np.uint64)
FLAGS = ("enter_long", "exit_long", "enter_short", "exit_short")


def validate(signals: Signals, length: int) -> None:
    """Refuse an answer that is not five sound columns of *length*.

    Raises:
        ValueError: saying what was found, and what was expected.
    """
    if not isinstance(signals, Signals):
        raise ValueError(f"signals returned {type(signals).__name__}; expected Signals")
    for name in FLAGS:
        _validate_column(name, getattr(signals, name), np.bool_, length)
    if signals.strength_by_rows is None:
        _validate_column("strength", signals.strength, np.float64, length)
    _validate_values(signals)


def _validate_column(name: str, column: object, dtype: type[np.generic], length: int) -> None:
    expected = f"expected a numpy array of {length} {dtype.__name__}"
    if not isinstance(column, np.ndarray):
        raise ValueError(f"{name} is {type(column).__name__}; {expected}")
    if column.dtype != dtype:
        raise ValueError(f"{name} holds {column.dtype}; {expected}")
    if column.shape != (length,):
        raise ValueError(f"{name} has shape {column.shape}; {expected}")


def _validate_values(signals: Signals) -> None:
    sparse = signals.strength_by_rows
    strength = sparse.values if sparse else signals.strength
    # From 0 to 1 floats grow as their bits do; what is negative, larger or NaN has greater ones.
    if len(strength) and strength.view(np.uint64).max() > _BITS_OF_ONE:
        _validate_strength(signals.strength)
    if not (signals.enter_long.any() and signals.enter_short.any()):
        return
    both = signals.enter_long & signals.enter_short
    if both.any():
        raise ValueError(f"enter_long and enter_short are both set at row {int(both.argmax())}")


def _validate_strength(strength: Column) -> None:
    outside = ~((strength >= 0) & (strength <= 1))  # NaN is outside too
    if outside.any():
        row = int(outside.argmax())
        raise ValueError(f"strength is {strength[row]} at row {row}; expected 0 to 1")
