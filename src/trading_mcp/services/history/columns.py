"""Candles as columns, put together."""

from collections.abc import Sequence

import numpy as np

from trading_mcp.domain.candles import Candles

_NAMES = ("time", "open", "high", "low", "close", "volume")


def joined(parts: Sequence[Candles]) -> Candles:
    """Return the candles of *parts*, one part after the other."""
    if not parts:
        return Candles.of(())
    return Candles(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))
