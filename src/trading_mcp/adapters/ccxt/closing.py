"""Candles that have closed: by time, from the stream where it is certain, else asked for."""

import asyncio
from collections.abc import Sequence

import structlog

from trading_mcp.adapters.ccxt.lines import Line
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.domain.candles import INTERVALS, Candle
from trading_mcp.domain.quotes import CandleClosed, CandleOrigin

log = structlog.get_logger(__name__)


async def closed_candles(
    lines: Sequence[Line], interval: str, edge: int, sources: Sources
) -> list[CandleClosed]:
    """Return the candles of *interval* that closed at *edge*, those that are known in time."""
    asked = [asyncio.create_task(_closed(line, interval, edge, sources)) for line in lines]
    if not asked:
        return []
    done, late = await asyncio.wait(asked, timeout=sources.patience.hold_ms / 1000)
    for task in late:
        # Whoever decides on candles sees the gap and asks for the window itself.
        task.cancel()
    if late:
        log.warning("candles_not_told", exchange=sources.exchange, edge=edge, count=len(late))
    return [event for task in asked if task in done and (event := task.result()) is not None]


async def _closed(line: Line, interval: str, edge: int, sources: Sources) -> CandleClosed | None:
    opened_at = edge - INTERVALS[interval]
    if line.closed_until >= edge:
        return None
    known = line.forming.opinion(opened_at)
    sound = line.sound_since is not None and line.sound_since <= opened_at
    if known.certain and sound and known.candle is not None:
        return _event(line, interval, known.candle, "stream")
    try:
        before = line.last_close if line.closed_until == opened_at else None
        candle = await sources.candles.closed(
            line.listed, interval, opened_at, known.candle, before
        )
    except Exception as error:  # whatever ccxt or the network raised: the candle stays unknown
        words = f"{type(error).__name__}: {error}"[:100]
        log.warning("candle_not_repaired", market=line.listed.market.key, error=words)
        return None
    if candle is None:
        return None
    # Silence where the exchange shows trades: the stream is not what it seems.
    line.is_doubted = line.is_doubted or bool(sound and known.candle is None and candle.volume)
    return _event(line, interval, candle, "repaired" if candle.volume else "empty")


def _event(line: Line, interval: str, candle: Candle, origin: CandleOrigin) -> CandleClosed:
    line.closed_until = candle.opened_at + INTERVALS[interval]
    line.last_close = candle.close
    market = line.listed.market.key
    return CandleClosed(market=market, interval=interval, candle=candle, origin=origin)
