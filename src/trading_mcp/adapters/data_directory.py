"""The data directory's lock: one server at a time, and where the others find it."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

LOCK = "server.lock"

_SIZE = 1024
"""What is written is this long, always, so that nobody reads half of it."""
_TRIES, _PAUSE_SECONDS = 10, 0.02
"""Somebody who only looks holds the lock too, for some microseconds."""


class DataDirectoryInUse(Exception):
    """Another server holds the data directory."""

    def __init__(self, directory: Path, holder: dict[str, Any]):
        pid, gateway = holder.get("pid", "?"), holder.get("gateway") or "not known yet"
        super().__init__(
            f"The data directory {directory} is in use by the server with process id {pid} "
            f"(gateway: {gateway}). Stop that one, or give this one a directory of its own with "
            "--data-dir."
        )
        self.directory = directory
        self.holder = holder


class DataDirectoryLock:
    """Holds *directory*, which it makes if need be, until the process ends, however it ends."""

    def __init__(self, directory: Path):
        """Take the lock.

        Raises:
            DataDirectoryInUse: another server has it.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A bare descriptor, which nobody closes: the lock lasts as long as the process.
        self._file = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not _taken(self._file):
            holder = _read(self._file)
            os.close(self._file)
            raise DataDirectoryInUse(directory, holder)
        self.announce()

    def announce(
        self, *, gateway: str | None = None, rest: str | None = None, mcp: str | None = None
    ) -> None:
        """Tell whoever finds the directory locked where the server answers."""
        content = {"pid": os.getpid(), "gateway": gateway, "rest": rest, "mcp": mcp}
        os.pwrite(self._file, json.dumps(content).encode().ljust(_SIZE), 0)

    def release(self) -> None:
        """Let go before the process ends."""
        os.close(self._file)


def running_server(data_dir: Path) -> dict[str, Any] | None:
    """Return what the server that holds *data_dir* announced, or None if nobody holds it."""
    try:
        file = os.open(data_dir / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return None if _locks(file, fcntl.LOCK_SH) else _read(file)
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    for _ in range(_TRIES):
        if _locks(file, fcntl.LOCK_EX):
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _locks(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(os.pread(file, _SIZE, 0))
    except ValueError:
        return {}  # its holder has only just taken it
    return content
