"""The candle store as a whole: long stretches in and out, and what is there. Imports polars."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from trading_mcp.adapters.parquet import inspection, months
from trading_mcp.adapters.parquet.folders import folder_of, folders_in
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.stored import Inspected, Stored


class ParquetCandleArchive:
    """The files that ParquetCandleStore keeps; what waits in a server's memory is not here yet."""

    def __init__(self, directory: Path):
        self._directory = directory

    async def keep(
        self,
        exchange: str,
        symbol: str,
        interval: str,
        candles: Candles,
        answered: Sequence[Span] = (),
    ) -> None:
        """Write candles, and what the exchange has answered for: all of it or nothing."""
        folder = folder_of(self._directory, exchange, symbol, interval)
        await asyncio.to_thread(months.write, folder, candles, answered)

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first."""
        folder = folder_of(self._directory, exchange, symbol, interval)
        return await asyncio.to_thread(months.read, folder, (), start, end)

    async def extent(self, exchange: str, symbol: str, interval: str) -> Span | None:
        """Return the time from the first stored candle to the end of the last."""
        folder = folder_of(self._directory, exchange, symbol, interval)
        return await asyncio.to_thread(months.extent, folder, interval_ms(interval))

    async def holes(
        self, exchange: str, symbol: str, interval: str, within: Span
    ) -> Sequence[Hole]:
        """Return where in *within* no candle is stored, in order."""
        folder = folder_of(self._directory, exchange, symbol, interval)
        step = interval_ms(interval)
        return await asyncio.to_thread(months.holes, folder, within.start, within.end, step)

    async def stored(self) -> Sequence[Stored]:
        """Return what is stored."""
        return [
            await asyncio.to_thread(inspection.stored, *found)
            for found in folders_in(self._directory)
        ]

    async def inspect(self) -> Sequence[Inspected]:
        """Read every file and return what was found."""
        return [
            await asyncio.to_thread(inspection.inspected, *found)
            for found in folders_in(self._directory)
        ]
