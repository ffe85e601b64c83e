"""Orders, as they are asked for and as the exchange has them."""

from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill, OrderType, Side

Product = Literal["spot", "futures"]
State = Literal["waiting", "open", "done"]
"""An order waits for its stop, can trade, or can trade no more."""


class Refusal(Exception):
    """What KuCoin says no with: its code, its words, and the HTTP status they come with."""

    def __init__(self, code: str, message: str, status: int = 200):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An order as somebody asks for it.

    *size* is in base; *funds*, instead, is what a market order may spend in quote. *stop* says
    which way the price has to go to *stop_price*: down for "loss" and "down". *cancel_after* is in
    seconds, 0 for never. An order without *client_oid* was placed by hand.
    """

    product: Product
    symbol: str
    side: Side
    type: Literal["market", "limit"]
    size: Decimal | None
    client_oid: str = ""
    funds: Decimal | None = None
    price: Decimal | None = None
    stop: Literal["", "loss", "entry", "up", "down"] = ""
    stop_price: Decimal | None = None
    stop_price_type: str = ""
    time_in_force: str = "GTC"
    post_only: bool = False
    hidden: bool = False
    iceberg: bool = False
    visible_size: str = "0"
    cancel_after: int = 0
    reduce_only: bool = False
    close_order: bool = False
    leverage: int = 1
    margin_mode: str = "ISOLATED"
    remark: str | None = None

    @property
    def falls(self) -> bool:
        """Whether a falling price triggers it."""
        return self.stop in ("loss", "down")


class ByHand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that somebody places at the exchange itself, without a client id.

    *amount* is in base. With *stop*, it waits until the price falls ("loss", "down") or rises
    ("entry", "up") to *stop_price*.
    """

    symbol: str
    side: Side
    type: Literal["market", "limit"]
    amount: float
    price: float | None = None
    stop: Literal["", "loss", "entry", "up", "down"] = ""
    stop_price: float | None = None
    reduce_only: bool = False
    leverage: int = 1


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What of an order the matching account is given."""

    client_id: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    reduce_only: bool
    leverage: int
    stop_price: Decimal | None = None


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange has it. Times are UTC ms.

    *triggered* says that its stop was reached, *follows* which stop order it came out of.
    """

    id: str
    wish: Wish
    created_at: int
    updated_at: int
    state: State = "open"
    size: Decimal = ZERO
    cancelled: bool = False
    triggered: bool = False
    follows: str = ""
    reason: str = ""
    fills: tuple[Fill, ...] = ()

    @property
    def filled(self) -> Decimal:
        """What has traded, in base."""
        return sum((fill.amount for fill in self.fills), ZERO)

    @property
    def filled_value(self) -> Decimal:
        """What it was worth, in quote."""
        return sum((fill.value for fill in self.fills), ZERO)

    @property
    def fee(self) -> Decimal:
        """All that was taken for it, in its fills' fee currency."""
        return sum((fill.fee for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        """What may still trade, in base."""
        return self.size - self.filled if self.state != "done" else ZERO

    @property
    def cancelled_size(self) -> Decimal:
        """What will never trade, in base."""
        return self.size - self.filled if self.cancelled else ZERO

    @property
    def average_price(self) -> Decimal:
        """Quote per base, 0 before the first trade."""
        return EXACT.divide(self.filled_value, self.filled) if self.filled else ZERO

    @property
    def in_book(self) -> bool:
        """Whether it rests."""
        return self.state == "open" and self.wish.type == "limit"
