"""Users, keys and ended tokens, in a file of their own.

The server and the command line both write to it, so it does without the write-ahead log: the
fault that `database.wal_reset_warning` tells of needs one, and two programs that write.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trading_mcp.adapters.sqlite.database import checking, make_private
from trading_mcp.adapters.sqlite.versions import bring_up_to_date
from trading_mcp.domain.access import Key, Register, User
from trading_mcp.domain.errors import StorageUnavailable

if TYPE_CHECKING:
    from sqlite_utils import Database

PATIENCE_S = 5.0
"""How long a write waits for another program's."""
READ_PATIENCE_S = 0.1
"""How long reading waits; it does so in the event loop."""


class SqliteAccessStore:
    """Keeps who may come in. *wall* tells the time (UTC ms) by which ended tokens are forgotten."""

    def __init__(self, path: Path, *, wall: Callable[[], int]):
        """Open *path*; make it, for its owner only, if need be. Raises DatabaseRefused."""
        self.path, self._wall = path, wall
        self._writing = threading.Lock()
        make_private(path)
        with checking(path, "access"):
            self._writer = _opened(path, PATIENCE_S)
            self._writer.execute("PRAGMA journal_mode=DELETE")
            # What is deleted is gone from the file.
            self._writer.execute("PRAGMA secure_delete=ON")
            bring_up_to_date(self._writer, STEPS)
            self._reader = _opened(path, READ_PATIENCE_S)
            self._version, self._known = -1, self._read()
            self._version = self._current()

    def register(self) -> Register:
        """Return everybody, as of now. Returns the same object until something has changed."""
        try:
            # Counts what all other connections have written, the writer above among them.
            version = self._current()
            if version != self._version:
                self._known, self._version = self._read(), version
        except sqlite3.Error as error:
            raise StorageUnavailable(f"who may come in cannot be read: {error}") from error
        return self._known

    def put_user(self, user: User) -> None:
        """Keep *user*, in place of one of the same name."""
        self._put("users", user.name, user)

    def remove_user(self, name: str) -> None:
        """Forget a user."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM users WHERE id = ?", (name,))

    def put_key(self, key: Key) -> None:
        """Keep *key*, in place of one of the same id."""
        self._put("keys", key.id, key)

    def note_use(self, key_id: str, at: int) -> None:
        """Note when a key was used last (UTC ms)."""
        with self._transaction() as connection:
            found = connection.execute("SELECT json FROM keys WHERE id = ?", (key_id,)).fetchone()
            if found:
                key = msgspec.structs.replace(_key(found[0]), last_used_at=at)
                _put(connection, "keys", key_id, key)

    def end_token(self, token_id: str, expires_at: int) -> None:
        """Let a token count no more. It is forgotten once it has expired (UTC ms)."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM ended WHERE expires_at < ?", (self._wall(),))
            connection.execute("INSERT OR REPLACE INTO ended VALUES (?, ?)", (token_id, expires_at))

    def close(self) -> None:
        """Close the file."""
        with self._writing:
            self._writer.close()
        self._reader.close()

    def _put(self, table: str, key: str, row: User | Key) -> None:
        with self._transaction() as connection:
            _put(connection, table, key, row)

    def _current(self) -> int:
        (version,) = self._reader.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _read(self) -> Register:
        users = [_user(json) for (json,) in self._reader.execute("SELECT json FROM users")]
        keys = [_key(json) for (json,) in self._reader.execute("SELECT json FROM keys")]
        ended = self._reader.execute("SELECT id FROM ended")
        return Register(
            users={user.name: user for user in users},
            keys={key.id: key for key in keys},
            ended=frozenset(token for (token,) in ended),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                except BaseException:
                    self._writer.execute("ROLLBACK")
                    raise
                self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                raise StorageUnavailable(f"who may come in cannot be written: {error}") from error


def _opened(path: Path, patience_s: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience_s, isolation_level=None, check_same_thread=False)


def _put(connection: sqlite3.Connection, table: str, key: str, row: User | Key) -> None:
    json = msgspec.json.encode(row).decode()
    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, json))


def _user(json: str) -> User:
    return msgspec.json.decode(json, type=User)


def _key(json: str) -> Key:
    return msgspec.json.decode(json, type=Key)


def users_keys_and_ended_tokens(database: "Database") -> None:
    """Make the tables."""
    for table in ("users", "keys"):
        row: dict[str, Any] = {"id": str, "json": str}
        database.create_table(table, row, pk="id", not_null={"json"}, strict=True)
    ended: dict[str, Any] = {"id": str, "expires_at": int}
    database.create_table("ended", ended, pk="id", not_null={"expires_at"}, strict=True)


STEPS = (users_keys_and_ended_tokens,)
"""Every migration there is, oldest first. One that was released is never changed again."""
