"""A full disk and a foreign lock stop what must be written, never lose it, and heal."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.database import DatabaseRefused
from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.errors import StorageUnavailable

Open = Callable[..., SqliteJournal[Any]]


class Step(msgspec.Struct, frozen=True, tag=True):
    number: int
    text: str = ""


class Told:
    """What was told, and an event for the moment when it is as many as are expected."""

    def __init__(self, expected: int):
        self.entries: list[Step] = []
        self.expected, self.all = expected, asyncio.Event()

    def __call__(self, entries: Sequence[Step]) -> None:
        self.entries.extend(entries)
        if len(self.entries) >= self.expected:
            self.all.set()


class Lock:
    """Another program that holds the database."""

    def __init__(self, path: Path):
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("BEGIN EXCLUSIVE")

    def release(self) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)


async def test_a_full_disk_refuses_at_once_and_heals_in_order(
    tmp_path: Path, open_journal: Open, largest_file: Callable[[int], None]
) -> None:
    told = Told(expected=3)
    journal = open_journal(tmp_path / "journal.db", Step, on_commit=told)
    await journal.append(1, [Step(1)])

    largest_file((tmp_path / "journal.db-wal").stat().st_size)
    with pytest.raises(StorageUnavailable, match="journal cannot be written"):
        await journal.append(2, [Step(2, "x" * 10_000)])
    meanwhile = journal.append(3, [Step(3)])
    found = (journal.healthy, type(meanwhile.exception()), len(told.entries))
    largest_file(resource.RLIM_INFINITY)
    await told.all.wait()
    await journal.append(4, [Step(4)])

    assert found == (False, StorageUnavailable, 1)
    assert journal.healthy
    assert [step.number for step in told.entries] == [1, 2, 3, 4]
    assert [entry.number for _, entry in journal.entries(0)] == [1, 2, 3, 4]


async def test_what_a_full_disk_refused_is_not_there_after_a_restart(
    tmp_path: Path, open_journal: Open, largest_file: Callable[[int], None]
) -> None:
    journal = open_journal(tmp_path / "journal.db", Step)
    await journal.append(1, [Step(1)])
    largest_file((tmp_path / "journal.db-wal").stat().st_size)
    with pytest.raises(StorageUnavailable):
        await journal.append(2, [Step(2, "x" * 10_000)])

    with pytest.raises(StorageUnavailable, match="before all was written"):
        await journal.close()
    largest_file(resource.RLIM_INFINITY)

    assert list(open_journal(tmp_path / "journal.db", Step).entries(0)) == [(1, Step(1))]


async def test_a_disk_that_is_full_at_every_size_loses_no_answered_entry(
    tmp_path: Path, open_journal: Open, largest_file: Callable[[int], None]
) -> None:
    path, answered, refused = tmp_path / "journal.db", list[int](), 0
    for size in range(0, 160_000, 6_007):
        largest_file(resource.RLIM_INFINITY)
        journal = open_journal(path, Step)
        assert set(answered) <= {entry.number for _, entry in journal.entries(0)}
        largest_file(size)
        for number in range(journal.last_seq + 1, journal.last_seq + 4):
            try:
                await journal.append(number, [Step(number, "x" * 3_000)])
            except StorageUnavailable:
                refused += 1
            else:
                answered.append(number)
        with suppress(StorageUnavailable):
            await journal.close()

    assert len(answered) > 20
    assert refused > 20


async def test_a_lock_shorter_than_the_patience_is_waited_out(
    tmp_path: Path, open_journal: Open
) -> None:
    inserting = threading.Event()
    journal = open_journal(tmp_path / "journal.db", Step, checkpoint=lambda name: inserting.set())
    lock = Lock(tmp_path / "journal.db")

    answer = journal.append(1, [Step(1)])
    await asyncio.to_thread(inserting.wait)
    lock.release()
    await answer

    assert journal.healthy


@pytest.mark.usefixtures("impatient")
async def test_a_longer_lock_refuses_and_heals(tmp_path: Path, open_journal: Open) -> None:
    told = Told(expected=2)
    journal = open_journal(tmp_path / "journal.db", Step, on_commit=told)
    lock = Lock(tmp_path / "journal.db")

    with pytest.raises(StorageUnavailable, match="locked"):
        await journal.append(1, [Step(1)])
    later = journal.append(2, [Step(2)])
    lock.release()
    await told.all.wait()

    assert isinstance(later.exception(), StorageUnavailable)
    assert journal.healthy
    assert list(journal.entries(0)) == [(1, Step(1)), (2, Step(2))]


@pytest.mark.usefixtures("impatient")
async def test_a_locked_journal_is_not_opened(tmp_path: Path, open_journal: Open) -> None:
    await open_journal(tmp_path / "journal.db", Step).close()
    lock = Lock(tmp_path / "journal.db")

    # Only when the file has to be changed does the lock matter: here, for the new projection.
    with pytest.raises(DatabaseRefused, match=r"lock check failed.*Close the program"):
        open_journal(tmp_path / "journal.db", Step, project=Counted())
    lock.release()


async def test_a_projection_that_fails_takes_its_entries_back(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Step, project=Counted(refuses=2))
    await journal.append(1, [Step(1)])

    with pytest.raises(StorageUnavailable, match="cannot count"):
        await journal.append(2, [Step(2)])

    assert list(journal.entries(0)) == [(1, Step(1))]


class Counted:
    """A projection that counts entries."""

    version = 1

    def __init__(self, refuses: int | None = None):
        self.refuses = refuses

    def create(self, connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE counted (number)")

    def __call__(self, connection: sqlite3.Connection, entries: Sequence[Step]) -> None:
        connection.executemany("INSERT INTO counted VALUES (?)", [(e.number,) for e in entries])
        if any(entry.number == self.refuses for entry in entries):
            raise ValueError("cannot count that")
