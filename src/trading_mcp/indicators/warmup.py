"""How many candles an average needs before it no longer tells where its history began."""

import math

_FORGOTTEN = 1e-9
"""What may be left of the first value."""


def wilder_warmup(period: int) -> int:
    """Return after how many candles RSI or ATR no longer tells where its history began."""
    forgetting = math.log(_FORGOTTEN) / math.log1p(-1 / max(period, 2))
    return 1 + period + math.ceil(forgetting)


def ema_warmup(period: int) -> int:
    """Return after how many candles an EMA no longer tells where its history began."""
    forgetting = math.log(_FORGOTTEN) / math.log1p(-2 / (max(period, 2) + 1))
    return period + math.ceil(forgetting)
