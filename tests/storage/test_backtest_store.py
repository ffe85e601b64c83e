"""Runs over history in their file."""

from pathlib import Path

import pytest

from trading_mcp.adapters.sqlite.backtests import LOST, PORTION, SqliteBacktests
from trading_mcp.domain.backtests import KeptRun

CURVE = [{"timestamp": "2025-10-01T00:00:00Z", "equity": 0.1 + 0.2, "buy_and_hold": 1e-9}]


def run(number: int, **fields) -> KeptRun:
    report = {"metrics": {"total_pnl": 0.1 * 3, "sharpe_ratio": None}, "equity_curve": CURVE}
    told = {"status": "completed", "report": report, **fields}
    return KeptRun(id=f"bt_{number:03}", at=number, inputs={"symbol": "DOGE-USDT"}, **told)


def trades(count: int) -> list[dict]:
    return [{"pnl": number / 7, "reason": "stop_loss"} for number in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backtests.sqlite"


async def test_a_run_is_read_as_it_was_kept_by_another_process_too(path: Path):
    first = SqliteBacktests(path)
    await first.keep(run(1), trades(3))
    await first.close()
    second = SqliteBacktests(path)

    assert await second.run("bt_001") == run(1)
    assert await second.trades("bt_001", start=0, limit=10) == trades(3)
    assert await second.run("bt_002") is None
    await second.close()


@pytest.mark.parametrize(
    ("start", "limit"), [(0, 1), (PORTION - 1, 2), (PORTION, PORTION), (1, 3 * PORTION), (9999, 5)]
)
async def test_a_page_of_trades_is_what_it_is_of_all(path: Path, start: int, limit: int):
    store, whole = SqliteBacktests(path), trades(2 * PORTION + 7)
    await store.keep(run(1), whole)

    assert await store.trades("bt_001", start=start, limit=limit) == whole[start : start + limit]
    await store.close()


async def test_the_newest_come_first_without_their_curves(path: Path):
    store = SqliteBacktests(path)
    for number in range(5):
        await store.keep(run(number))
    first = await store.runs(limit=2)
    rest = await store.runs(limit=9, before=(first[-1].at, first[-1].id))

    assert [one.id for one in (*first, *rest)] == [f"bt_{n:03}" for n in (4, 3, 2, 1, 0)]
    assert "equity_curve" not in first[0].report
    await store.close()


async def test_the_oldest_of_too_many_are_forgotten_with_their_trades(path: Path):
    store = SqliteBacktests(path, kept=3, kept_trades=25)
    for number in range(5):
        await store.keep(run(number), trades(10))

    assert [one.id for one in await store.runs(limit=9)] == ["bt_004", "bt_003"]
    assert await store.trades("bt_002", start=0, limit=9) == []
    await store.keep(run(9), trades(100))
    assert [one.id for one in await store.runs(limit=9)] == ["bt_009"]
    assert len(await store.trades("bt_009", start=0, limit=200)) == 100
    await store.close()


async def test_what_ran_when_the_server_stopped_has_failed(path: Path):
    store = SqliteBacktests(path)
    await store.keep(run(1, status="queued", report={}))
    await store.keep(run(2))
    await store.close()
    again = SqliteBacktests(path)

    lost = await again.run("bt_001")
    assert lost is not None
    assert (lost.status, lost.error, lost.code) == ("failed", LOST, "INTERNAL_ERROR")
    assert await again.run("bt_002") == run(2)
    await again.close()
