"""Telling people what happened."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trading_mcp.domain.alerts import Channel, Delivery, KeptAlert
from trading_mcp.domain.limits import Alert, Severity


class AlertChannel(Protocol):
    """One way to reach people: by Telegram, by e-mail, by a request to their server."""

    async def check(self, channel: Channel) -> None:
        """Raise InvalidParameter if *channel* can't be used: its target must not be reached."""
        ...

    async def send(self, channel: Channel, alert: Alert, severity: Severity) -> None:
        """Tell of *alert* through *channel*, within a bounded time.

        Raises NotDelivered, whose reason holds no secrets.
        """
        ...


class AlertStore(Protocol):
    """Where alerts are remembered, with the channels and their secrets. Raises StorageUnavailable.

    What is asked of it is done in the order of the calls.
    """

    async def channels(self) -> Sequence[Channel]:
        """Return the configured channels."""
        ...

    async def keep_channel(self, channel: Channel) -> None:
        """Keep a channel in place of the one of that id."""
        ...

    async def drop_channel(self, channel_id: str) -> None:
        """Forget a channel, its secrets, and what waits for it."""
        ...

    async def keep(self, alert: Alert, deliveries: Sequence[Delivery]) -> None:
        """Keep an alert and what is to become of it; one that is known stays as it is."""
        ...

    async def keep_delivery(self, delivery: Delivery) -> None:
        """Keep what has become of a delivery."""
        ...

    async def waiting(self) -> Sequence[tuple[Alert, Delivery]]:
        """Return what has not been delivered and is still tried, oldest first."""
        ...

    async def alerts(
        self,
        *,
        limit: int,
        before: tuple[int, str] | None = None,
        acknowledged: bool | None = None,
    ) -> Sequence[KeptAlert]:
        """Return alerts, the newest first.

        *before* begins after the alert of that time (UTC ms) and id: the next page.
        """
        ...

    async def acknowledge(self, alert_id: str, at: int) -> bool:
        """Note that somebody has seen an alert at *at* (wall time, UTC ms); False: no such alert.

        The first time counts.
        """
        ...

    async def marks(self) -> Mapping[str, int]:
        """Return the named times (UTC ms) that were kept."""
        ...

    async def keep_mark(self, name: str, at: int) -> None:
        """Keep a named time."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...
