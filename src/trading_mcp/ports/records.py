"""What was decided and what came of it, durably."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.positions import Position

EntryT = TypeVar("EntryT")

Checkpoint = Callable[[str], None]
"""Called with the name of each step of an order's life, so that a test can stop there."""


class Journal(Protocol, Generic[EntryT]):
    """A durable list of entries. What `append` has answered survives a power cut."""

    def append(self, first_seq: int, entries: Sequence[EntryT]) -> Awaitable[None]:
        """Add *entries*, numbered from *first_seq*, without a gap; done when they are on disk.

        Entries are written in the order of the calls, many calls in one commit. On failure the
        awaitable raises; the entries stay first in line and are written when the disk allows.
        """
        ...

    def snapshot(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot and the number of the last entry it contains."""
        ...

    def entries(self, after: int) -> Iterator[tuple[int, EntryT]]:
        """Yield the numbered entries after *after*, oldest first."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether the last write succeeded. While it is False, nothing may be sent."""
        ...

    async def keep_snapshot(self, seq: int, state: bytes) -> None:
        """Store the state as of entry *seq*, so that a start need not read what came before."""
        ...

    async def close(self) -> None:
        """Write what is left and close."""
        ...


class History(Protocol):
    """What was: closed positions and ended orders, kept as long as the data directory."""

    async def positions(
        self, *, limit: int, start: int | None = None, end: int | None = None
    ) -> Sequence[Position]:
        """Return closed positions, the newest first, that closed in [start, end) (UTC ms)."""
        ...

    async def orders(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
        before: tuple[int, str] | None = None,
    ) -> Sequence[Order]:
        """Return orders of any status, the newest first.

        *before* begins after the order of that creation time (UTC ms) and id: the next page.
        """
        ...

    async def order(self, order_id: str) -> Order | None:
        """Return one order."""
        ...

    async def orders_called(self, order_ids: Collection[str]) -> Sequence[Order]:
        """Return the orders with these ids."""
        ...

    async def fills(
        self,
        *,
        limit: int,
        exchange: str | None = None,
        symbol: str | None = None,
        before: tuple[str, str, str] | None = None,
    ) -> Sequence[Fill]:
        """Return fills, the newest first.

        *before* begins after the fill of that exchange, symbol and trade id: the next page.
        """
        ...
