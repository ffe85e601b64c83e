"""A program that appends to a journal until it is killed, and prints each number once answered.

Its arguments are the journal's path, how many tasks append at once, and the name of a checkpoint
where the program kills itself when it comes there for the second time.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from trading_mcp.adapters.sqlite.journal import SqliteJournal


class Step(msgspec.Struct, frozen=True, tag=True):
    """An entry that holds its own number."""

    number: int


class Death:
    """A checkpoint that kills the process as only kill -9 does."""

    def __init__(self, name: str):
        self.name, self.passes_left = name, 1

    def __call__(self, name: str) -> None:
        self.passes_left -= name == self.name
        if self.passes_left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def append_for_ever(path: Path, tasks: int, death: Death) -> None:
    """Append from many tasks at once, with a snapshot now and then."""
    journal = SqliteJournal[Step](path, Step, checkpoint=death)

    async def append_some() -> None:
        while True:
            number = journal.last_seq + 1
            await journal.append(number, [Step(number)])
            os.write(1, b"%d\n" % number)
            if number % 50 == 0:
                await journal.keep_snapshot(number, b"%d" % number)

    await asyncio.gather(*(append_some() for _ in range(tasks)))


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1]), int(sys.argv[2]), Death(sys.argv[3])))
