"""The journal's tables, as migrations that sqlite-utils applies."""

import sqlite3
from typing import TYPE_CHECKING

from trading_mcp.adapters.sqlite.database import Fault

if TYPE_CHECKING:
    from sqlite_utils import Database


def applied(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the migrations that this file has seen; none means no tables yet.

    Raises:
        Fault: this version does not know them all.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if "_sqlite_migrations" not in tables:
        return set()
    rows = "SELECT name, id, applied_at FROM _sqlite_migrations WHERE migration_set = 'journal'"
    names = {name for name, *_ in connection.execute(rows)}
    if unknown := names - {step.__name__ for step in STEPS}:
        raise Fault(f"a newer version changed it ({', '.join(sorted(unknown))})")
    return names


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables up to date."""
    if len(applied(connection)) == len(STEPS):
        return  # without the import, which takes a moment
    from sqlite_utils import Database, Migrations

    migrations = Migrations("journal")
    for step in STEPS:
        migrations()(step)
    # Plugins that this machine has for sqlite-utils have no business in the journal.
    migrations.apply(Database(connection, execute_plugins=False))


def journal_and_snapshots(database: "Database") -> None:
    """Make the tables."""
    entry = {"seq": int, "entry": str, "chain": bytes}
    database.create_table("journal", entry, pk="seq", not_null={"entry", "chain"}, strict=True)
    state = {"seq": int, "state": bytes, "chain": bytes}
    database.create_table("snapshots", state, pk="seq", not_null={"state", "chain"}, strict=True)


STEPS = (journal_and_snapshots,)
"""Every migration there is, oldest first. One that was released is never changed again."""
