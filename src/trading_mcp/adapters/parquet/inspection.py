"""Looks through a market's files: what they hold, and whether it can be true. Imports polars."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trading_mcp.adapters.parquet import files, months
from trading_mcp.adapters.parquet.files import Month
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.flaws import Flaw, flaws, repeated, unsorted
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.stored import FileReport, Finding, Inspected, Stored

_SHOWN = 5
Read = tuple[Path, Month | StorageUnavailable]


def stored(exchange: str, symbol: str, interval: str, folder: Path) -> Stored:
    """Sum up what *folder* holds."""
    read = list(_read(folder))
    sound = [month for _, month in read if isinstance(month, Month)]
    extent = _extent(sound, interval_ms(interval))
    return Stored(
        exchange=exchange,
        symbol=symbol,
        interval=interval,
        first=extent.start if extent else None,
        last=extent.end - interval_ms(interval) if extent else None,
        candles=sum(month.frame.height for month in sound),
        holes=_holes(sound, interval_ms(interval)),
        size_bytes=sum(file.stat().st_size for file, _ in read),
        damaged=tuple(str(file) for file, month in read if not isinstance(month, Month)),
    )


def inspected(exchange: str, symbol: str, interval: str, folder: Path) -> Inspected:
    """Report on each file of *folder*."""
    read, step = list(_read(folder)), interval_ms(interval)
    return Inspected(
        exchange=exchange,
        symbol=symbol,
        interval=interval,
        files=tuple(_report(file, month, step) for file, month in read),
        holes=_holes([month for _, month in read if isinstance(month, Month)], step),
    )


def _read(folder: Path) -> Iterator[Read]:
    for name in files.names_in(folder):
        file = folder / f"{name}.parquet"
        try:
            yield file, files.loaded(file)
        except StorageUnavailable as error:
            yield file, error


def _extent(sound: Sequence[Month], step: int) -> Span | None:
    times = [month.frame["time"].to_numpy() for month in sound if month.frame.height]
    if not times:
        return None
    return Span(min(int(t.min()) for t in times), max(int(t.max()) for t in times) + step)


def _holes(sound: Sequence[Month], step: int) -> tuple[Hole, ...]:
    extent = _extent(sound, step)
    return tuple(months.holes_of(sound, extent, step)) if extent else ()


def _report(file: Path, month: Month | StorageUnavailable, step: int) -> FileReport:
    if not isinstance(month, Month):
        return FileReport(path=str(file), candles=0, findings=(Finding(month.message),))
    candles = files.columns(month.frame)
    found = [_finding(flaw, candles) for flaw in _flaws(candles, file.stem, step)]
    if not files.is_as_written(month):
        found.insert(0, Finding("is not what was written: its checksum differs"))
    return FileReport(path=str(file), candles=len(candles), findings=tuple(found))


def _flaws(candles: Candles, name: str, step: int) -> list[Flaw]:
    order = [repeated(candles.time), unsorted(candles.time), _strayed(candles.time, name)]
    return [*flaws(candles, step), *(flaw for flaw in order if len(flaw.rows))]


def _strayed(times: NDArray[np.int64], name: str) -> Flaw:
    of_rows, row = np.unique(times.astype("M8[ms]").astype("M8[M]"), return_inverse=True)
    elsewhere = of_rows.astype(str) != name
    return Flaw("belongs into the file of another month", np.flatnonzero(elsewhere[row]))


def _finding(flaw: Flaw, candles: Candles) -> Finding:
    times = candles.time[flaw.rows[:_SHOWN]].tolist()
    return Finding(flaw.what, len(flaw.rows), tuple(times))
