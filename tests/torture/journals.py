"""What the engine believes, read from its journal without its help."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.ledger import decoded, decoder
from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import EXTERNAL, Fill, Order, OrderStatus
from trading_mcp.domain.positions import Position
from trading_mcp.engine.state import State

_DEAD: frozenset[OrderStatus] = frozenset({"rejected", "abandoned"})


class Journal:
    """The entries so far, and what they add up to."""

    def __init__(self, entries: Sequence[e.AnyEntry]):
        self.entries = entries

    @cached_property
    def state(self) -> State:
        """What the entries add up to."""
        state = State()
        for entry in self.entries:
            state.apply(entry)
        return state

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Every order of ours, by its client id, as it was last known."""
        return {order.client_id: order for order in self._versions()}

    @cached_property
    def fills(self) -> list[Fill]:
        """Every trade of ours that was booked."""
        return [entry.fill for entry in self.entries if isinstance(entry, e.FillBooked)]

    @cached_property
    def positions(self) -> list[Position]:
        """The open positions."""
        return list(self.state.positions.values())

    @property
    def undecided(self) -> list[Order]:
        """Orders whose outcome, or whose cancel's outcome, is not known."""
        return [
            order
            for order in self.orders.values()
            if order.status in ("approved", "unknown") or (order.working and order.cancelling)
        ]

    @cached_property
    def once_unknown(self) -> set[str]:
        """The client ids of orders that were unknown at some time."""
        return {order.client_id for order in self._versions() if order.status == "unknown"}

    @cached_property
    def revived(self) -> set[str]:
        """The client ids of orders that were taken for dead and were not."""
        statuses: dict[str, list[OrderStatus]] = defaultdict(list)
        for order in self._versions():
            statuses[order.client_id].append(order.status)
        return {oid for oid, told in statuses.items() if _DEAD & {*told} and told[-1] not in _DEAD}

    def alerts(self, *triggers: str) -> list[str]:
        """Return what the alerts of these triggers say."""
        raised = (entry.alert for entry in self.entries if isinstance(entry, e.AlertRaised))
        return [
            f"{alert.trigger}: {alert.message}" for alert in raised if alert.trigger in triggers
        ]

    def _versions(self) -> Iterable[Order]:
        kinds = e.OrderApproved | e.OrderChanged | e.FillBooked
        orders = (entry.order for entry in self.entries if isinstance(entry, kinds))
        return [order for order in orders if order.owner != EXTERNAL]


def read_journal(directory: Path) -> Journal:
    """Read what is on disk, also while a server writes there."""
    with closing(database.reader(directory / "engine.sqlite")) as connection:
        return Journal([entry for _, entry in decoded(connection, 0, decoder(e.AnyEntry))])
