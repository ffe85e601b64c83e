"""KuCoin's names for the lengths of candles."""

from trading_mcp.domain.times import DAY_MS, HOUR_MS, MINUTE_MS
from trading_mcp.testkit.kucoin.slips import Refusal

LENGTHS = {
    "1min": MINUTE_MS,
    "3min": 3 * MINUTE_MS,
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1hour": HOUR_MS,
    "2hour": 2 * HOUR_MS,
    "4hour": 4 * HOUR_MS,
    "6hour": 6 * HOUR_MS,
    "8hour": 8 * HOUR_MS,
    "12hour": 12 * HOUR_MS,
    "1day": DAY_MS,
    "1week": 7 * DAY_MS,
}
"""In milliseconds."""


def length_of(name: str) -> int:
    """Return the length (ms) that *name* means; raise Refusal for no such name."""
    if name not in LENGTHS:
        raise Refusal("400100", "Incorrect candlestick type")
    return LENGTHS[name]
