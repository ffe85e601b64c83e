"""What happens at the exchange, as those who listen are told of it."""

from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.slips import Product, Slip

OrderChange = Literal["received", "open", "match", "filled", "canceled"]
StopChange = Literal["open", "triggered", "cancel"]
Cause = Literal["hold", "setted", "transfer"]
BookingKind = Literal["trade", "deposit", "withdrawal", "transfer", "funding"]


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the book was accepted, traded (*fill*) or ended."""

    slip: Slip
    change: OrderChange
    fill: Fill | None = None


class StopChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for its stop was accepted, triggered or cancelled."""

    slip: Slip
    change: StopChange


class BalanceChanged(msgspec.Struct, frozen=True, kw_only=True):
    """One currency of one account: what there is now, and by how much it changed.

    *symbol* and *order_id* say which order did it, if one did.
    """

    product: Product
    currency: str
    total: Decimal
    free: Decimal
    free_change: Decimal
    held_change: Decimal
    cause: Cause
    symbol: str = ""
    order_id: str = ""


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position is another, or is gone."""

    symbol: str


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an account's statement. *amount* is signed; *balance* is what was left."""

    id: int
    product: Product
    currency: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    kind: BookingKind
    at: int
    symbol: str = ""
    order_id: str = ""
    trade_id: str = ""


Happening = OrderChanged | StopChanged | BalanceChanged | PositionChanged
