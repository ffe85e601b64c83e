"""The journal keeps what it is handed, in order, and answers when it is on disk."""

import asyncio
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.adapters.sqlite.journal import SqliteJournal
from trading_mcp.domain.errors import StorageUnavailable

Open = Callable[..., SqliteJournal[Any]]


class Step(msgspec.Struct, frozen=True, tag=True):
    number: int


class Measured(msgspec.Struct, frozen=True, tag=True):
    value: float


Story = Step | Measured


class Gate:
    """A checkpoint at which the writer waits until it is opened."""

    def __init__(self, name: str):
        self.name, self.reached, self.opened = name, threading.Event(), threading.Event()

    def __call__(self, name: str) -> None:
        if name == self.name:
            self.reached.set()
            assert self.opened.wait(10)


async def test_what_was_appended_is_read_back_in_order(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)

    await asyncio.gather(*(journal.append(n, [Step(n)]) for n in range(1, 101)))
    await journal.append(101, [Step(101), Measured(0.5)])

    assert list(journal.entries(98)) == [
        (99, Step(99)),
        (100, Step(100)),
        (101, Step(101)),
        (102, Measured(0.5)),
    ]


async def test_a_journal_goes_on_where_it_ended(tmp_path: Path, open_journal: Open) -> None:
    first = open_journal(tmp_path / "journal.db", Story)
    await first.append(1, [Step(1), Step(2)])
    await first.close()

    second = open_journal(tmp_path / "journal.db", Story)
    assert second.last_seq == 2
    await second.append(3, [Step(3)])

    assert [entry for _, entry in second.entries(0)] == [Step(1), Step(2), Step(3)]


@pytest.mark.parametrize("seq", [0, 1, 3])
async def test_a_number_that_does_not_follow_is_refused(
    tmp_path: Path, open_journal: Open, seq: int
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)
    await journal.append(1, [Step(1)])

    with pytest.raises(ValueError, match=f"has number 2, not {seq}"):
        journal.append(seq, [Step(2)])


async def test_what_comes_while_the_writer_is_busy_is_one_commit(
    tmp_path: Path, open_journal: Open
) -> None:
    gate, commits = Gate("journal.before_commit"), list[Sequence[Step]]()
    journal = open_journal(
        tmp_path / "journal.db", Story, checkpoint=gate, on_commit=commits.append
    )
    first = journal.append(1, [Step(1)])
    await asyncio.to_thread(gate.reached.wait)

    others = [journal.append(n, [Step(n)]) for n in range(2, 52)]
    gate.opened.set()
    await asyncio.gather(first, *others)

    assert commits == [[Step(1)], [Step(n) for n in range(2, 52)]]


async def test_nothing_is_answered_or_told_before_it_is_committed(
    tmp_path: Path, open_journal: Open
) -> None:
    gate, told = Gate("journal.before_commit"), list[Step]()
    journal = open_journal(tmp_path / "journal.db", Story, checkpoint=gate, on_commit=told.extend)

    answer = journal.append(1, [Step(1)])
    await asyncio.to_thread(gate.reached.wait)
    before = (answer.done(), list(told), list(journal.entries(0)))
    gate.opened.set()
    await answer

    assert before == (False, [], [])
    assert told == [Step(1)]


async def test_facts_are_told_before_those_who_wait_for_them_go_on(
    tmp_path: Path, open_journal: Open
) -> None:
    order: list[str] = []
    journal = open_journal(
        tmp_path / "journal.db", Story, on_commit=lambda entries: order.append("told")
    )

    await journal.append(1, [Step(1)])
    order.append("answered")

    assert order == ["told", "answered"]


async def test_the_steps_of_a_commit_are_named_in_order(tmp_path: Path, open_journal: Open) -> None:
    names: list[str] = []
    journal = open_journal(tmp_path / "journal.db", Story, checkpoint=names.append)

    await journal.append(1, [Step(1), Step(2)])

    assert names == ["journal.before_insert", "journal.before_commit", "journal.committed"]


