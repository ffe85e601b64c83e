"""After a break: what a market did meanwhile, as the exchange's REST tells it."""

from collections.abc import Sequence

import structlog

from trading_mcp.adapters.ccxt.lines import Line
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.tape import move_of
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import Move
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
    since = line.last_trade_at
    trades = await sources.questions.trades(line.listed, sources.traits.trades_page)
    if since is None:
        for trade in trades:  # from before it was followed: no news
            line.remember(trade)
        return
    missed = line.unknown(trades)
    reaches_back = not trades or trades[0].at <= since or any(map(line.knows, trades))
    rows = [] if reaches_back else await _minutes(line, sources, since)
    now = sources.clock.now()
    _add_extremes(line, sources, rows, since, now)
    for trade in missed:
        line.trade(trade)
    if missed:
        sources.tape.add(line.listed.market.symbol, now, move_of(missed))


async def _minutes(line: Line, sources: Sources, since: int) -> list[Candle]:
    start = since // MINUTE_MS * MINUTE_MS
    end = sources.time.now() // MINUTE_MS * MINUTE_MS + MINUTE_MS
    return await sources.candles.told(line.listed, "1m", start, end)


def _add_extremes(
    line: Line, sources: Sources, rows: Sequence[Candle], since: int, now: int
) -> None:
    """Add how far the price went in *rows*, in which too much was traded to be told one by one.

    Of the minute of the break, only what goes beyond what had been heard of it: a stop that was
    set since must not be hit by an earlier price.
    """
    for row in rows:
        high, low, volume = row.high, row.low, row.volume
        if row.opened_at <= since:
            heard = _heard(line, sources, row.opened_at, since)
            high = high if heard is None or high > heard.high else row.close
            low = low if heard is None or low < heard.low else row.close
            volume = max(volume - (heard.volume if heard else 0.0), 0.0)
        for price in (low, high, row.close):
            line.price(price)
        move = Move(row.close, max(high, row.close), min(low, row.close), row.close, volume)
        sources.tape.add(line.listed.market.symbol, now, move)


def _heard(line: Line, sources: Sources, start: int, end: int) -> Move | None:
    # The tape goes by our clock.
    behind = sources.time.now() - sources.clock.now()
    return sources.tape.move(line.listed.market.symbol, start - behind, sources.clock.now())
