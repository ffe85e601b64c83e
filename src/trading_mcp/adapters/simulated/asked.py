"""What the matching account must know of an order, whoever asks for it."""

from decimal import Decimal
from typing import Protocol

from trading_mcp.domain.orders import OrderType, Side


class Asked(Protocol):
    """An order as it is asked for: ours are approved ones, those of other people need not be.

    *amount* is in base, *price* and *stop_price* in quote per base.
    """

    @property
    def client_id(self) -> str:
        """Unique among all orders of the account."""
        ...

    @property
    def symbol(self) -> str:
        """The market's."""
        ...

    @property
    def side(self) -> Side:
        """Whether it buys or sells."""
        ...

    @property
    def type(self) -> OrderType:
        """What makes it trade."""
        ...

    @property
    def amount(self) -> Decimal:
        """How much."""
        ...

    @property
    def price(self) -> Decimal | None:
        """Its limit."""
        ...

    @property
    def stop_price(self) -> Decimal | None:
        """Where a stop begins to trade."""
        ...

    @property
    def reduce_only(self) -> bool:
        """Whether it may only make a position smaller."""
        ...

    @property
    def leverage(self) -> int:
        """Of a perpetual position that it opens."""
        ...
