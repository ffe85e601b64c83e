"""The machine: its Python, its SQLite."""

import platform
import sqlite3
from collections.abc import Iterator

from trading_mcp.adapters.sqlite.database import wal_reset_warning
from trading_mcp.app.doctor.findings import Finding, ok, warn


def machine() -> Iterator[Finding]:
    """Look at what everything runs on."""
    yield ok("machine.python", f"{platform.python_implementation()} {platform.python_version()}")
    yield sqlite(sqlite3.sqlite_version_info)


def sqlite(version: tuple[int, int, int]) -> Finding:
    """Say whether SQLite *version* has the fault in its write-ahead log."""
    check, found = "machine.sqlite", f"SQLite {'.'.join(map(str, version))}"
    if wal_reset_warning(version) is None:
        return ok(check, found)
    return warn(
        check,
        f"{found} can damage a database that two programs write to at once",
        expected="SQLite 3.51.3 or newer",
        do="let no other program write to the data directory while the server runs",
    )
