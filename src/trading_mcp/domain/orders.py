"""Orders: wished for, approved, refused, and what becomes of them."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.numbers import EXACT, ZERO

MANUAL = "manual"
"""The owner of positions that were opened by hand."""
EXTERNAL = "external"
"""The owner of orders that somebody else placed on the account: they are watched and counted."""
Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop"]
OrderStatus = Literal[
    "approved",
    "open",
    "partial",
    "unknown",
    "filled",
    "cancelled",
    "rejected",
    "abandoned",
]
WORKING: frozenset[OrderStatus] = frozenset({"approved", "open", "partial", "unknown"})
"""An order in one of these may still trade, so it keeps its whole reservation."""

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    "approved": frozenset(
        {"open", "partial", "filled", "rejected", "cancelled", "unknown", "abandoned"}
    ),
    "open": frozenset({"partial", "filled", "cancelled", "unknown"}),
    "partial": frozenset({"filled", "cancelled", "unknown"}),
    "unknown": frozenset({"open", "partial", "filled", "cancelled", "rejected"}),
    # A cancel can lose its race: a fill that was on its way still counts.
    "cancelled": frozenset({"filled"}),
    "filled": frozenset(),
    # Only what the exchange itself shows brings back an order that was taken for dead.
    "rejected": frozenset({"open", "partial", "filled", "cancelled"}),
    "abandoned": frozenset({"open", "partial", "filled", "cancelled"}),
}
"""From each status, where evidence may take an order."""

Reason = Literal[
    "signal",
    "manual",
    "stop_loss",
    "take_profit",
    "trailing_stop",
    "breakeven",
    "exit_signal",
    "liquidation",
    "unprotected",
    "external",
]


def may_become(status: OrderStatus, then: OrderStatus) -> bool:
    """Say whether an order may go from *status* to *then* (staying put is always allowed)."""
    return status == then or then in TRANSITIONS[status]


class ExitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a position is left. All in percent of the entry price; 0 means "none".

    `trailing_pct` is how far the stop follows behind the best price. `breakeven_pct` is the gain
    at which the stop moves to the entry price plus both fees.
    """

    stop_loss_pct: float
    take_profit_pct: float = 0.0
    trailing_pct: float = 0.0
    breakeven_pct: float = 0.0


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An order somebody wishes for: not yet checked, not yet on the market's grid.

    *amount* is in base, *price* (limit) and *stop_price* (stop) in quote per base. *owner* is the
    strategy whose position it is, or "manual". *reduces* names the position it makes smaller.
    *protective*: it is a position's own stop, resting at the exchange. *expected_price* is what a
    market order should meet, such as the level that a price has reached; None: the best quote.
    """

    market: MarketKey
    side: Side
    type: OrderType
    amount: Decimal
    owner: str
    principal: str
    reason: Reason
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduces: str | None = None
    leverage: int = 1
    plan: ExitPlan | None = None
    idempotency: str | None = None
    protective: bool = False
    expected_price: Decimal | None = None


class ApprovedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The only thing a venue accepts: the exact fields that go over the wire.

    Made by the risk gate and nobody else. *expected_price* is not sent: it is the level that a
    market order should meet, for an exchange that plays the past.
    """

    id: str
    client_id: str
    exchange: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    reduce_only: bool
    leverage: int
    expected_price: Decimal | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says of an order. *headroom* is how much of *limit* is left, if it counts."""

    rule: str
    allowed: bool
    reason: str = ""
    code: str = ""
    limit: float | None = None
    found: float | None = None
    headroom: float | None = None
    details: dict[str, Any] = {}


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was not approved: every verdict, the first objection in front."""

    intent: OrderIntent
    objection: Verdict
    verdicts: tuple[Verdict, ...]


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of an order. *fee* is in *fee_currency*; *at* is the exchange's UTC ms."""

    exchange: str
    symbol: str
    trade_id: str
    client_id: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: int
    maker: bool = False

    @property
    def value(self) -> Decimal:
        """Amount times price, in quote, exact."""
        return EXACT.multiply(self.amount, self.price)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An approved order and all that is known of it.

    *expected_price* is the price it was sized at, or the level that was reached: what slippage is
    measured from, and what its reservation is worth while it has not traded. *latency_ms* is wall
    time from send to answer.
    """

    id: str
    client_id: str
    market: MarketKey
    exchange: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    owner: str
    principal: str
    reason: Reason
    created_at: int
    expected_price: Decimal
    reduce_only: bool
    price: Decimal | None = None
    stop_price: Decimal | None = None
    leverage: int = 1
    plan: ExitPlan | None = None
    position_id: str | None = None
    idempotency: str | None = None
    protective: bool = False
    status: OrderStatus = "approved"
    cancelling: bool = False
    venue_id: str | None = None
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    fees: Decimal = ZERO
    trade_ids: tuple[str, ...] = ()
    latency_ms: float | None = None
    updated_at: int = 0
    evidence: str = ""

    @property
    def working(self) -> bool:
        """Whether it may still trade."""
        return self.status in WORKING

    @property
    def rests(self) -> bool:
        """Whether it waits in the exchange's book for its price."""
        return self.type != "market" and self.status in ("open", "partial")

    @property
    def remaining(self) -> Decimal:
        """What may still trade, in base: the full rest while working, nothing after."""
        return max(self.amount - self.filled, ZERO) if self.working else ZERO

    @property
    def average_price(self) -> Decimal | None:
        """The average price of what has traded, in quote per base."""
        return EXACT.divide(self.filled_value, self.filled) if self.filled else None

    @property
    def level(self) -> Decimal:
        """The price it was sent at: its limit or its stop, else the one it was to meet."""
        return self.price or self.stop_price or self.expected_price

    @property
    def reserved_price(self) -> Decimal:
        """The price its unfilled rest is held to, in quote per base.

        A selling limit is the least it trades at: below the market it meets the bid.
        """
        sells = self.side == "sell" and self.type == "limit"
        return max(self.level, self.expected_price) if sells else self.level
