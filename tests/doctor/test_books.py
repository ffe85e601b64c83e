"""Books that the configuration does not fit are found before a server refuses them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.entries import (
    AnyEntry,
    ExchangeJoined,
    Founded,
    KillSwitchChanged,
    TradingHalted,
)
from trading_mcp.domain.limits import KillSwitch

HOUR_MS = 3_600_000
KUCOIN = ("exchanges.sim.enabled=false", 'scalping.exchange="kucoin"')
Keep = Callable[..., Awaitable[None]]


@pytest.fixture
def keep(data_dir: Path) -> Keep:
    """A function that writes entries into the data directory's journal."""

    async def keeping(*entries: AnyEntry) -> None:
        journal: SqliteJournal[AnyEntry] = SqliteJournal(data_dir / "engine.sqlite", AnyEntry)
        await journal.append(1, entries)
        await journal.close()

    return keeping


def joined(exchange: str, source: str, at: int = 1000) -> tuple[Any, ...]:
    founded = Founded(at=at, installation="0123abcd")
    return founded, ExchangeJoined(at=at, exchange=exchange, source=source)


@pytest.mark.parametrize(
    ("exchange", "source", "settings"),
    [("sim", "simulated", ()), ("kucoin", "paper", ('exchanges.kucoin.mode="paper"', *KUCOIN))],
)
async def test_books_of_the_configured_account_are_well(
    examined, wrong, keep: Keep, exchange: str, source: str, settings: tuple[str, ...]
) -> None:
    await keep(*joined(exchange, source))

    found = await examined(*settings, offline=True)

    assert wrong(found) == {}
    assert found["books.held"].found == "0 positions, 0 working orders"


async def test_books_of_another_account_are_found(examined, wrong, keep: Keep) -> None:
    await keep(*joined("kucoin", "paper"))

    found = await examined(
        'exchanges.kucoin.mode="live"',
        "exchanges.kucoin.max_exposure_usd=100",
        *KUCOIN,
        offline=True,
    )

    assert wrong(found) == {"books.kucoin": "fail", "exchanges.kucoin.keys": "fail"}
    assert "of a paper account, the configuration says live" in found["books.kucoin"].found


async def test_books_from_the_future_are_found(examined, wrong, keep: Keep) -> None:
    await keep(*joined("sim", "simulated", at=SystemClock().wall() + HOUR_MS))

    alone = await examined()
    with_kucoin = await examined('exchanges.kucoin.mode="paper"', *KUCOIN, offline=True)

    assert wrong(alone) == {}
    assert wrong(with_kucoin) == {"books.time": "fail"}


async def test_what_keeps_it_from_trading_is_told(examined, wrong, keep: Keep) -> None:
    switch = KillSwitch(reason="enough", principal="ada", activated_at=1000)
    await keep(
        *joined("sim", "simulated"),
        KillSwitchChanged(at=2000, switch=switch, principal="ada"),
        TradingHalted(at=2000, asset="sim:BTC", reason="0.1 BTC are not explained"),
    )

    found = await examined()

    assert wrong(found) == {"books.kill_switch": "warn", "books.halted.sim:BTC": "warn"}
    assert found["books.kill_switch"].found == "it is on: enough"


async def test_looking_changes_nothing(examined, keep: Keep, data_dir: Path) -> None:
    await keep(*joined("sim", "simulated"))
    before = contents(data_dir)

    await examined()

    after = contents(data_dir)
    assert {name: after[name] for name in before} == before
    # What SQLite needs to read a journal; both are empty or made anew by the next who opens it.
    assert {*after} - {*before} <= {"engine.sqlite-wal", "engine.sqlite-shm"}


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}
