"""One account at one exchange, and what stops all orders to it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.reports import OrderReport, VenueReport


class Venue(Protocol):
    """One account at one exchange."""

    async def submit(self, order: ApprovedOrder) -> str:
        """Send *order*; return the venue's own id once it is accepted.

        Raises VenueRefused only when the venue said for certain that nothing will trade. Any
        other exception, a time-out included, leaves the outcome unknown.
        """
        ...

    async def cancel(self, symbol: str, client_id: str) -> None:
        """Ask to cancel. What became of the order is in its report, not in this answer."""
        ...

    async def order(self, symbol: str, client_id: str) -> OrderReport | None:
        """Return the order as the venue has it, or None if it has never heard of it."""
        ...

    async def open_orders(self) -> Sequence[OrderReport]:
        """Return every order that may still trade, ours or not."""
        ...

    async def fills(self, symbol: str, client_id: str) -> Sequence[Fill]:
        """Return all fills of one order."""
        ...

    async def fills_since(self, since: int) -> Sequence[Fill]:
        """Return all fills of the account since *since* (UTC ms), oldest first, ours or not."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Return what the account holds."""
        ...

    async def holdings(self) -> Sequence[Holding]:
        """Return the account's perpetual positions, one per symbol."""
        ...

    async def account_reports(self, since: int) -> Sequence[VenueReport]:
        """Return funding, liquidations and transfers since *since* (UTC ms), oldest first."""
        ...

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens to the account, as it happens. May repeat or drop reports."""
        ...

    async def hold_deadline(self, seconds: float | None) -> None:
        """Let the exchange cancel what rests there unless this is called again within *seconds*.

        None ends it. Raises NotOffered where the exchange has no such switch.
        """
        ...


class Tripwire(Protocol):
    """A kill switch outside of everything that may be stuck: asked before each order leaves."""

    def reason(self) -> str | None:
        """Return why it was tripped, or None. Quick, and never raises: in doubt it is tripped."""
        ...

    def clear(self) -> None:
        """Set it up again. Raises StorageUnavailable if that fails."""
        ...
