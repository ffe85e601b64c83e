"""The hash chain that runs through the journal, and the mark beside it of how far it went."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from trading_mcp.adapters.sqlite.database import Fault

START = bytes(32)
"""The chain before the first entry."""

Link = tuple[int, bytes, bytes]
"""An entry's number, its bytes, and the chain up to and including it."""


def digest(chain: bytes, data: bytes) -> bytes:
    """Return the chain after *data*."""
    return sha256(chain + data).digest()


def linked(seq: int, chain: bytes, entries: Iterable[bytes]) -> Iterator[Link]:
    """Number and chain *entries*, which follow entry *seq* with its *chain*."""
    for number, entry in enumerate(entries, seq + 1):
        chain = digest(chain, entry)
        yield number, entry, chain


def checked(connection: sqlite3.Connection, after: int) -> Iterator[Link]:
    """Read the entries after entry *after*, oldest first, and check each against the chain.

    Raises:
        Fault: an entry is missing or not what was written.
    """
    expected, chain = after, chain_at(connection, after)
    for seq, entry, found in connection.execute(
        "SELECT seq, CAST(entry AS BLOB), chain FROM journal WHERE seq > ? ORDER BY seq", (after,)
    ):
        expected += 1
        if seq != expected:
            raise Fault(f"entry {expected} is missing, the next one is {seq}")
        chain = digest(chain, entry)
        if chain != found:
            raise Fault(f"entry {seq} is not what was written")
        yield seq, entry, chain


def chain_at(connection: sqlite3.Connection, seq: int) -> bytes:
    """Return the chain up to and including entry *seq*.

    Raises:
        Fault: there is no such entry.
    """
    if seq == 0:
        return START
    row = connection.execute("SELECT chain FROM journal WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise Fault(f"entry {seq} is missing")
    return bytes(row[0])


class HighWaterMark:
    """A small file beside the journal that says how far it went.

    SQLite drops the damaged end of a write-ahead log without a word, and an old backup looks
    whole. The mark gives both away. It costs no fsync of its own: it is written after the commit,
    so it can fall behind the journal (by a power cut) but never be ahead of it.
    """

    def __init__(self, journal: Path):
        self.path = journal.with_name(f"{journal.name}-mark")
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)

    def write(self, seq: int, chain: bytes) -> None:
        """Note that entry *seq* is on disk."""
        # The entry is safe already: a mark that stays behind only sees less.
        with suppress(OSError):
            os.pwrite(self._file, seq.to_bytes(8, "big") + chain, 0)

    def close(self) -> None:
        """Close the file, its content on disk."""
        with suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)


def check_mark(connection: sqlite3.Connection, journal: Path) -> None:
    """Check that *journal* still holds all that its mark says.

    Raises:
        Fault: it does not.
    """
    mark = journal.with_name(f"{journal.name}-mark")
    noted = mark.read_bytes() if mark.exists() else b""
    if not noted.strip(b"\0"):
        return  # a new journal, or one copied without its mark
    seq, chain = int.from_bytes(noted[:8], "big"), noted[8:]
    try:
        found = chain_at(connection, seq)
    except (Fault, OverflowError, sqlite3.OperationalError):
        found = b""
    if found != chain:
        raise Fault(
            f"entry {seq} was written and is gone or changed (if you put an older copy in place "
            f"on purpose, delete {mark})"
        )
