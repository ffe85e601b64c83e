"""After a break: what a market did meanwhile, as the exchange's REST tells it."""

from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from trading_mcp.adapters.ccxt.lines import Line
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.tape import move_of
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import Move, PublicTrade
from trading_mcp.domain.times import MINUTE_MS

log = structlog.get_logger(__name__)
_TRIES, _AGAIN_S = 3, 1.0


async def catch_up(line: Line, sources: Sources, *, tries: int = _TRIES) -> None:
    """Add to *line* what was missed, so that its next move spans it: no stop goes unseen.

    Where nothing can be learned, prices go on without it, and the candles are asked for anyway.
    """
    for turn in range(tries):
        try:
            await _add_what_was_missed(line, sources)
            break
        except Exception as error:  # whatever ccxt or the network raised
            words = f"{type(error).__name__}: {error}"[:100]
            log.warning("catching_up_failed", market=line.listed.market.key, error=words)
            if turn + 1 < tries:
                await sources.sleep(_AGAIN_S)


async def _add_what_was_missed(line: Line, sources: Sources) -> None:
    since = line.missed_since
    if since is None:
        return
    trades = await sources.questions.trades(line.listed, sources.traits.trades_page)
    reaches_back = not trades or trades[0].at <= since
    rows = [] if reaches_back else await _minutes(line, sources, since, trades[0].at)
    missed = line.unknown(trades, since)
    for row in rows:
        _add_extremes(line, sources, _rest(row, line, sources, missed), since)
    _add_trades(line, sources, missed)
    for trade in trades:  # those from before are no news
        line.remember(trade)
    line.missed_since = max([since, *(trade.at for trade in trades)])


async def _minutes(line: Line, sources: Sources, since: int, until: int) -> list[Candle]:
    """Return the minutes from *since* to *until*, without one that began before the line did."""
    start = max(since // MINUTE_MS, -(-line.begun_at // MINUTE_MS)) * MINUTE_MS
    end = (until // MINUTE_MS + 1) * MINUTE_MS
    return await sources.candles.told(line.listed, "1m", start, end) if start < end else []


def _rest(row: Candle, line: Line, sources: Sources, missed: Sequence[PublicTrade]) -> Candle:
    """Return a minute less the volume that is known trade by trade: nothing counts twice."""
    heard, end = _heard(line, sources, row), row.opened_at + MINUTE_MS
    known = sum(trade.amount for trade in missed if row.opened_at <= trade.at < end)
    known += heard.volume if heard else 0.0
    return replace(row, volume=max(row.volume - known, 0.0))


def _add_extremes(line: Line, sources: Sources, row: Candle, since: int) -> None:
    """Add how far the price went in a minute in which too much was traded to be told one by one.

    Of the minute of the break, only what goes beyond what had been heard of it: a stop that was
    set since must not be hit by an earlier price.
    """
    high, low, last = row.high, row.low, row.close
    heard = _heard(line, sources, row) if row.opened_at <= since else None
    if heard is not None:
        high = high if high > heard.high else last
        low = low if low < heard.low else last
    for price in (low, high, last):
        line.price(price)
    move = Move(last, max(high, last), min(low, last), last, row.volume)
    sources.tape.add(line.listed.market.symbol, sources.clock.now(), move)


def _add_trades(line: Line, sources: Sources, missed: Sequence[PublicTrade]) -> None:
    if not missed:
        return
    last, last_at = line.last, line.last_trade_at or 0
    for trade in missed:
        line.trade(trade)
    sources.tape.add(line.listed.market.symbol, sources.clock.now(), move_of(missed))
    if last is not None and last_at > missed[-1].at:
        line.price(last)  # it was heard meanwhile: it came later


def _heard(line: Line, sources: Sources, row: Candle) -> Move | None:
    # The tape goes by our clock.
    start = row.opened_at - (sources.time.now() - sources.clock.now())
    return sources.tape.move(line.listed.market.symbol, start, start + MINUTE_MS)
