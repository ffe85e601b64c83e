"""A damaged journal is refused, by name of the check, unless the damage changes nothing."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.sqlite.database import DatabaseRefused, wal_reset_warning
from trading_mcp.adapters.sqlite.history import SqliteHistory
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.adapters.sqlite.projection import HistoryProjection
from trading_mcp.domain.entries import AnyEntry
from trading_mcp.domain.errors import StorageUnavailable

Open = Callable[..., SqliteJournal[Any]]
Story = tuple[Any, ...]

TRADES = 150


@pytest.fixture
async def whole(tmp_path: Path, open_journal: Open, samples: Any) -> tuple[Path, Story]:
    """A closed journal with snapshots and history, and all that can be read from it."""
    path = tmp_path / "whole" / "journal.db"
    journal = open_journal(path, AnyEntry, project=HistoryProjection())
    for n in range(1, TRADES + 1):
        position = samples.closed(id=f"pos_{n}", closed_at=n)
        entry = samples.booked(position, trade_id=f"t{n}", client_id=f"{n}", at=n)
        await journal.append(n, [entry])
        if n % 40 == 0:
            await journal.keep_snapshot(n, b"state %d" % n * 100)
    await journal.close()
    return path, await told_by(path)


async def told_by(path: Path) -> Story:
    """Open the journal and read everything."""
    journal = SqliteJournal[AnyEntry](path, AnyEntry, project=HistoryProjection())
    history = SqliteHistory(path)
    try:
        return (
            journal.snapshot(),
            list(journal.entries(0)),
            await history.positions(limit=TRADES + 1),
            await history.orders(limit=TRADES + 1, symbol="BTC-USDT"),
            await history.fills(limit=TRADES + 1, exchange="sim"),
        )
    finally:
        await history.close()
        await journal.close()


async def becomes_of(path: Path, story: Story) -> str:
    """Say what a damaged journal does: it is the same, refused, or (never) silently different."""
    try:
        return "the same" if await told_by(path) == story else "different"
    except DatabaseRefused as refusal:
        return refusal.check
    except StorageUnavailable:
        return "refused by the history"


@pytest.mark.parametrize(
    ("seed", "flips"), [(1, 100), pytest.param(2, 1500, marks=pytest.mark.slow)]
)
async def test_a_flipped_bit_is_refused_or_changes_nothing(
    tmp_path: Path, whole: tuple[Path, Story], seed: int, flips: int
) -> None:
    path, story = whole
    image, chance, outcomes = path.read_bytes(), random.Random(seed), Counter[str]()

    for _ in range(flips):
        damaged = flipped(image, chance)
        outcomes[await becomes_of(copied(path, tmp_path / "copy", damaged), story)] += 1

    assert "different" not in outcomes
    assert {"integrity", "chain"} <= outcomes.keys()


async def test_a_truncated_file_is_never_taken_for_whole(
    tmp_path: Path, whole: tuple[Path, Story]
) -> None:
    path, story = whole
    image = path.read_bytes()

    for size in range(0, len(image), len(image) // 50):
        outcome = await becomes_of(copied(path, tmp_path / "copy", image[:size]), story)
        assert outcome in ("integrity", "schema", "chain", "mark", "refused by the history")


async def test_a_damaged_write_ahead_log_is_refused_or_changes_nothing(
    tmp_path: Path, open_journal: Open, samples: Any
) -> None:
    path = tmp_path / "crashed" / "journal.db"
    journal = open_journal(path, AnyEntry, project=HistoryProjection())
    for n in range(1, 31):
        await journal.append(n, [samples.booked(trade_id=f"t{n}", client_id=f"{n}", at=n)])
    log = path.with_name("journal.db-wal")
    story = await told_by(copied(path, tmp_path / "copy"))

    chance, outcomes = random.Random(3), Counter[str]()
    for _ in range(100):
        copy = copied(path, tmp_path / "copy")
        (copy.parent / log.name).write_bytes(damaged_log(log.read_bytes(), chance))
        outcomes[await becomes_of(copy, story)] += 1

    assert outcomes.keys() <= {"the same", "mark"}
    assert outcomes["mark"] > 50


async def test_without_its_mark_a_journal_is_taken_as_it_is(whole: tuple[Path, Story]) -> None:
    path, story = whole
    path.with_name("journal.db-mark").unlink()

    assert await becomes_of(path, story) == "the same"


async def test_an_older_copy_in_its_place_is_refused_until_the_mark_is_deleted(
    tmp_path: Path, whole: tuple[Path, Story], samples: Any
) -> None:
    path, story = whole
    older = path.read_bytes()
    journal = SqliteJournal[AnyEntry](path, AnyEntry, project=HistoryProjection())
    await journal.append(journal.last_seq + 1, [samples.booked(trade_id="later")])
    await journal.close()
    path.write_bytes(older)

    with pytest.raises(DatabaseRefused, match=r"entry 151 was written and is gone.*delete .*-mark"):
        await told_by(path)
    path.with_name("journal.db-mark").unlink()
    assert await told_by(path) == story


CHANGES = {
    "chain": "UPDATE journal SET entry = replace(entry, '60000.2', '60000.3') WHERE seq = 77",
    "chain ": "DELETE FROM journal WHERE seq = 77",
    "chain  ": "DELETE FROM journal WHERE seq = 1",
    "mark": "DELETE FROM journal WHERE seq = 150",
    "snapshot": "UPDATE snapshots SET state = x'00' WHERE seq = 120",
    "snapshot ": "UPDATE snapshots SET seq = 119 WHERE seq = 120",
    "schema": "INSERT INTO _sqlite_migrations VALUES (9, 'journal', 'from_the_future', '')",
    "schema ": "DELETE FROM _sqlite_migrations",
}


@pytest.mark.parametrize("check", CHANGES)
async def test_a_change_by_hand_is_refused_and_left_as_it_is(
    whole: tuple[Path, Story], check: str
) -> None:
    path, _ = whole
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(CHANGES[check])
    before = path.read_bytes()

    with pytest.raises(DatabaseRefused, match=f"the {check.strip()} check failed") as refused:
        await told_by(path)

    assert refused.value.check == check.strip()
    assert path.read_bytes() == before


async def test_an_entry_of_a_kind_unknown_here_is_refused_when_it_is_read(
    tmp_path: Path, open_journal: Open
) -> None:
    await open_journal(tmp_path / "journal.db", Later).append(1, [Later(1)])

    with pytest.raises(DatabaseRefused, match="entry 1 cannot be read"):
        list(open_journal(tmp_path / "journal.db", AnyEntry).entries(0))


async def test_something_else_than_a_database_is_refused(
    tmp_path: Path, open_journal: Open
) -> None:
    (tmp_path / "journal.db").write_bytes(b"To be, or not to be " * 100)

    with pytest.raises(DatabaseRefused, match="not a database"):
        open_journal(tmp_path / "journal.db", AnyEntry)


@pytest.mark.parametrize(
    ("version", "warned"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_a_sqlite_with_the_wal_reset_fault_is_warned_of(
    version: tuple[int, int, int], warned: bool
) -> None:
    assert bool(wal_reset_warning(version)) == warned


class Later(msgspec.Struct, frozen=True, tag_field="entry", tag=True):
    """An entry that only a later version knows."""

    number: int


def copied(path: Path, to: Path, image: bytes | None = None) -> Path:
    """Copy a journal as a crash would leave it, with *image* for the database's content."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(path.parent, to, ignore=shutil.ignore_patterns("*-shm"))
    if image is not None:
        (to / path.name).write_bytes(image)
    return to / path.name


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def damaged_log(log: bytes, chance: random.Random) -> bytes:
    return flipped(log, chance) if chance.random() < 0.5 else log[: chance.randrange(len(log))]
