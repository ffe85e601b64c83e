"""Candles on disk: what is added waits in memory until it is written, and reading sees both."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from trading_mcp.adapters.parquet.folders import folder_of
from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.errors import StorageUnavailable

Rows = dict[int, Candle]
"""Candles by opening time."""


class ParquetCandleStore:
    """Keeps candles in one file for each exchange, symbol, interval and month.

    Each flush writes a file's whole month again, so it is worth waiting for more than one candle.
    """

    def __init__(self, directory: Path):
        self._directory = directory
        self._added: dict[Path, Rows] = {}
        self._being_written: dict[Path, Rows] = {}
        self._one_flush = asyncio.Lock()

    async def add(self, exchange: str, symbol: str, interval: str, rows: Sequence[Candle]) -> None:
        """Keep closed candles; one that is already there is replaced."""
        added = self._added.setdefault(self._folder(exchange, symbol, interval), {})
        added.update((row.opened_at, row) for row in rows)

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first.

        Raises:
            StorageUnavailable: a file cannot be read.
        """
        from trading_mcp.adapters.parquet import months  # and polars: not before it is needed

        folder = self._folder(exchange, symbol, interval)
        recent = self._being_written.get(folder, {}) | self._added.get(folder, {})
        return await asyncio.to_thread(months.read, folder, list(recent.values()), start, end)

    async def flush(self) -> None:
        """Write what was added since the last time.

        Raises:
            StorageUnavailable: something could not be written; it is kept for the next time.
        """
        async with self._one_flush:
            self._being_written, self._added = self._added, {}
            try:
                failures = [await self._write(folder) for folder in list(self._being_written)]
            finally:
                for folder, rows in self._being_written.items():
                    self._added[folder] = rows | self._added.get(folder, {})
                self._being_written = {}
        if failed := [failure for failure in failures if failure]:
            raise failed[0]

    async def _write(self, folder: Path) -> StorageUnavailable | None:
        from trading_mcp.adapters.parquet import months

        rows = list(self._being_written[folder].values())
        try:
            await asyncio.to_thread(months.write, folder, rows)
        except StorageUnavailable as failure:
            return failure  # the other markets' files may be well
        del self._being_written[folder]
        return None

    def _folder(self, exchange: str, symbol: str, interval: str) -> Path:
        return folder_of(self._directory, exchange, symbol, interval)
