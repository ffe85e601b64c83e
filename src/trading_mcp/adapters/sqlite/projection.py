"""The history's tables, made from the journal: orders, closed positions and fills."""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.adapters.sqlite.ledger import Ledger
from trading_mcp.domain.entries import (
    AnyEntry,
    FillBooked,
    FundingBooked,
    OrderAdopted,
    OrderApproved,
    OrderChanged,
    PositionChanged,
)
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.positions import Position

BODY = {"json": str, "crc": int}
TABLES: dict[str, dict[str, type]] = {
    "orders": {"id": str, "exchange": str, "symbol": str, "status": str, "created_at": int, **BODY},
    "positions": {"id": str, "closed_at": int, **BODY},
    "fills": {"exchange": str, "symbol": str, "trade_id": str, "at": int, **BODY},
}
INDEXES = (
    ("orders", ("created_at", "id")),
    ("orders", ("symbol", "created_at", "id")),
    ("positions", ("closed_at", "id")),
    ("fills", ("at",)),
    ("fills", ("symbol", "at")),
)

_ORDER = """
    INSERT INTO orders (id, exchange, symbol, status, created_at, json, crc)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE
    SET status = excluded.status, json = excluded.json, crc = excluded.crc
"""
_POSITION = "INSERT OR REPLACE INTO positions (id, closed_at, json, crc) VALUES (?, ?, ?, ?)"
_REOPENED = "DELETE FROM positions WHERE id = ?"
_FILL = """
    INSERT OR IGNORE INTO fills (exchange, symbol, trade_id, at, json, crc)
    VALUES (?, ?, ?, ?, ?, ?)
"""

_encode = msgspec.json.Encoder().encode


class HistoryProjection:
    """Keeps the newest state of every order, every closed position, and every fill.

    A change of the tables needs a new *version*, and nothing else: they are made anew.
    """

    version = 1

    def create(self, connection: sqlite3.Connection) -> None:
        """Create the tables empty, dropping what was there."""
        from sqlite_utils import Database

        database = Database(connection, execute_plugins=False)
        for name, columns in TABLES.items():
            database.table(name).drop(ignore=True)
            pk = "id" if "id" in columns else None
            database.create_table(name, columns, pk=pk, not_null=set(columns), strict=True)
        database.table("fills").create_index(["exchange", "symbol", "trade_id"], unique=True)
        for name, index in INDEXES:
            database.table(name).create_index(index)

    def __call__(self, connection: sqlite3.Connection, entries: Sequence[AnyEntry]) -> None:
        """Add *entries* to the tables."""
        orders, positions = _orders(entries), _positions(entries)
        closed = [p for p in positions.values() if p.closed_at is not None and not p.is_open]
        reopened = positions.keys() - {position.id for position in closed}
        connection.executemany(_ORDER, map(_order_row, orders.values()))
        connection.executemany(_POSITION, [(p.id, p.closed_at, *_body(p)) for p in closed])
        connection.executemany(_REOPENED, [(name,) for name in reopened])
        connection.executemany(_FILL, map(_fill_row, _fills(entries)))


def rebuild(path: Path) -> None:
    """Make the tables in the journal at *path* anew; no server may have it open.

    Raises:
        DatabaseRefused: the journal is not whole.
    """
    ledger = Ledger[AnyEntry](path, AnyEntry, HistoryProjection(), lambda name: None)
    ledger.project_anew()
    ledger.close()


def crc(json: str) -> int:
    """Return the checksum that stands beside *json*."""
    return zlib.crc32(json.encode())


def _orders(entries: Iterable[AnyEntry]) -> dict[str, Order]:
    kinds = OrderApproved | OrderAdopted | OrderChanged | FillBooked
    return {entry.order.id: entry.order for entry in entries if isinstance(entry, kinds)}


def _positions(entries: Iterable[AnyEntry]) -> dict[str, Position]:
    return {position.id: position for entry in entries for position in _positions_in(entry)}


def _positions_in(entry: AnyEntry) -> Sequence[Position]:
    match entry:
        case FillBooked(position=Position() as position) | PositionChanged(position=position):
            return (position,)
        case FundingBooked(positions=positions):
            return positions
        case _:
            return ()


def _fills(entries: Iterable[AnyEntry]) -> Iterator[Fill]:
    return (entry.fill for entry in entries if isinstance(entry, FillBooked))


def _order_row(order: Order) -> tuple[Any, ...]:
    key = (order.id, order.exchange, order.symbol, order.status, order.created_at)
    return (*key, *_body(order))


def _fill_row(fill: Fill) -> tuple[Any, ...]:
    return (fill.exchange, fill.symbol, fill.trade_id, fill.at, *_body(fill))


def _body(value: msgspec.Struct) -> tuple[str, int]:
    json = _encode(value).decode()
    return json, crc(json)
