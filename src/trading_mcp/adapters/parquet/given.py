"""A file of candles that somebody else has written: its columns as they are. Imports polars."""

from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from trading_mcp.domain.candles import Candles, Column
from trading_mcp.domain.errors import InvalidParameter

MOST_RATE = 0.1
"""A settlement at 10 % of the value: more is a rate in percent, or rubbish."""
PRICES = ("open", "high", "low", "close", "volume")


def read_candles(path: Path) -> Candles:
    """Read *path*: columns timestamp (ms UTC, candle open), open, high, low, close, volume.

    Rows stay as they are, in order and in number; what is no number is NaN.

    Raises:
        InvalidParameter: it cannot be read, or has not these columns.
    """
    frame = _read(path, ("timestamp", *PRICES))
    times = _times(path, frame["timestamp"])
    return Candles(times, *(_numbers(path, frame[name]) for name in PRICES))


def read_rates(path: Path) -> tuple[np.ndarray, Column]:
    """Read settlements: columns timestamp (ms UTC) and funding_rate (a fraction), oldest first.

    Raises:
        InvalidParameter: it cannot be read, has not these columns, or a rate is none, or beyond
            what an exchange settles at.
    """
    frame = _read(path, ("timestamp", "funding_rate")).sort("timestamp")
    times, rates = _times(path, frame["timestamp"]), _numbers(path, frame["funding_rate"])
    if not np.isfinite(rates).all():
        raise InvalidParameter(f"{path}: a funding_rate is not a finite number")
    if (
        len(rates)
        and (largest := float(rates[np.abs(rates).argmax()]))
        and abs(largest) > MOST_RATE
    ):
        raise InvalidParameter(
            f"{path}: a funding_rate is {largest:g}, expected from -{MOST_RATE:g} to "
            f"{MOST_RATE:g}: it is a fraction, 0.0001 is 0.01 %"
        )
    return times, rates


def _read(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    read = pl.read_csv if path.suffix.lower() == ".csv" else pl.read_parquet
    try:
        frame = read(path)
    except (OSError, PolarsError) as error:
        raise InvalidParameter(f"{path}: cannot be read: {error}") from None
    if missing := [name for name in columns if name not in frame.columns]:
        found = ", ".join(frame.columns)
        raise InvalidParameter(f"{path}: has no column {', '.join(missing)}; it has {found}")
    return frame.select(columns)


def _times(path: Path, column: pl.Series) -> np.ndarray:
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.timestamp("ms")
    if not column.dtype.is_integer() or column.null_count():
        raise InvalidParameter(
            f"{path}: timestamp holds {column.dtype} with {column.null_count()} missing; expected "
            "whole milliseconds since 1970 (UTC), one for each candle"
        )
    return column.cast(pl.Int64).to_numpy()


def _numbers(path: Path, column: pl.Series) -> Column:
    if not column.dtype.is_numeric():
        raise InvalidParameter(f"{path}: {column.name} holds {column.dtype}; expected numbers")
    numbers: Column = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return numbers
