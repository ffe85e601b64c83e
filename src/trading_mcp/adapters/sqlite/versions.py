"""Tables that change with the versions of this program: steps that sqlite-utils takes once each."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trading_mcp.adapters.sqlite.database import Fault

if TYPE_CHECKING:
    from sqlite_utils import Database

Step = Callable[["Database"], None]


def bring_up_to_date(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Take the *steps* that this file has not seen. One that was released is never changed again.

    Raises:
        Fault: a newer version has taken steps that this one does not know.
    """
    if _taken(connection, steps) == len(steps):
        return  # without the import, which takes a moment
    from sqlite_utils import Database

    # Plugins that this machine has for sqlite-utils have no business here.
    database = Database(connection, execute_plugins=False)
    connection.execute("BEGIN IMMEDIATE")
    # Asked again: two programs may have come to a new file at once.
    for step in steps[_taken(connection, steps) :]:
        step(database)
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute("COMMIT")


def _taken(connection: sqlite3.Connection, steps: Sequence[Step]) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise Fault(f"a newer version changed it (to {version}, and this one knows {len(steps)})")
    return int(version)
