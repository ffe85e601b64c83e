"""What markets did while nobody listened, by the minute."""

from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import Move
from trading_mcp.domain.times import DAY_MS, MINUTE_MS

_LONGEST_MS = 7 * DAY_MS


async def recall(listed: Listed, since: int, until: int, sources: Sources) -> None:
    """Fill the tape for the whole minutes after *since* and up to *until* (UTC ms).

    Minutes are the exchange's: its clock and ours are taken for one. A minute's move has the time
    of its end; the last, which is open, that of *until*. It takes the place of what was heard in
    that minute. No more than the last seven days.
    """
    start = -(-max(since, until - _LONGEST_MS) // MINUTE_MS) * MINUTE_MS
    end = (until // MINUTE_MS + 1) * MINUTE_MS
    if start >= end:
        return
    for row in await sources.candles.told(listed, "1m", start, end):
        _put(listed, row, until, sources)


def _put(listed: Listed, row: Candle, until: int, sources: Sources) -> None:
    closed_at = min(row.opened_at + MINUTE_MS, until)
    if row.volume and closed_at > row.opened_at:
        move = Move(row.open, row.high, row.low, row.close, row.volume)
        sources.tape.replace(listed.market.symbol, row.opened_at, closed_at, move)
