"""A program that appends to a journal until it is killed, and prints each number once answered.

Its arguments are the journal's path, the name of a checkpoint, and how often that one is passed
before the program kills itself there ("never" is a name that is never passed).
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

    def __init__(self, name: str, times: int):
        self.name, self.times = name, times

    def __call__(self, name: str) -> None:
        self.times -= name == self.name
        if self.times < 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def append_for_ever(path: Path, death: Death) -> None:
    """Append from many tasks at once, with a snapshot now and then."""
    journal = SqliteJournal[Step](path, Step, checkpoint=death)

    async def append_some() -> None:
        while True:
            number = journal.last_seq + 1
            await journal.append(number, [Step(number)])
            os.write(1, b"%d\n" % number)
            if number % 50 == 0:
                await journal.keep_snapshot(number, b"%d" % number)

    await asyncio.gather(*(append_some() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(append_for_ever(Path(sys.argv[1]), Death(sys.argv[2], int(sys.argv[3]))))
