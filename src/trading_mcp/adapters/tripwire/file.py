"""The file that stops trading: whoever can write to the data directory can pull it."""

import contextlib
import os
import re
from pathlib import Path

from trading_mcp.domain.errors import StorageUnavailable

KILL = "KILL"
"""The file's name, in the data directory."""

_LONGEST = 200
"""Characters of a reason. Anybody may have written the file, so it is cut and cleaned."""
_READ = 1024
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class FileTripwire:
    """Tripped while the file at *path* exists, or cannot be asked for."""

    def __init__(self, path: Path):
        self._path = path
        self._unwritten: str | None = None

    def reason(self) -> str | None:
        """Return why it was tripped, or None. Costs a stat; never raises."""
        if self._unwritten is not None:
            return self._unwritten
        try:
            os.stat(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:  # nobody knows whether it is there: in doubt it is tripped
            return f"{self._name} cannot be asked for: {error.strerror}"
        return self._told()

    def trip(self, reason: str) -> None:
        """Write the file, whole and on disk; the reason of an earlier one stays.

        Trips this object even if the file cannot be written. On a full disk the file has no
        reason in it.

        Raises:
            StorageUnavailable: the file is not there.
        """
        told = cleaned(reason) or "no reason given"
        try:
            self._write(told)
        except OSError as error:
            self._unwritten = told
            raise StorageUnavailable(f"{self._path} cannot be written: {error.strerror}") from error

    def clear(self) -> None:
        """Remove the file.

        Raises:
            StorageUnavailable: it is still there, or may be.
        """
        try:
            self._path.unlink(missing_ok=True)
            _sync(self._path.parent)
        except OSError as error:
            raise StorageUnavailable(f"{self._path} cannot be removed: {error.strerror}") from error
        self._unwritten = None

    @property
    def _name(self) -> str:
        return f"the file {self._path.name}"

    def _told(self) -> str:
        first = _beginning(self._path).decode(errors="replace").strip().partition("\n")[0]
        return cleaned(first) or f"{self._name} exists"

    def _write(self, reason: str) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            _write_whole(draft, reason)
            # A link, not a rename: what was there first keeps its reason.
            with contextlib.suppress(FileExistsError):
                os.link(draft, self._path)
        except OSError:
            # No space, or no links here: an empty file stops trading as well.
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        _sync(self._path.parent)


def cleaned(text: str) -> str:
    """Return *text* on one line, without what would steer a terminal, and not too long."""
    return " ".join(_UNSEEN.sub(" ", text).split())[:_LONGEST]


def _beginning(path: Path) -> bytes:
    """Return what the file begins with; nothing if it cannot be read."""
    try:
        # A pipe of that name would be waited for, for ever.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(file, _READ)
    except OSError:
        return b""
    finally:
        os.close(file)


def _write_whole(path: Path, text: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(f"{text}\n")
        opened.flush()
        os.fsync(opened.fileno())


def _sync(directory: Path) -> None:
    """Make the directory's entries durable."""
    file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
