"""What is checked before a journal is trusted. Nothing is changed by it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.chain import chain_at, check_mark, checked, digest
from trading_mcp.adapters.sqlite.database import Fault, checking
from trading_mcp.adapters.sqlite.schema import applied


def check(path: Path) -> None:
    """Check the journal at *path* from end to end.

    Raises:
        DatabaseRefused: naming the check that failed.
    """
    # A reader cannot so much as tidy up: whatever it finds stays as evidence.
    with closing(database.reader(path)) as connection:
        with checking(path, "integrity"):
            _integrity(connection)
        with checking(path, "schema"):
            steps = applied(connection)
        if steps:
            _check_content(path, connection)
        with checking(path, "mark"):
            check_mark(connection, path)


def _check_content(path: Path, connection: sqlite3.Connection) -> None:
    with checking(path, "chain"):
        for _ in checked(connection, after=0):
            pass
    with checking(path, "snapshot"):
        for seq, state, chain in connection.execute("SELECT seq, state, chain FROM snapshots"):
            if digest(chain_at(connection, seq), state) != chain:
                raise Fault(f"the snapshot at entry {seq} is not what was written")


def _integrity(connection: sqlite3.Connection) -> None:
    found = [text for (text,) in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise Fault("; ".join(found))
