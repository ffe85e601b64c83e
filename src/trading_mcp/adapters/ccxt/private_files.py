"""Files that only their owner may read, written whole or not at all."""

import contextlib
import os
import stat
from pathlib import Path

from trading_mcp.domain.reports import KeysRefused

LARGEST = 1 << 20


def read_private(path: Path) -> bytes:
    """Return what is in *path*. Raises KeysRefused: others may read it, or it is no plain file."""
    # A pipe of that name would be waited for, for ever.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise KeysRefused(f"{path}: no plain file of less than a megabyte; move it away")
        if found.st_mode & 0o077:
            raise KeysRefused(
                f"{path}: others may read or change it (mode {stat.S_IMODE(found.st_mode):04o}, "
                f"0600 expected). `chmod 600 {path}`, and think of who may have read it"
            )
        return os.read(file, LARGEST)
    finally:
        os.close(file)


def replace_private(path: Path, text: bytes) -> None:
    """Put *text* in place of the file, all of it and on disk, or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(draft, text)
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    _sync(path.parent)


def _write(path: Path, text: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
