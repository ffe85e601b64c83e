"""Candles on disk are those that were added, whatever happens while they are written."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.parquet import months
from trading_mcp.adapters.parquet.candles import ParquetCandleStore
from trading_mcp.domain.candles import MINUTE_MS, Candle
from trading_mcp.domain.errors import StorageUnavailable

NOVEMBER, DECEMBER = 1793491200000, 1796083200000  # 2026-11-01 and 2026-12-01, UTC ms
MARKET = ("sim", "BTC-USDT", "1m")


def candle(opened_at: int, price: float = 100.0) -> Candle:
    return Candle(opened_at, price, price + 1.5, price - 0.1, price + 0.7, 12.25)


def around_december(before: int, after: int) -> list[Candle]:
    return [candle(DECEMBER + n * MINUTE_MS, 100.0 + n) for n in range(-before, after)]


async def everything(store: ParquetCandleStore) -> list[Candle]:
    return (await store.read(*MARKET, start=0, end=2**62)).rows()


async def test_candles_are_read_before_and_after_they_are_written(tmp_path: Path) -> None:
    store, rows = ParquetCandleStore(tmp_path), around_december(3, 3)

    await store.add(*MARKET, rows[:4])
    unwritten = await everything(store)
    await store.flush()
    await store.add(*MARKET, rows[4:])
    half_written = await everything(store)
    await store.flush()

    assert unwritten == rows[:4]
    assert half_written == rows
    assert await everything(ParquetCandleStore(tmp_path)) == rows


async def test_each_month_has_a_file_of_its_own(tmp_path: Path) -> None:
    store = ParquetCandleStore(tmp_path)
    await store.add(*MARKET, around_december(2, 2))
    await store.flush()

    assert files_below(tmp_path) == [
        "sim/BTC-USDT/1m/2026-11.parquet",
        "sim/BTC-USDT/1m/2026-12.parquet",
    ]


async def test_a_candle_that_is_added_again_replaces_the_first(tmp_path: Path) -> None:
    store = ParquetCandleStore(tmp_path)
    await store.add(*MARKET, [candle(DECEMBER, 1.0)])
    await store.flush()

    await store.add(*MARKET, [candle(DECEMBER, 2.0), candle(DECEMBER, 3.0)])
    assert await everything(store) == [candle(DECEMBER, 3.0)]
    await store.flush()
    assert await everything(store) == [candle(DECEMBER, 3.0)]


@pytest.mark.parametrize("written", [True, False])
async def test_a_range_holds_its_start_and_not_its_end(tmp_path: Path, written: bool) -> None:
    store, rows = ParquetCandleStore(tmp_path), around_december(5, 5)
    await store.add(*MARKET, rows[::-1])
    if written:
        await store.flush()

    found = await store.read(*MARKET, start=rows[2].opened_at, end=rows[7].opened_at)
    none = await store.read(*MARKET, start=rows[7].opened_at, end=rows[2].opened_at)

    assert found.rows() == rows[2:7]
    assert none.rows() == []


async def test_markets_and_intervals_are_kept_apart(tmp_path: Path) -> None:
    store = ParquetCandleStore(tmp_path)
    await store.add(*MARKET, [candle(DECEMBER, 1.0)])
    await store.add("kucoin", "BTC-USDT", "1m", [candle(DECEMBER, 2.0)])
    await store.add("sim", "BTC-USDT-PERP", "1m", [candle(DECEMBER, 3.0)])
    await store.add("sim", "BTC-USDT", "5m", [candle(DECEMBER, 4.0)])
    await store.flush()

    assert await everything(store) == [candle(DECEMBER, 1.0)]
    five_minutes = await store.read("sim", "BTC-USDT", "5m", start=0, end=2**62)
    assert five_minutes.rows() == [candle(DECEMBER, 4.0)]


@pytest.mark.parametrize(
    "market",
    [
        ("..", "BTC-USDT", "1m"),
        ("sim", "../../etc", "1m"),
        ("sim", "BTC/USDT", "1m"),
        ("", "BTC-USDT", "1m"),
        ("sim", "BTC-USDT\n", "1m"),
        ("sim", "BTC-USDT", "7m"),
        ("sim", "BTC-USDT", "../1m"),
    ],
)
async def test_a_name_that_is_no_folder_is_refused(
    tmp_path: Path, market: tuple[str, str, str]
) -> None:
    store = ParquetCandleStore(tmp_path / "candles")

    with pytest.raises(ValueError, match=r"name|interval"):
        await store.add(*market, [candle(DECEMBER)])
    with pytest.raises(ValueError, match=r"name|interval"):
        await store.read(*market, start=0, end=2**62)


async def test_a_crash_while_a_file_is_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = ParquetCandleStore(tmp_path), around_december(0, 4)
    await store.add(*MARKET, rows[:2])
    await store.flush()
    await store.add(*MARKET, rows[2:])

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(Crash):
            await store.flush()

    assert await everything(ParquetCandleStore(tmp_path)) == rows[:2]
    assert await everything(store) == rows
    await store.flush()
    assert await everything(ParquetCandleStore(tmp_path)) == rows
    assert files_below(tmp_path) == ["sim/BTC-USDT/1m/2026-12.parquet"]


async def test_what_cannot_be_written_is_kept_and_the_rest_is_written(
    tmp_path: Path,
) -> None:
    store = ParquetCandleStore(tmp_path)
    (tmp_path / "sim").write_bytes(b"a file where a folder should be")
    await store.add(*MARKET, [candle(DECEMBER)])
    await store.add("kucoin", "BTC-USDT", "1m", [candle(DECEMBER)])

    with pytest.raises(StorageUnavailable, match="cannot be written"):
        await store.flush()
    assert files_below(tmp_path) == ["kucoin/BTC-USDT/1m/2026-12.parquet", "sim"]

    (tmp_path / "sim").unlink()
    await store.add(*MARKET, [candle(DECEMBER, 7.0)])
    await store.flush()
    assert await everything(ParquetCandleStore(tmp_path)) == [candle(DECEMBER, 7.0)]


async def test_candles_added_during_a_flush_are_read_and_written_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = ParquetCandleStore(tmp_path), around_december(0, 3)
    await store.add(*MARKET, rows[:2])
    loop, write = asyncio.get_running_loop(), months.write

    def write_while_another_comes(folder: Path, added: Sequence[Candle]) -> None:
        coming = store.add(*MARKET, rows[2:])
        asyncio.run_coroutine_threadsafe(coming, loop).result(10)
        asked = asyncio.run_coroutine_threadsafe(everything(store), loop)
        assert asked.result(10) == rows
        write(folder, added)

    with monkeypatch.context() as patched:
        patched.setattr(months, "write", write_while_another_comes)
        await store.flush()

    assert await everything(ParquetCandleStore(tmp_path)) == rows[:2]
    await store.flush()
    assert await everything(ParquetCandleStore(tmp_path)) == rows


@pytest.mark.parametrize("damage", ["truncated", "changed", "of other columns"])
async def test_a_damaged_file_is_not_read(tmp_path: Path, damage: str) -> None:
    store = ParquetCandleStore(tmp_path)
    await store.add(*MARKET, around_december(0, 50))
    await store.flush()
    spoil(tmp_path / "sim/BTC-USDT/1m/2026-12.parquet", damage)

    with pytest.raises(StorageUnavailable, match="if it is damaged, delete it"):
        await everything(store)


candles = st.builds(
    Candle,
    st.integers(0, 100_000).map(lambda n: NOVEMBER + n * MINUTE_MS),
    *[st.floats(1e-8, 1e8)] * 4,
    st.floats(0, 1e9),
)


@given(st.lists(st.tuples(st.lists(candles, max_size=20), st.booleans()), max_size=6))
@settings(max_examples=25, deadline=None)
def test_the_store_is_a_dictionary_by_time(plan: list[tuple[list[Candle], bool]]) -> None:
    async def run(directory: Path) -> None:
        store, model = ParquetCandleStore(directory), dict[int, Candle]()
        for rows, flush in plan:
            await store.add(*MARKET, rows)
            model |= {row.opened_at: row for row in rows}
            if flush:
                await store.flush()
        assert await everything(store) == [model[time] for time in sorted(model)]

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


class Crash(BaseException):
    """The process ends here."""


def crash(*_: object) -> None:
    raise Crash


def files_below(directory: Path) -> list[str]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return sorted(path.relative_to(directory).as_posix() for path in found)


def spoil(file: Path, damage: str) -> None:
    import polars as pl

    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "changed":
        metadata = pl.read_parquet_metadata(file)
        changed = pl.read_parquet(file).with_columns(close=pl.col("close") + 1)
        changed.write_parquet(file, metadata={"crc": metadata["crc"]})
    else:
        pl.DataFrame({"open": [1.0]}).write_parquet(file)
