"""The data directory: may it be written, who holds it, is what is in it whole."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trading_mcp.adapters.sqlite.checks import check
from trading_mcp.adapters.sqlite.database import DatabaseRefused
from trading_mcp.adapters.tripwire import KILL, FileTripwire
from trading_mcp.app.doctor.findings import Finding, fail, ok, warn

_MB = 1_000_000
LEAST_MB, GOOD_MB = 100, 1_000
"""Free space without which the journal will soon stop, and with which it will not."""


def directory(path: Path, running: dict[str, Any] | None) -> Iterator[Finding]:
    """Look at the data directory; *running* is the server that holds it."""
    yield writable(path)
    if path.exists():
        yield private(path)
    yield space(shutil.disk_usage(existing(path)).free // _MB)
    yield holder(path, running)
    yield tripwire(path)
    for database in sorted(path.glob("*.sqlite")):
        yield whole(database)


def writable(path: Path) -> Finding:
    """Write a file there, if the directory exists; else look where it would be made."""
    name, do = "data_dir.writable", "make it its user's, or name another with --data-dir"
    if not path.exists():
        above = existing(path)
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            return ok(name, f"{path} does not exist yet; the first start makes it")
        return fail(name, f"{path} cannot be made in {above}", do=do)
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"written")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return fail(name, f"{path}: {error.strerror}", expected="a directory to write in", do=do)
    return ok(name, str(path))


def private(path: Path) -> Finding:
    """Say whether others may read what is in the directory."""
    name, mode = "data_dir.private", stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        found = f"others may look into {path} (mode {mode:04o})"
        return warn(name, found, expected="mode 0700", do=f"chmod 700 {path}")
    return ok(name, f"mode {mode:04o}")


def space(free_mb: int) -> Finding:
    """Say whether *free_mb* megabytes are enough for the journal."""
    name, found = "data_dir.space", f"{free_mb:,} MB free"
    if free_mb < LEAST_MB:
        return fail(name, found, expected=f"{LEAST_MB} MB at least", do="make room on that disk")
    if free_mb < GOOD_MB:
        return warn(name, found, expected=f"{GOOD_MB:,} MB", do="make room on that disk soon")
    return ok(name, found)


def holder(path: Path, running: dict[str, Any] | None) -> Finding:
    """Say who holds the directory."""
    if running is None:
        return ok("data_dir.lock", "no server holds it")
    where = running.get("gateway") or running.get("rest") or running.get("mcp")
    return warn(
        "data_dir.lock",
        f"process {running.get('pid', '?')} holds {path} ({where or 'it is starting'})",
        do="to start another server, stop that one first, or name another --data-dir",
    )


def tripwire(path: Path) -> Finding:
    """Say whether the file is there that stops trading."""
    if (reason := FileTripwire(path / KILL).reason()) is None:
        return ok("data_dir.kill", "trading is not stopped by a file")
    return warn(
        "data_dir.kill",
        f"{path / KILL}: {reason}",
        do="it stops trading until the kill switch is turned off over REST",
    )


def whole(database: Path) -> Finding:
    """Check one database from end to end, without changing it."""
    name = f"data_dir.{database.name}"
    try:
        check(database)
    except DatabaseRefused as error:
        return fail(name, str(error), do="the server refuses to start on it: docs/operations.md")
    return ok(name, f"whole ({database.stat().st_size / _MB:,.1f} MB)")


def existing(path: Path) -> Path:
    """Return *path* or the nearest folder above it that exists."""
    whole_path = path.absolute()
    with contextlib.suppress(OSError):
        return next(place for place in (whole_path, *whole_path.parents) if place.exists())
    return Path("/")
