"""Alerts, the channels that they leave by, and what became of each, in a file of their own.

The channels' secrets stand in it as they were given: nothing else may read the file, and nothing
else in the data directory holds them.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from trading_mcp.adapters.sqlite.database import checking, writer
from trading_mcp.adapters.sqlite.versions import bring_up_to_date
from trading_mcp.domain.alerts import Channel, Delivery, KeptAlert
from trading_mcp.domain.errors import StorageUnavailable
from trading_mcp.domain.limits import Alert

if TYPE_CHECKING:
    from sqlite_utils import Database

T = TypeVar("T")
KEPT = 10_000
"""Alerts that are remembered; of more, the oldest are forgotten."""
_PRUNE_EVERY = 100


class SqliteAlerts:
    """Keeps alerts and channels. Everything is done by one thread, in the order of the calls."""

    def __init__(self, path: Path):
        """Open *path*; make it, for its owner only, if need be. Raises DatabaseRefused."""
        with checking(path, "alerts"):
            self._connection = writer(path)
            # What is deleted is gone from the file: it may have been a password.
            self._connection.execute("PRAGMA secure_delete = ON")
            bring_up_to_date(self._connection, STEPS)
        self._thread = ThreadPoolExecutor(1, "alerts")
        self._since_pruned = _PRUNE_EVERY

    async def channels(self) -> Sequence[Channel]:
        """Return the configured channels."""
        rows = await self._do(_asked("SELECT json FROM channels ORDER BY id"))
        return [msgspec.json.decode(json, type=Channel) for (json,) in rows]

    async def keep_channel(self, channel: Channel) -> None:
        """Keep a channel in place of the one of that id."""
        json = msgspec.json.encode(channel).decode()
        await self._do(_asked("INSERT OR REPLACE INTO channels VALUES (?, ?)", channel.id, json))
        await self._do(_asked("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def drop_channel(self, channel_id: str) -> None:
        """Forget a channel, its secrets, and what waits for it."""
        await self._do(_asked("DELETE FROM channels WHERE id = ?", channel_id))
        gone = "DELETE FROM deliveries WHERE channel = ? AND waiting"
        await self._do(_asked(gone, channel_id))
        await self._do(_asked("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def keep(self, alert: Alert, deliveries: Sequence[Delivery]) -> None:
        """Keep an alert and what is to become of it; one that is known stays as it is."""

        def insert(connection: sqlite3.Connection) -> None:
            row = (alert.id, alert.at, msgspec.json.encode(alert).decode())
            connection.execute("BEGIN")
            connection.execute("INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, NULL)", row)
            for delivery in deliveries:
                connection.execute(
                    "INSERT OR IGNORE INTO deliveries VALUES (?, ?, ?, ?)", _row(delivery)
                )
            self._prune(connection)
            connection.execute("COMMIT")

        await self._do(insert)

    async def keep_delivery(self, delivery: Delivery) -> None:
        """Keep what has become of a delivery."""
        await self._do(
            _asked("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?)", *_row(delivery))
        )

    async def waiting(self) -> Sequence[tuple[Alert, Delivery]]:
        """Return what has not been delivered and is still tried, oldest first."""
        query = (
            "SELECT alerts.json, deliveries.json FROM deliveries JOIN alerts ON id = alert_id "
            "WHERE waiting ORDER BY at, id"
        )
        rows = await self._do(_asked(query))
        return [(_alert(alert), _delivery(delivery)) for alert, delivery in rows]

    async def alerts(
        self,
        *,
        limit: int,
        before: tuple[int, str] | None = None,
        acknowledged: bool | None = None,
    ) -> Sequence[KeptAlert]:
        """Return alerts, the newest first; only what comes after *before*."""
        terms = ["true"]
        if before is not None:
            terms.append("(at, id) < (?, ?)")
        if acknowledged is not None:
            terms.append(f"acknowledged_at IS {'NOT ' * acknowledged}NULL")
        query = (
            "SELECT json, acknowledged_at, "
            "(SELECT group_concat(json) FROM deliveries WHERE alert_id = id) "
            f"FROM alerts WHERE {' AND '.join(terms)} ORDER BY at DESC, id DESC LIMIT ?"
        )
        rows = await self._do(_asked(query, *(before or ()), max(limit, 0)))
        return [
            KeptAlert(
                alert=_alert(json),
                acknowledged_at=seen_at,
                deliveries=msgspec.json.decode(f"[{told or ''}]", type=tuple[Delivery, ...]),
            )
            for json, seen_at, told in rows
        ]

    async def acknowledge(self, alert_id: str, at: int) -> bool:
        """Note that somebody has seen an alert; False: no such alert. The first time counts."""
        seen = "UPDATE alerts SET acknowledged_at = coalesce(acknowledged_at, ?) WHERE id = ?"
        await self._do(_asked(seen, at, alert_id))
        return bool(await self._do(_asked("SELECT 1 FROM alerts WHERE id = ?", alert_id)))

    async def marks(self) -> Mapping[str, int]:
        """Return the named times that were kept."""
        return dict(await self._do(_asked("SELECT name, at FROM marks")))

    async def keep_mark(self, name: str, at: int) -> None:
        """Keep a named time."""
        await self._do(_asked("INSERT OR REPLACE INTO marks VALUES (?, ?)", name, at))

    async def close(self) -> None:
        """Write what is left and close."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._done, work)

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StorageUnavailable(
                f"the alerts cannot be read or written: {error}",
                hint="Is the disk full? Free space; the server goes on by itself.",
            ) from error

    def _prune(self, connection: sqlite3.Connection) -> None:
        self._since_pruned += 1
        if self._since_pruned < _PRUNE_EVERY:
            return
        self._since_pruned = 0
        old = "SELECT id FROM alerts ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?"
        connection.execute(f"DELETE FROM deliveries WHERE alert_id IN ({old})", (KEPT,))
        connection.execute(f"DELETE FROM alerts WHERE id IN ({old})", (KEPT,))


def _asked(query: str, *values: int | str) -> Callable[[sqlite3.Connection], list[tuple[Any, ...]]]:
    return lambda connection: connection.execute(query, values).fetchall()


def _row(delivery: Delivery) -> tuple[str, str, str, bool]:
    json = msgspec.json.encode(delivery).decode()
    return delivery.alert_id, delivery.channel, json, delivery.status == "waiting"


def _alert(json: str) -> Alert:
    return msgspec.json.decode(json, type=Alert)


def _delivery(json: str) -> Delivery:
    return msgspec.json.decode(json, type=Delivery)


def alerts_channels_and_marks(database: "Database") -> None:
    """Make the tables."""
    channel: dict[str, Any] = {"id": str, "json": str}
    database.create_table("channels", channel, pk="id", not_null={"json"}, strict=True)
    alert: dict[str, Any] = {"id": str, "at": int, "json": str, "acknowledged_at": int}
    database.create_table("alerts", alert, pk="id", not_null={"at", "json"}, strict=True)
    database.table("alerts").create_index(["at", "id"])
    delivery: dict[str, Any] = {"alert_id": str, "channel": str, "json": str, "waiting": int}
    whole = {"json", "waiting"}
    database.create_table(
        "deliveries", delivery, pk=("alert_id", "channel"), not_null=whole, strict=True
    )
    mark: dict[str, Any] = {"name": str, "at": int}
    database.create_table("marks", mark, pk="name", not_null={"at"}, strict=True)


STEPS = (alerts_channels_and_marks,)
"""Every step there is, oldest first. One that was released is never changed again."""
