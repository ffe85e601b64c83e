"""One month's file: its candles, and what the exchange has answered for. Imports polars."""

import contextlib
import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import polars as pl
from polars.exceptions import PanicException, PolarsError

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.spans import Span

COLUMNS = ("time", "open", "high", "low", "close", "volume")
_UNFINISHED = ".unfinished"
"""Not *.parquet: what a crash leaves behind is never read, and the next write reuses it."""


class Month(msgspec.Struct, frozen=True):
    """What one file holds.

    *answered*: of these spans the exchange has told every candle that it has. They may reach back
    into months without a file. *crc* is of the candles as they were written; a file that came
    from elsewhere has none.
    """

    frame: pl.DataFrame
    answered: tuple[Span, ...] = ()
    crc: str | None = None


def names_in(folder: Path) -> Sequence[str]:
    """Return the names of the months that have a file, the oldest first."""
    return sorted(path.stem for path in folder.glob("*.parquet"))


def framed(candles: Candles) -> pl.DataFrame:
    """Return *candles* as a frame."""
    return pl.DataFrame({name: getattr(candles, name) for name in COLUMNS})


def columns(frame: pl.DataFrame) -> Candles:
    """Return the candles of a frame."""
    return Candles(*(frame[name].to_numpy() for name in COLUMNS))


def load(file: Path) -> Month:
    """Read *file*. Raises StorageUnavailable if it is not what was written."""
    month = loaded(file)
    with _readable(file):
        if not is_as_written(month):
            raise ValueError("a candle is not what was written")
    return month


def loaded(file: Path) -> Month:
    """Read *file* and believe it. Raises StorageUnavailable if that is not possible."""
    # Opened once: another process may put a new file in its place between two looks.
    with _readable(file), file.open("rb") as opened:
        return _month(opened)


def is_as_written(month: Month) -> bool:
    """Say whether the candles are those that were written; polars checks no checksums."""
    return month.crc is None or month.crc == _crc(month.frame)


def replace(changes: Iterable[tuple[Path, Month]]) -> None:
    """Put new files in the place of old ones: all of them, or on failure none.

    After a crash each is the old one or the new one.
    """
    with contextlib.ExitStack() as stack:
        ready = []
        for file, month in changes:
            with _writable(file):
                unfinished = file.with_suffix(_UNFINISHED)
                stack.callback(unfinished.unlink, missing_ok=True)
                _write(unfinished, month)
                ready.append((unfinished, file))
        for unfinished, file in ready:
            with _writable(file):
                unfinished.replace(file)
        for folder in {file.parent for _, file in ready}:
            with _writable(folder):
                _sync(folder)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make *folder* if need be, and keep every other writer of any process out of it."""
    with _writable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    try:
        with _writable(folder):
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _month(opened: BinaryIO) -> Month:
    frame = pl.read_parquet(opened, columns=list(COLUMNS))
    if frame.schema != framed(Candles.of(())).schema:
        raise ValueError(f"its columns are {dict(frame.schema)}")
    opened.seek(0)
    metadata = pl.read_parquet_metadata(opened)
    answered = msgspec.json.decode(metadata.get("answered", "[]"), type=list[tuple[int, int]])
    return Month(frame, tuple(Span(*pair) for pair in answered), metadata.get("crc"))


def _write(unfinished: Path, month: Month) -> None:
    answered = [(span.start, span.end) for span in month.answered]
    with unfinished.open("wb") as out:
        metadata = {
            "crc": _crc(month.frame),
            "answered": msgspec.json.encode(answered).decode(),
        }
        month.frame.write_parquet(out, metadata=metadata)
        out.flush()
        os.fsync(out.fileno())


def _crc(frame: pl.DataFrame) -> str:
    crc = 0
    for name in COLUMNS:
        crc = zlib.crc32(frame[name].to_numpy().tobytes(), crc)
    return str(crc)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _readable(file: Path) -> contextlib.AbstractContextManager[None]:
    """Turn whatever keeps *file* from being read into StorageUnavailable."""
    return _storage(f"{file} cannot be read; if it is damaged, delete it")


def _writable(path: Path) -> contextlib.AbstractContextManager[None]:
    return _storage(f"{path} cannot be written")


@contextlib.contextmanager
def _storage(trouble: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, msgspec.MsgspecError, PolarsError, PanicException) as error:
        raise StorageUnavailable(f"{trouble}: {error}") from error
