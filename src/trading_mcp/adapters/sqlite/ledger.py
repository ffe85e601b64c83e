"""The journal's tables at work: what goes in goes in whole or not at all."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.chain import (
    START,
    HighWaterMark,
    chain_at,
    checked,
    digest,
    linked,
)
from trading_mcp.adapters.sqlite.checks import check
from trading_mcp.adapters.sqlite.database import Fault, checking
from trading_mcp.adapters.sqlite.schema import migrate
from trading_mcp.ports import Checkpoint

EntryT = TypeVar("EntryT")
EntryT_contra = TypeVar("EntryT_contra", contravariant=True)

_PROJECTED_AT_ONCE = 1000


class Projection(Protocol[EntryT_contra]):
    """Tables made from the entries in the entries' own transaction.

    They hold nothing of their own: where the file has them in another *version*, they are made
    anew from all entries.
    """

    version: int

    def create(self, connection: sqlite3.Connection) -> None:
        """Create the tables empty, dropping what was there."""
        ...

    def __call__(self, connection: sqlite3.Connection, entries: Sequence[EntryT_contra]) -> None:
        """Add *entries* to the tables."""
        ...


class Ledger(Generic[EntryT]):
    """The one connection that writes. Any one thread at a time may use it."""

    def __init__(
        self,
        path: Path,
        entry_type: Any,
        project: Projection[EntryT] | None,
        checkpoint: Checkpoint,
    ):
        database.make_private(path)
        check(path)
        self.seq, self._chain = 0, START
        self._project, self._checkpoint = project, checkpoint
        # Without a projection it is 0: what is added now, the tables will lack.
        self._version = project.version if project else 0
        self._encode = msgspec.json.Encoder().encode
        self._decode = decoder(entry_type)
        with checking(path, "schema"), ExitStack() as undo:
            self._connection = database.writer(path)
            undo.callback(self._connection.close)
            self._prepare(path)
            undo.pop_all()
        self._mark = HighWaterMark(path)

    def add(self, entries: Sequence[EntryT]) -> None:
        """Write *entries* behind the last one."""
        if not entries:
            return
        links = list(linked(self.seq, self._chain, map(self._readable, entries)))
        self._checkpoint("journal.before_insert")
        with self._transaction():
            rows = "INSERT INTO journal (seq, entry, chain) VALUES (?, CAST(? AS TEXT), ?)"
            self._connection.executemany(rows, links)
            if self._project:
                self._project(self._connection, entries)
            self._checkpoint("journal.before_commit")
        self.seq, _, self._chain = links[-1]
        self._mark.write(self.seq, self._chain)

    def keep(self, seq: int, state: bytes) -> None:
        """Write the snapshot *state* as of entry *seq*; drop all but it and the one before."""
        chain = digest(chain_at(self._connection, seq), state)
        with self._transaction():
            row = "INSERT OR REPLACE INTO snapshots (seq, state, chain) VALUES (?, ?, ?)"
            self._connection.execute(row, (seq, state, chain))
            self._connection.execute(
                "DELETE FROM snapshots WHERE seq NOT IN "
                "(SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)"
            )

    def project_anew(self) -> None:
        """Make the projection's tables again, from all entries."""
        with self._transaction():
            if self._project:
                self._project.create(self._connection)
                entries = (entry for _, entry in decoded(self._connection, 0, self._decode))
                while some := list(islice(entries, _PROJECTED_AT_ONCE)):
                    self._project(self._connection, some)
            self._connection.execute(f"PRAGMA user_version = {self._version:d}")

    def close(self) -> None:
        """Close the files."""
        with suppress(sqlite3.Error):  # a full disk: the write-ahead log just stays
            self._connection.close()
        self._mark.close()

    def _prepare(self, path: Path) -> None:
        migrate(self._connection)
        (last,) = self._connection.execute("SELECT max(seq) FROM journal").fetchone()
        self.seq = last or 0
        self._chain = chain_at(self._connection, self.seq)
        if self._connection.execute("PRAGMA user_version").fetchone() != (self._version,):
            with checking(path, "entries"):
                self.project_anew()

    def _readable(self, entry: EntryT) -> bytes:
        raw = self._encode(entry)
        # One that can be written but not read back (a NaN, say) would stop every later start.
        self._decode(raw)
        return raw

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled back by itself
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise


def decoder(entry_type: Any) -> Callable[[bytes], Any]:
    """Return what reads an entry of *entry_type*, a union of tagged structs."""
    return msgspec.json.Decoder(entry_type).decode


def decoded(
    connection: sqlite3.Connection, after: int, decode: Callable[[bytes], EntryT]
) -> Iterator[tuple[int, EntryT]]:
    """Read the numbered entries after entry *after*, oldest first.

    Raises:
        Fault: one is missing, is not what was written, or is of no kind that is known.
    """
    for seq, raw, _ in checked(connection, after):
        try:
            yield seq, decode(raw)
        except msgspec.DecodeError as error:
            raise Fault(f"entry {seq} cannot be read: {error}") from error
