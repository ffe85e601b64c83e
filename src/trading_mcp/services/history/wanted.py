"""Which candles are wanted: said by a person, made exact."""

import msgspec

from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import symbol_of
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import iso
from trading_mcp.ports import CandleArchive, Clock


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The candles of one market and interval that opened in *span*."""

    exchange: str
    symbol: str
    interval: str
    span: Span

    @property
    def series(self) -> tuple[str, str, str]:
        """What the store calls them."""
        return self.exchange, self.symbol, self.interval


def named(exchange: str, pair: str, interval: str) -> tuple[str, str, str]:
    """Return exchange, symbol and interval as they are stored. Raises InvalidParameter."""
    try:
        interval_ms(interval)
        return exchange, symbol_of(pair), interval
    except ValueError as error:
        raise InvalidParameter(str(error)) from None


async def wanted(
    archive: CandleArchive,
    clock: Clock,
    series: tuple[str, str, str],
    *,
    since: int | None,
    until: int | None,
) -> Wanted:
    """Return what is wanted: closed candles only, from the first stored one if *since* is None.

    Raises:
        InvalidParameter: there is nothing in that time, or no beginning.
    """
    exchange, symbol, interval = series
    step = interval_ms(interval)
    latest = clock.now() // step * step
    if since is None:
        since = await _first_stored(archive, series)
    start = -(-since // step) * step
    end = latest if until is None else min(-(-until // step) * step, latest)
    if start >= end:
        raise InvalidParameter(
            f"--since {iso(since)}: expected a time before {iso(end)}, where the last {interval} "
            "candle that is asked for has closed"
        )
    return Wanted(exchange=exchange, symbol=symbol, interval=interval, span=Span(start, end))


async def _first_stored(archive: CandleArchive, series: tuple[str, str, str]) -> int:
    extent = await archive.extent(*series)
    if extent is None:
        raise InvalidParameter(
            f"nothing is stored of {' '.join(series)} yet: say with --since where to begin, "
            "such as --since 2026-01-01"
        )
    return extent.start
