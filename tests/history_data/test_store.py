"""Whole stretches in the candle store: beside other writers, with what the exchange answered."""

import multiprocessing
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from trading_mcp.adapters.parquet import files, months
from trading_mcp.adapters.parquet.archive import ParquetCandleArchive
from trading_mcp.adapters.parquet.candles import ParquetCandleStore
from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.times import DAY_MS, MINUTE_MS

from .conftest import FEBRUARY, JANUARY, SERIES, candle

MARCH = FEBRUARY + 28 * DAY_MS
ROUNDS = 40


def names_below(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.rglob("*.*"))


def columns(times: Iterable[int]) -> Candles:
    return Candles.of([candle(time) for time in times])


async def test_what_is_kept_is_there_for_the_server(tmp_path: Path, minutes) -> None:
    times = [*minutes(10, FEBRUARY - 5 * MINUTE_MS)]

    await ParquetCandleArchive(tmp_path).keep(*SERIES, columns(times))

    read = await ParquetCandleStore(tmp_path).read(*SERIES, start=0, end=2**60)
    assert read.rows() == [candle(time) for time in times]


def test_two_processes_that_write_the_same_month_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_some, args=(tmp_path, first)) for first in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    stored = months.read(tmp_path.joinpath(*SERIES), (), 0, 2**60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert stored.time.tolist() == [JANUARY + n * MINUTE_MS for n in range(2 * ROUNDS)]
    assert sorted(path.suffix for path in tmp_path.rglob("*.*")) == [".parquet"]


def write_some(directory: Path, first: int) -> None:
    for n in range(first, 2 * ROUNDS, 2):
        months.write(directory.joinpath(*SERIES), [candle(JANUARY + n * MINUTE_MS)])


async def test_the_server_keeps_what_is_known_of_quiet_minutes(tmp_path: Path, minutes) -> None:
    archive, server = ParquetCandleArchive(tmp_path), ParquetCandleStore(tmp_path)
    span = Span(JANUARY, JANUARY + 10 * MINUTE_MS)
    await archive.keep(*SERIES, columns(minutes(10, without=[4])), [span])

    await server.add(*SERIES, [candle(JANUARY + 12 * MINUTE_MS)])
    await server.flush()

    quiet = Span(JANUARY + 4 * MINUTE_MS, JANUARY + 5 * MINUTE_MS)
    unknown = Span(span.end, span.end + 2 * MINUTE_MS)
    wider = Span(JANUARY, JANUARY + 13 * MINUTE_MS)
    assert await archive.holes(*SERIES, wider) == [Hole(quiet, True), Hole(unknown, False)]


async def test_months_without_a_candle_are_known_without_a_file(tmp_path: Path) -> None:
    archive = ParquetCandleArchive(tmp_path)
    year = 365 * DAY_MS

    answered = Span(JANUARY - year, MARCH + MINUTE_MS)
    await archive.keep(*SERIES, columns([MARCH]), [answered])

    assert await archive.holes(*SERIES, answered) == [Hole(Span(JANUARY - year, MARCH), True)]
    assert await archive.holes(*SERIES, Span(JANUARY, FEBRUARY)) == [
        Hole(Span(JANUARY, FEBRUARY), True)
    ]
    assert names_below(tmp_path) == ["2026-03.parquet"]


async def test_a_month_that_was_deleted_is_unknown_again(tmp_path: Path) -> None:
    archive = ParquetCandleArchive(tmp_path)
    times = range(JANUARY, MARCH, 60 * MINUTE_MS)
    await archive.keep(*SERIES, columns(times), [Span(JANUARY, MARCH)])

    (tmp_path.joinpath(*SERIES) / "2026-02.parquet").unlink()

    holes = await archive.holes(*SERIES, Span(JANUARY, MARCH))
    assert [hole for hole in holes if not hole.answered] == [Hole(Span(FEBRUARY, MARCH), False)]


async def test_several_months_are_written_all_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = ParquetCandleArchive(tmp_path)
    await archive.keep(*SERIES, columns([JANUARY]))
    write, written = files._write, list[Path]()

    def full(unfinished: Path, month: files.Month) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(unfinished)
        write(unfinished, month)

    with monkeypatch.context() as patched:
        patched.setattr(files, "_write", full)
        with pytest.raises(StorageUnavailable, match="No space left"):
            await archive.keep(*SERIES, columns([JANUARY + MINUTE_MS, FEBRUARY]))

    stored = await archive.read(*SERIES, start=0, end=2**60)
    assert stored.time.tolist() == [JANUARY]
    assert names_below(tmp_path) == ["2026-01.parquet"]


async def test_what_is_stored_is_listed(tmp_path: Path, minutes) -> None:
    archive = ParquetCandleArchive(tmp_path)
    quiet = Span(JANUARY + 3 * MINUTE_MS, JANUARY + 5 * MINUTE_MS)
    await archive.keep(*SERIES, columns(minutes(10, without=[3, 4])), [Span(JANUARY, JANUARY + 10)])
    await archive.keep("sim", "ETH-USDT", "1h", columns([JANUARY]))
    damaged = tmp_path / "sim/ETH-USDT/1h/2026-02.parquet"
    damaged.write_bytes(b"PAR1 and then nothing")

    first, second = await archive.stored()

    assert (first.symbol, first.first, first.last) == ("BTC-USDT", JANUARY, minutes(10)[-1])
    assert (first.candles, [hole.span for hole in first.holes]) == (8, [quiet])
    assert first.size_bytes == sum(p.stat().st_size for p in (tmp_path / "kucoin").rglob("*.*"))
    assert (second.exchange, second.candles, second.damaged) == ("sim", 1, (str(damaged),))


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"high": 1.0}, "has a high below its low"),
        ({"open": 500.0}, "has its open outside of low and high"),
        ({"close": 1.0}, "has its close outside of low and high"),
        ({"volume": -1.0}, "has a volume below 0"),
        (
            {"volume": float("nan")},
            "has a number that is not finite, or larger than 1e18, as its volume",
        ),
        ({"low": float("inf")}, "has a number that is not finite, or larger than 1e18, as its low"),
        ({"low": -5.0}, "has a price that is not above 0"),
        ({"time": JANUARY + 1}, "opens at a time at which no candle of this interval opens"),
        ({"time": JANUARY + 4 * MINUTE_MS}, "has the time of one before it"),
        ({"time": JANUARY - MINUTE_MS}, "is older than the one before it"),
        ({"time": FEBRUARY}, "belongs into the file of another month"),
    ],
)
async def test_a_broken_file_is_found(tmp_path: Path, minutes, changed, what: str) -> None:
    archive = ParquetCandleArchive(tmp_path)
    await archive.keep(*SERIES, columns(minutes(10)))
    file = tmp_path.joinpath(*SERIES) / "2026-01.parquet"
    frame = pl.read_parquet(file)
    fifth = pl.int_range(pl.len()) == 5
    for name, value in changed.items():
        to = pl.when(fifth).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name)
        frame = frame.with_columns(to.alias(name))
    frame.write_parquet(file)  # as somebody else would, without a checksum

    (report,) = await archive.inspect()

    assert what in [finding.what for finding in report.files[0].findings]


