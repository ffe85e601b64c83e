"""How many candles are needed before an answer no longer tells where its history began."""

import math

PATTERNS = 50
"""Candles before the first that may end a pattern: TA-Lib compares with the 10 before a pattern,
which has at most 5, and looks back to 8 more for one that is confirmed later."""
_FORGOTTEN = 1e-9
"""What may be left of an average's first value."""


def wilder_warmup(period: int) -> int:
    """Return after how many candles RSI or ATR no longer tells where its history began."""
    forgetting = math.log(_FORGOTTEN) / math.log1p(-1 / max(period, 2))
    return 1 + period + math.ceil(forgetting)


def ema_warmup(period: int) -> int:
    """Return after how many candles an EMA no longer tells where its history began."""
    forgetting = math.log(_FORGOTTEN) / math.log1p(-2 / (max(period, 2) + 1))
    return period + math.ceil(forgetting)
