"""What one exchange's private side must be able to do, in its own way, to be traded on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.refusals import Refusals
from trading_mcp.domain.accounts import Balance, Holding
from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.reports import OrderReport, VenueReport


class Traded(msgspec.Struct, frozen=True):
    """A trade of an order that the exchange calls *venue_id*; its fill has no client id yet."""

    venue_id: str
    fill: Fill


class PrivateSide(Protocol):
    """One account at one exchange. Everything raises AskFailed where the answer is in doubt.

    *fence_ms*: how long after it was sent an order may still be accepted.
    """

    refusals: Refusals
    fence_ms: int

    def params(self, order: ApprovedOrder, listed: Listed) -> Mapping[str, Any]:
        """Return what ccxt's create_order is told of *order* besides its usual words."""
        ...

    def learn(self, venue_id: str, client_id: str) -> None:
        """Remember what the exchange calls an order."""
        ...

    async def cancel(self, listed: Listed, client_id: str) -> None:
        """Cancel an order, wherever it is kept; one that is gone stays so."""
        ...

    async def find(self, listed: Listed, client_id: str) -> OrderReport | None:
        """Return an order, None if the exchange said for certain that it has none."""
        ...

    async def working(self) -> Sequence[OrderReport]:
        """Return every order that may still trade."""
        ...

    async def trades_of(self, listed: Listed, venue_id: str) -> Sequence[Traded]:
        """Return all trades of one order."""
        ...

    async def trades_since(self, since: int) -> Sequence[Traded]:
        """Return the account's trades since *since* (UTC ms)."""
        ...

    async def client_id(self, listed: Listed, venue_id: str) -> str:
        """Return what we call an order."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Return what all wallets hold together."""
        ...

    async def holdings(self) -> Sequence[Holding]:
        """Return the perpetual positions."""
        ...

    async def moved_since(self, since: int) -> Sequence[VenueReport]:
        """Return funding, liquidations and transfers since *since* (UTC ms)."""
        ...

    def reports(self) -> AsyncIterator[VenueReport]:
        """Yield what happens; raise when the stream breaks."""
        ...

    async def set_switch(self, seconds: float | None) -> None:
        """Set the dead man's switch; raise NotOffered where there is none."""
        ...
