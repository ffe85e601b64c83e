"""Files of candles that others wrote are read exactly, or refused with the rows that are wrong."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trading_mcp.adapters.candle_files.reading import Rows, Source, read_candles
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.times import DAY_MS, MINUTE_MS

from .conftest import FEBRUARY, JANUARY

NOW = FEBRUARY
HEADER = "timestamp,open,high,low,close,volume\n"
REST = "100.5,102,99.25,101,12.5"


def read(path: Path, **said) -> Rows:
    return read_candles(Source(path=path, **said), NOW)


def written(folder: Path, *times: object, header: str = HEADER, rest: str = REST) -> Path:
    path = folder / "candles.csv"
    path.write_text(header + "".join(f"{time},{rest}\n" for time in times))
    return path


@pytest.mark.parametrize(
    "times",
    [
        (JANUARY, JANUARY + MINUTE_MS),
        (f"{JANUARY}.0", f"{JANUARY + MINUTE_MS}.0"),
        (JANUARY // 1000, JANUARY // 1000 + 60),
        (JANUARY * 1000, (JANUARY + MINUTE_MS) * 1000),
        (JANUARY * 1_000_000, (JANUARY + MINUTE_MS) * 1_000_000),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("2026-01-01 00:00:00 UTC", "2026-01-01 00:01:00 UTC"),
        ("2026-01-01T02:00:00.000+02:00", "2025-12-31T19:01-0500"),
    ],
)
def test_times_whose_meaning_is_certain_need_no_flag(tmp_path: Path, times) -> None:
    candles = read(written(tmp_path, *times)).candles

    assert candles.time.tolist() == [JANUARY, JANUARY + MINUTE_MS]
    row = candles.row(0)
    assert (row.open, row.high, row.low, row.close, row.volume) == (100.5, 102, 99.25, 101, 12.5)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("2026-01-01 00:00:00",), "no zone: if they are in UTC, say so with --times utc"),
        (("2026-01-01",), "no zone"),
        ((3_000_000_000,), "say with --times s|ms|us|ns"),
        ((JANUARY, JANUARY // 1000), "say with --times s|ms|us|ns"),
        ((0,), "say with --times s|ms|us|ns"),
        (("2026-01-01T00:00:00Z", JANUARY), "line 3 has a number, the rows before it a time"),
        (("2026-01-01T00:00:00Z", "2026-01-02"), "line 3 has a time without a zone"),
    ],
)
def test_times_that_could_mean_several_things_are_refused(tmp_path: Path, times, said) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        read(written(tmp_path, *times))

    assert said in refusal.value.message


@pytest.mark.parametrize(
    ("time", "meant", "read_as"),
    [
        ("2026-01-01 00:00:00", "utc", JANUARY),
        ("2026-01-01", "utc", JANUARY),
        ("2026-01-01T00:01", "utc", JANUARY + MINUTE_MS),
        (3_000_000_000, "ms", 3_000_000_000),
        (60, "s", 60_000),
    ],
)
def test_a_flag_says_what_times_mean(tmp_path: Path, time, meant, read_as) -> None:
    assert read(written(tmp_path, time), times=meant).candles.time.tolist() == [read_as]


@pytest.mark.parametrize(("time", "meant"), [(JANUARY, "utc"), ("2026-01-01T00:00Z", "ms")])
def test_a_flag_that_contradicts_the_file_is_refused(tmp_path: Path, time, meant) -> None:
    with pytest.raises(InvalidParameter, match=f"--times {meant}: the file has"):
        read(written(tmp_path, time), times=meant)


@pytest.mark.parametrize(
    "header",
    [
        "Time,Open,High,Low,Close,Vol\n",
        "Open Time,OPEN,HIGH,LOW,CLOSE,VOLUME\n",
        "\ufeffdate, o, h, l, c, v\n",
        '"datetime","open_price","high_price","low_price","close_price","base volume"\n',
    ],
)
def test_usual_headers_are_known(tmp_path: Path, header: str) -> None:
    assert len(read(written(tmp_path, JANUARY, header=header)).candles) == 1


def test_other_columns_and_another_order_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(f"symbol,close,volume,low,high,open,time\nBTC,3,5,1,4,2,{JANUARY}\n")

    row = read(path).candles.row(0)

    assert (row.open, row.high, row.low, row.close, row.volume) == (2, 4, 1, 3, 5)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("unix,date,open,high,low,close,volume\n", "the time could be 'unix' or 'date'"),
        ("timestamp,open,high,low,close,Volume USDT\n", "no column for the volume"),
        (f"{JANUARY},1,2,0.5,1,3\n", "The first line must name the columns"),
    ],
)
def test_a_column_that_is_not_certain_is_asked_for(tmp_path: Path, header: str, said: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        read(written(tmp_path, f"{JANUARY},{JANUARY}", header=header))

    assert said in refusal.value.message
    assert "--column" in refusal.value.message


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(f"unix,date,open,high,low,close,Volume BTC\n{JANUARY},x,2,4,1,3,5\n")

    assert read(path, columns={"time": "unix", "volume": "volume btc"}).candles.row(0).volume == 5


def test_rows_that_are_no_candles_are_named_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(
        f"{HEADER}{JANUARY},1,2,0.5,1,3\n{JANUARY},abc,2,0.5,1,3\nyesterday,1,2,0.5,1,3\n"
        f"{JANUARY},1,2,0.5,1\n"
    )

    with pytest.raises(InvalidParameter) as refusal:
        read(path)

    assert refusal.value.message == (
        f"{path}: 3 bad rows, nothing was imported: line 3: its open is abc; "
        "line 4: its time is yesterday; line 5: its volume is missing"
    )


def test_of_many_bad_rows_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, *range(JANUARY, JANUARY + 150_000), rest="x,2,1,1,1")

    with pytest.raises(InvalidParameter, match=r"150000 bad rows.*; and 149990 more"):
        read(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (HEADER.encode(), "has no candles"),
        (f"{HEADER}{JANUARY},1,2,0.5,1,3\n{JANUARY},1,2,0.5,1,3,9,9\n".encode(), "line 3 has 8"),
        (b"\xff\xfe\x00\x01,\n\x00", "candles.csv"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "candles.csv"
    path.write_bytes(content)

    with pytest.raises(InvalidParameter) as refusal:
        read(path)

    assert said in refusal.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"none\.csv cannot be read: there is no such file"):
        read(tmp_path / "none.csv")


TIMES = pl.Series([JANUARY, JANUARY + MINUTE_MS])


@pytest.mark.parametrize(
    "times",
    [
        TIMES,
        TIMES // 1000,
        TIMES.cast(pl.Float64),
        TIMES.cast(pl.Datetime("ms", "UTC")),
        TIMES.cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone("Asia/Tokyo"),
        (TIMES * 1000).cast(pl.Datetime("us", "UTC")),
        TIMES.cast(pl.String),
    ],
)
def test_parquet_is_read_in_its_own_types(tmp_path: Path, times: pl.Series) -> None:
    path = tmp_path / "candles.parquet"
    ones = pl.Series([1.0, 2.0])
    frame = {"Timestamp": times, **dict.fromkeys(("Open", "High", "Low", "Close", "Vol"), ones)}
    pl.DataFrame(frame).write_parquet(path)

    rows = read(path)

    assert rows.candles.time.tolist() == TIMES.to_list()
    assert rows.candles.close.tolist() == [1.0, 2.0]
    assert rows.row(0) == "row 1"


def test_parquet_days_without_a_zone_want_a_flag(tmp_path: Path) -> None:
    path = tmp_path / "candles.parquet"
    days = TIMES[:1].cast(pl.Datetime("ms")).dt.date()
    frame = {"date": days, **{n: [1.0] for n in ("open", "high", "low", "close", "volume")}}
    pl.DataFrame(frame).write_parquet(path)

    with pytest.raises(InvalidParameter, match="--times utc"):
        read(path)
    assert read(path, times="utc").candles.time.tolist() == [JANUARY]


def test_parts_of_a_millisecond_are_refused_not_cut_off(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="line 3: its time has parts of a millisecond"):
        read(written(tmp_path, JANUARY * 1000, JANUARY * 1000 + 60_000_001))


def test_the_same_numbers_come_from_csv_and_parquet(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    columns = {n: generator.lognormal(3, 2, 5000) for n in ("open", "high", "low", "close")}
    frame = pl.DataFrame(
        {"time": JANUARY - DAY_MS * 5 + np.arange(5000) * MINUTE_MS, **columns, "volume": 0.0}
    )
    frame.write_csv(tmp_path / "candles.csv")
    frame.write_parquet(tmp_path / "candles.parquet")

    text, table = (read(tmp_path / f"candles.{kind}").candles for kind in ("csv", "parquet"))

    assert text.rows() == table.rows()
