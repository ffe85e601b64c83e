"""Reads a file of candles whole, or says which of its rows are wrong. Imports polars."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import polars as pl
from polars.exceptions import PanicException, PolarsError

from trading_mcp.adapters.candle_files.headers import FIELDS, columns_of
from trading_mcp.adapters.candle_files.times import (
    Kind,
    TimeFormat,
    kinds_and_values,
    milliseconds,
)
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter

_BATCH = 100_000
SHOWN = 10
"""So many bad rows are named; of more there is only the number."""


class Rows(msgspec.Struct, frozen=True):
    """The candles of a file in its order; `row(0)` names the first."""

    candles: Candles
    is_text: bool

    def row(self, index: int) -> str:
        """Return what people call the row of *index*: the line of text, or the row of a table."""
        return _name(index, self.is_text)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and what is said about it: *columns* by field, how its *times* are meant."""

    path: Path
    columns: Mapping[str, str] = {}
    times: TimeFormat | None = None


def read_candles(source: Source, now: int) -> Rows:
    """Read all candles; *now* (UTC ms) is later than any of them.

    Raises InvalidParameter: it is no such file, or has rows that can't be read.
    """
    is_text = source.path.suffix.lower() not in _TABLES
    try:
        frame = _whole(source, is_text)
        _must_be_whole(frame["wrong"], is_text, source)
        frame = frame.with_columns(time=_times(frame, source, is_text, now))
    except (OSError, UnicodeDecodeError, PolarsError, PanicException) as error:
        raise InvalidParameter(f"{source.path} cannot be read: {_trouble(source, error)}") from None
    except ValueError as error:
        raise InvalidParameter(f"{source.path}: {error}") from None
    return Rows(Candles(*(frame[field].to_numpy() for field in FIELDS)), is_text)


def refused(path: Path, count: int, named: Sequence[str]) -> InvalidParameter:
    """Return the error about *count* bad rows, the first of which are *named*."""
    more = f"; and {count - len(named)} more" if count > len(named) else ""
    return InvalidParameter(
        f"{path}: {count} bad row{'s' if count > 1 else ''}, nothing was imported: "
        f"{'; '.join(named)}{more}"
    )


def _whole(source: Source, is_text: bool) -> pl.DataFrame:
    parts = [_read(batch) for batch in _batches(source, is_text) if len(batch)]
    if not parts:
        raise ValueError("it has no candles")
    return pl.concat(parts)


def _batches(source: Source, is_text: bool) -> Iterator[pl.DataFrame]:
    """Yield the six columns, under our names, some rows at a time."""
    path = source.path
    lazy = pl.scan_csv(path, infer_schema=False) if is_text else pl.scan_parquet(path)
    columns = columns_of(lazy.collect_schema().names(), source.columns)
    chosen = lazy.select(pl.col(header).alias(field) for field, header in columns.items())
    yield from chosen.collect_batches(chunk_size=_BATCH, maintain_order=True)


def _read(batch: pl.DataFrame) -> pl.DataFrame:
    """Return numbers for text; `wrong` says of a row that is none what was found."""
    times = kinds_and_values(batch["time"]).rename({"value": "time"})
    read = times.with_columns(_numbers(batch[field]) for field in FIELDS[1:])
    whole = not any(read[field].has_nulls() for field in FIELDS)
    wrong = pl.lit(None, dtype=pl.String) if whole else pl.lit(_wrong(batch, read))
    return read.with_columns(wrong=wrong)


def _numbers(values: pl.Series) -> pl.Series:
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.has_nulls() and values.dtype == pl.String:
        numbers = values.str.strip_chars(" \t").cast(pl.Float64, strict=False)
    return numbers


def _wrong(batch: pl.DataFrame, read: pl.DataFrame) -> pl.Series:
    found = [
        pl.when(read[field].is_null()).then(
            pl.format(f"its {field} is {{}}", batch[field].cast(pl.String).fill_null("missing"))
        )
        for field in FIELDS
    ]
    return pl.select(pl.coalesce(found)).to_series()


def _times(frame: pl.DataFrame, source: Source, is_text: bool, now: int) -> pl.Series:
    kind = _one_kind(frame["kind"], is_text)
    times = milliseconds(frame["time"], kind, source.times, now)
    split = pl.when(times.is_null()).then(pl.lit("its time has parts of a millisecond"))
    _must_be_whole(pl.select(split).to_series(), is_text, source)
    return times


def _one_kind(kinds: pl.Series, is_text: bool) -> Kind:
    """Return the kind of time that all rows have. Raises ValueError."""
    first, *others = kinds.unique(maintain_order=True).to_list()
    if others:
        row = (kinds == others[0]).arg_max()
        raise ValueError(
            f"{_name(row or 0, is_text)} has a {_CALLED[others[0]]}, the rows before it a "
            f"{_CALLED[first]}: one kind of times is expected"
        )
    kind: Kind = first
    return kind


def _must_be_whole(wrong: pl.Series, is_text: bool, source: Source) -> None:
    rows = wrong.is_not_null().arg_true().to_list()
    if rows:
        named = [f"{_name(row, is_text)}: {wrong[row][:80]}" for row in rows[:SHOWN]]
        raise refused(source.path, len(rows), named)


def _name(index: int, is_text: bool) -> str:
    return f"line {index + 2}" if is_text else f"row {index + 1}"


def _trouble(source: Source, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if "found more fields" in str(error):
        with source.path.open(newline="") as opened:
            lines = csv.reader(opened)
            fields = len(next(lines))
            for number, line in enumerate(lines, 2):
                if len(line) > fields:
                    return f"line {number} has {len(line)} fields, the first line {fields}"
    return str(error).split("\n")[0][:200]


_TABLES = {".parquet", ".pq"}
_CALLED = {"number": "number", "zoned": "time with a zone", "naive": "time without a zone"}
