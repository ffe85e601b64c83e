"""How far back KuCoin answers, and how much at once."""

from collections.abc import Iterator

from trading_mcp.domain.times import DAY_MS

FILLS_MS = 7 * DAY_MS
LEDGER_MS = DAY_MS
_FURTHEST_MS = 30 * DAY_MS


def windows(since: int, until: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the [start, end] of each question from *since* to *until* (UTC ms), oldest first.

    It goes back a month at most; *since* 0 means that there is nothing to catch up with, and a
    day is asked for.
    """
    start = max(since, until - _FURTHEST_MS) if since > 0 else until - DAY_MS
    while start <= until:
        end = min(start + length - 1, until)
        yield start, end
        start = end + 1
