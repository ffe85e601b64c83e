"""Where the candles of each exchange, symbol and interval are: a folder each."""

import re
from collections.abc import Iterator
from pathlib import Path

from trading_mcp.domain.candles import INTERVALS, interval_ms

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", re.ASCII)


def folder_of(directory: Path, exchange: str, symbol: str, interval: str) -> Path:
    """Return the folder. Raises ValueError for a name that no folder may have."""
    for name in (exchange, symbol):
        if not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"not a name that a folder may have: {name[:60]!r}")
    interval_ms(interval)
    return directory / exchange / symbol / interval


def folders_in(directory: Path) -> Iterator[tuple[str, str, str, Path]]:
    """Yield exchange, symbol, interval and folder of all that *directory* has, in order."""
    for folder in sorted(directory.glob("*/*/*")):
        exchange, symbol, interval = folder.relative_to(directory).parts
        if interval in INTERVALS and any(folder.glob("*.parquet")):
            yield exchange, symbol, interval, folder