async def test_a_changed_number_that_could_be_true_is_found_by_the_checksum(
    tmp_path: Path, minutes
) -> None:
    archive = ParquetCandleArchive(tmp_path)
    await archive.keep(*SERIES, columns(minutes(10)))
    file = tmp_path.joinpath(*SERIES) / "2026-01.parquet"
    changed = pl.read_parquet(file).with_columns(volume=pl.col("volume") + 1)
    changed.write_parquet(file, metadata={"crc": pl.read_parquet_metadata(file)["crc"]})

    (report,) = await archive.inspect()

    (finding,) = report.files[0].findings
    assert finding.what == "is not what was written: its checksum differs"


@pytest.mark.parametrize("content", [b"", b"no parquet", b"PAR1"])
async def test_a_file_that_cannot_be_read_is_found(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path.joinpath(*SERIES)
    folder.mkdir(parents=True)
    (folder / "2026-01.parquet").write_bytes(content)

    (report,) = await ParquetCandleArchive(tmp_path).inspect()

    assert "cannot be read" in report.files[0].findings[0].what


def test_candle_files_written_before_are_read(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*SERIES)
    folder.mkdir(parents=True)
    rows = [Candle(JANUARY, 1.0, 2.0, 0.5, 1.5, 3.0)]
    files.framed(Candles.of(rows)).write_parquet(folder / "2026-01.parquet")

    assert months.read(folder, (), 0, 2**60).rows() == rows
