"""Candles that have closed: by time, from the stream where it is certain, else asked for."""

import asyncio
from collections.abc import Sequence

import structlog

from trading_mcp.adapters.ccxt.lines import Line
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.domain.candles import INTERVALS, Candle
from trading_mcp.domain.quotes import CandleClosed, CandleOrigin

log = structlog.get_logger(__name__)
_TRIES, _AGAIN_S = 5, 0.2


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
    candle = await _asked(line, interval, opened_at, known.candle, sources)
    if candle is None:
        return None
    # Silence where the exchange shows trades: the stream is not what it seems.
    line.is_doubted = line.is_doubted or bool(sound and known.candle is None and candle.volume)
    return _event(line, interval, candle, "repaired" if candle.volume else "empty")


async def _asked(
    line: Line, interval: str, opened_at: int, heard: Candle | None, sources: Sources
) -> Candle | None:
    before = line.last_close if line.closed_until == opened_at else None
    for turn in range(_TRIES):
        try:
            return await sources.candles.closed(line.listed, interval, opened_at, heard, before)
        except Exception as error:  # whatever ccxt or the network raised: it is asked once more
            words = f"{type(error).__name__}: {error}"[:100]
            log.info("candle_not_told", market=line.listed.market.key, turn=turn, error=words)
            await sources.sleep(_AGAIN_S)
    return None


def _event(line: Line, interval: str, candle: Candle, origin: CandleOrigin) -> CandleClosed:
    line.closed_until = candle.opened_at + INTERVALS[interval]
    line.last_close = candle.close
    market = line.listed.market.key
    return CandleClosed(market=market, interval=interval, candle=candle, origin=origin)
