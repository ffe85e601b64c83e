"""The candles of one market and interval, a month a file. Imports polars."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from trading_mcp.adapters.parquet import files
from trading_mcp.adapters.parquet.files import Month
from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.spans import Hole, Span, holes_between, merged, told_apart

_LAST = 253_402_300_799_999  # the end of the year 9999, UTC ms


def read(folder: Path, recent: Sequence[Candle], start: int, end: int) -> Candles:
    """Return the candles that opened in [start, end), those in *recent* before those on disk."""
    first, last = month(start), month(end - 1)
    names = [name for name in files.names_in(folder) if first <= name <= last]
    old = [files.load(_file(folder, name)).frame for name in names]
    frame = _united([*old, files.framed(Candles.of(recent))])
    return files.columns(frame.filter(pl.col("time").is_between(start, end - 1)))


def write(folder: Path, rows: Sequence[Candle] | Candles, answered: Sequence[Span] = ()) -> None:
    """Add *rows* to their months' files, and what the exchange has *answered* for.

    Whoever else writes at the same time loses nothing. A span that holds no candle and no file
    is noted in the next month that has one.
    """
    candles = rows if isinstance(rows, Candles) else Candles.of(rows)
    with files.locked(folder):
        added = _by_month(files.framed(candles))
        spans = _allotted(answered, {*added, *files.names_in(folder)}.__contains__)
        files.replace(_changes(folder, added, spans))


def holes(folder: Path, start: int, end: int, step: int) -> list[Hole]:
    """Return where in [start, end) no candle is stored; candles are *step* ms apart."""
    months = [files.load(_file(folder, name)) for name in _about(folder, start, end)]
    return holes_of(months, Span(start, end), step)


def holes_of(months: Sequence[Month], within: Span, step: int) -> list[Hole]:
    """Return where in *within* the candles of *months* leave a hole."""
    columns = [month.frame["time"].to_numpy() for month in months]
    times = np.unique(np.concatenate([np.empty(0, np.int64), *columns]))
    times = times[(times >= within.start) & (times < within.end)]
    answered = merged(span for month in months for span in month.answered)
    return told_apart(holes_between(times, within, step), answered)


def extent(folder: Path, step: int) -> Span | None:
    """Return the time from the first stored candle to the end of the last; None: there is none."""
    names = files.names_in(folder)
    first = next(filter(None, (_extent(folder, name, step) for name in names)), None)
    last = next(filter(None, (_extent(folder, name, step) for name in reversed(names))), None)
    return Span(first.start, last.end) if first and last else None


def month(time: int) -> str:
    """Return the month of *time* (UTC ms), such as 2026-11."""
    return datetime.fromtimestamp(min(max(time, 0), _LAST) // 1000, UTC).strftime("%Y-%m")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _extent(folder: Path, name: str, step: int) -> Span | None:
    times = files.load(_file(folder, name)).frame["time"].to_numpy()
    return Span(int(times.min()), int(times.max()) + step) if len(times) else None


def _about(folder: Path, start: int, end: int) -> list[str]:
    """The months of [start, end), and the next one, whose answers may reach back into it."""
    first, last = month(start), month(end - 1)
    names = [name for name in files.names_in(folder) if name >= first]
    until = sum(name <= last for name in names)
    return names[: until + 1]


def _by_month(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    opened = pl.from_epoch(pl.col("time").clip(0, _LAST), time_unit="ms")
    parts = frame.with_columns(month=opened.dt.strftime("%Y-%m")).partition_by(
        "month", as_dict=True, include_key=False
    )
    return {str(name): part for (name,), part in parts.items()}


def _allotted(answered: Sequence[Span], has_file: Callable[[str], bool]) -> dict[str, list[Span]]:
    """Cut *answered* where months end; a month without a file leaves its part to the next."""
    allotted: dict[str, list[Span]] = {}
    for span in answered:
        start = span.start
        for name, end in _ends(span):
            if has_file(name) and start < end:
                allotted.setdefault(name, []).append(Span(start, end))
                start = end
    return allotted


def _ends(span: Span) -> Iterator[tuple[str, int]]:
    """Yield each month that *span* touches, the one at its end too, and where it is left."""
    start = span.start
    while True:
        end = min(_next_month(start), span.end)
        yield month(start), end
        if start == span.end:
            return
        start = end


def _next_month(time: int) -> int:
    at = datetime.fromtimestamp(time // 1000, UTC)
    years, months = divmod(at.month, 12)
    return int(datetime(at.year + years, months + 1, 1, tzinfo=UTC).timestamp() * 1000)


def _changes(
    folder: Path, added: Mapping[str, pl.DataFrame], spans: Mapping[str, Sequence[Span]]
) -> Iterator[tuple[Path, Month]]:
    for name in sorted({*added, *spans}):
        file = _file(folder, name)
        old = files.load(file) if file.exists() else Month(files.framed(Candles.of(())))
        frame = _united([old.frame, *([added[name]] if name in added else [])])
        yield file, Month(frame, tuple(merged([*old.answered, *spans.get(name, ())])))


def _united(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(frames).unique("time", keep="last", maintain_order=True).sort("time")
