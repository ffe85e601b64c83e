"""Opening SQLite files: one connection writes, the others only read."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 2.0
"""How long a connection waits for a foreign tool's lock before it gives up."""

WAL_RESET_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
_WAL_RESET_INTRODUCED = (3, 7, 0)


_REPAIR = (
    "Nothing was changed. Copy the whole directory away first; then repair it, restore a backup, "
    "or name another with --data-dir."
)


class Fault(Exception):
    """What a check found."""


class DatabaseRefused(Exception):
    """A database that must not be traded on: *check* is the check that failed."""

    def __init__(self, path: Path, check: str, found: str, advice: str = _REPAIR):
        super().__init__(f"{path}: the {check} check failed: {found}. {advice}")
        self.path = path
        self.check = check


@contextmanager
def checking(path: Path, check: str) -> Iterator[None]:
    """Refuse *path* if what is done here finds a fault, or SQLite does."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:  # a damaged name ends up in the message
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            advice = "Close the program that holds it, and start again."
            raise DatabaseRefused(path, "lock", str(error), advice) from error
        raise DatabaseRefused(path, check, str(error)) from error
    except Fault as fault:
        raise DatabaseRefused(path, check, str(fault)) from fault


def writer(path: Path) -> sqlite3.Connection:
    """Open *path* for the one connection that writes; make it, for its owner only, if need be.

    What that connection commits is on disk. Any one thread at a time may use it.
    """
    make_private(path)
    connection = _connect(path, "rwc")
    for pragma in ("synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON"):
        connection.execute(f"PRAGMA {pragma}")
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise Fault(f"this file system allows only the {mode} mode")
    return connection


def reader(path: Path) -> sqlite3.Connection:
    """Open *path* for reading only. Any one thread at a time may use the connection."""
    return _connect(path, "ro")


def wal_reset_warning(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str | None:
    """Say what to beware of if this SQLite has the WAL-reset fault.

    The fault needs two connections that write or checkpoint; we have one, so only a foreign tool
    that writes to the file while the server runs can bring it about.
    """
    fixed = any(fix <= version and fix[:2] == version[:2] for fix in WAL_RESET_FIXED)
    if fixed or version >= WAL_RESET_FIXED[-1] or version < _WAL_RESET_INTRODUCED:
        return None
    found = ".".join(map(str, version))
    return (
        f"SQLite {found} can damage a database that two programs write to at once (fixed in "
        "3.51.3): do not let other tools write to the data directory while the server runs"
    )


def make_private(path: Path) -> None:
    """Make the file and its directory, for their owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)  # SQLite gives its -wal and -shm files the same


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