async def test_nothing_to_append_is_answered_after_all_before_it(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)

    earlier = journal.append(1, [Step(1)])
    await journal.append(2, [])

    assert earlier.done()
    assert journal.last_seq == 1


async def test_closing_writes_what_is_in_line(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)

    answers = [journal.append(n, [Step(n)]) for n in range(1, 21)]
    await journal.close()
    await asyncio.gather(*answers)

    assert len(list(open_journal(tmp_path / "journal.db", Story).entries(0))) == 20


async def test_a_closed_journal_takes_nothing_and_can_be_closed_again(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)
    await journal.close()
    await journal.close()

    with pytest.raises(StorageUnavailable, match="closed"):
        await journal.append(1, [Step(1)])
    with pytest.raises(StorageUnavailable, match="closed"):
        await journal.keep_snapshot(0, b"")
    assert not journal.healthy


async def test_the_last_snapshot_is_found_and_two_are_kept(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)
    assert journal.snapshot() is None

    for n in range(1, 5):
        await journal.append(n, [Step(n)])
        await journal.keep_snapshot(n, b"state %d" % n)

    assert journal.snapshot() == (4, b"state 4")
    kept = sqlite3.connect(tmp_path / "journal.db")
    assert kept.execute("SELECT seq FROM snapshots ORDER BY seq").fetchall() == [(3,), (4,)]
    kept.close()


async def test_a_snapshot_of_what_is_not_written_is_refused(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)

    with pytest.raises(StorageUnavailable, match="entry 7 is missing"):
        await journal.keep_snapshot(7, b"state")

    await journal.append(1, [Step(1)])
    assert journal.healthy


async def test_an_entry_that_could_not_be_read_back_is_not_written(
    tmp_path: Path, open_journal: Open
) -> None:
    journal = open_journal(tmp_path / "journal.db", Story)
    await journal.append(1, [Measured(1.5)])

    with pytest.raises(StorageUnavailable, match="float"):
        await journal.append(2, [Measured(float("nan"))])

    assert not journal.healthy
    assert list(journal.entries(0)) == [(1, Measured(1.5))]


async def test_only_the_owner_can_read_the_files(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal(tmp_path / "data" / "journal.db", Story)
    await journal.append(1, [Step(1)])

    modes = modes_below(tmp_path)
    assert modes.pop("data") == 0o700
    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db-mark"}
    assert set(modes.values()) == {0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(
    tmp_path: Path, open_journal: Open
) -> None:
    os.close(os.open(tmp_path / "journal.db", os.O_CREAT, 0o644))

    open_journal(tmp_path / "journal.db", Story)

    assert modes_below(tmp_path)["journal.db"] == 0o600


def modes_below(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*")}


batches = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12)


@given(batches)
@settings(max_examples=25, deadline=None)
def test_snapshot_and_tail_are_the_whole(plan: list[tuple[int, bool, bool]]) -> None:
    """Whatever is appended, with snapshots and restarts in between, folds to the same state."""

    async def run(path: Path) -> None:
        journal, total = SqliteJournal[Story](path, Story), 0
        for size, snapshot, restart in plan:
            entries = [Step(journal.last_seq + 1 + i) for i in range(size)]
            total += sum(step.number for step in entries)
            await journal.append(journal.last_seq + 1, entries)
            if snapshot:
                await journal.keep_snapshot(journal.last_seq, str(total).encode())
            if restart:
                await journal.close()
                journal = SqliteJournal(path, Story)
        seq, state = journal.snapshot() or (0, b"0")
        assert int(state) + total_of(journal, seq) == total == total_of(journal, 0)
        await journal.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory) / "journal.db"))


def total_of(journal: SqliteJournal[Story], after: int) -> int:
    return sum(entry.number for _, entry in journal.entries(after) if isinstance(entry, Step))
