"""The files of one market and interval, a month each; polars is imported at the first use."""

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from polars import DataFrame

_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_LAST = 253_402_300_799_999  # the end of the year 9999, UTC ms


def read(folder: Path, recent: Sequence[Candle], start: int, end: int) -> Candles:
    """Return the candles that opened in [start, end), those in *recent* before those on disk."""
    import polars as pl

    first, last = month(start), month(end - 1)
    names = sorted(path.stem for path in folder.glob("*.parquet"))
    old = [_load(_file(folder, name)) for name in names if first <= name <= last]
    frame = _merged([*old, _frame(recent)]).filter(pl.col("time").is_between(start, end - 1))
    return Candles(*(frame[name].to_numpy() for name in _COLUMNS))


def write(folder: Path, rows: Sequence[Candle]) -> None:
    """Add *rows* to their months' files. After a crash each is the old one or the new one."""
    rows = sorted(rows, key=lambda row: row.opened_at)
    for name, of_month in groupby(rows, key=lambda row: month(row.opened_at)):
        file = _file(folder, name)
        old = [_load(file)] if file.exists() else []
        _replace(file, _merged([*old, _frame(list(of_month))]))


def month(time: int) -> str:
    """Return the month of *time* (UTC ms), such as 2026-11."""
    return datetime.fromtimestamp(min(max(time, 0), _LAST) // 1000, UTC).strftime("%Y-%m")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _frame(rows: Sequence[Candle]) -> "DataFrame":
    import polars as pl

    candles = Candles.of(rows)
    return pl.DataFrame({name: getattr(candles, name) for name in _COLUMNS})


def _merged(frames: Sequence["DataFrame"]) -> "DataFrame":
    import polars as pl

    return pl.concat(frames).unique("time", keep="last", maintain_order=True).sort("time")


def _load(file: Path) -> "DataFrame":
    import polars as pl

    with _storage(f"{file} cannot be read; if it is damaged, delete it"):
        frame = pl.read_parquet(file, columns=list(_COLUMNS))
        if frame.schema != _frame(()).schema:
            raise ValueError(f"its columns are {dict(frame.schema)}")
        # polars checks no checksums; a file that came from elsewhere has none.
        if pl.read_parquet_metadata(file).get("crc", _crc(frame)) != _crc(frame):
            raise ValueError("a candle is not what was written")
        return frame


def _replace(file: Path, frame: "DataFrame") -> None:
    with _storage(f"{file} cannot be written"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not *.parquet: what a crash leaves behind is never read, and the next write reuses it.
        unfinished = file.with_suffix(".unfinished")
        with unfinished.open("wb") as out:
            frame.write_parquet(out, metadata={"crc": _crc(frame)})
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
        _sync_directory(file.parent)


def _crc(frame: "DataFrame") -> str:
    crc = 0
    for name in _COLUMNS:
        crc = zlib.crc32(frame[name].to_numpy().tobytes(), crc)
    return str(crc)


def _sync_directory(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _storage(trouble: str) -> Iterator[None]:
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except (OSError, ValueError, PolarsError, PanicException) as error:
        raise StorageUnavailable(f"{trouble}: {error}") from error
