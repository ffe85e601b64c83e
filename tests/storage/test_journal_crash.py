"""Whatever moment the process is killed at, what was answered is there, and nothing is missing."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading_mcp.adapters.sqlite.journal import SqliteJournal

Open = Callable[..., SqliteJournal[Any]]
PROGRAM = Path(__file__).with_name("appending.py")


class Step(msgspec.Struct, frozen=True, tag=True):
    number: int


async def test_killed_at_any_time_it_holds_all_that_was_answered(
    tmp_path: Path, open_journal: Open
) -> None:
    answered: list[int] = []
    for lines in (1, 100, 333, 1000):
        answered += killed_after(lines, tmp_path / "journal.db")

        journal = open_journal(tmp_path / "journal.db", Step)
        numbers = [entry.number for _, entry in journal.entries(0)]
        seq, state = journal.snapshot() or (0, b"0")
        await journal.close()

        assert set(answered) <= set(numbers)
        assert numbers == list(range(1, len(numbers) + 1))
        assert int(state) == seq
    assert len(answered) == len(set(answered)) >= 1434


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ("journal.before_insert", [1]),
        ("journal.before_commit", [1]),
        ("journal.committed", [1, 2]),
    ],
)
async def test_killed_at_a_step_it_holds_just_what_was_committed(
    tmp_path: Path, open_journal: Open, step: str, kept: list[int]
) -> None:
    answered = killed_at(step, tmp_path / "journal.db")

    numbers = [entry.number for _, entry in open_journal(tmp_path / "journal.db", Step).entries(0)]

    assert answered == [1]
    assert numbers == kept


def killed_after(lines: int, path: Path) -> list[int]:
    """Let the program answer so many appends, kill it, and return all that it answered."""
    with started(path, tasks=8, step="never") as program:
        assert program.stdout
        read = [int(program.stdout.readline()) for _ in range(lines)]
        program.kill()
        # What is still in the pipe was answered too.
        return read + [int(line) for line in program.stdout.read().splitlines()]


def killed_at(step: str, path: Path) -> list[int]:
    with started(path, tasks=1, step=step) as program:
        answered = [int(line) for line in program.communicate()[0].splitlines()]
    assert program.returncode == -signal.SIGKILL
    return answered


def started(path: Path, *, tasks: int, step: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(PROGRAM), str(path), str(tasks), step]
    return subprocess.Popen(command, stdout=subprocess.PIPE)
