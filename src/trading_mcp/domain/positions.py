"""Positions: what one owner holds in one market, as sums of its fills."""

from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import ExitPlan, Side

PositionSide = Literal["long", "short"]
StopKind = Literal["stop_loss", "trailing_stop", "breakeven"]
_PICO = Decimal("1e-12")


def opening_side(side: PositionSide) -> Side:
    """Return the order side that makes such a position larger."""
    return "buy" if side == "long" else "sell"


def closing_side(side: PositionSide) -> Side:
    """Return the order side that makes such a position smaller."""
    return "sell" if side == "long" else "buy"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One owner's position in one market.

    Only sums are kept (base for amounts, quote for values), so that fills may arrive in any order
    and still give the same position. *fees* and *funding* are in quote; funding is what was
    received (negative: paid). *leaving* is why all of it is being closed, until it is;
    *tallied* is the profit that the records already hold. Times are UTC ms.
    """

    id: str
    market: MarketKey
    exchange: str
    symbol: str
    side: PositionSide
    owner: str
    leverage: int
    opened_at: int
    tick: Decimal
    plan: ExitPlan | None = None
    entered: Decimal = ZERO
    entered_value: Decimal = ZERO
    exited: Decimal = ZERO
    exited_value: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_pct: float = 0.0
    breakeven_pct: float = 0.0
    stop_kind: StopKind = "stop_loss"
    stops_by_hand: bool = False
    leaving: str = ""
    tallied: Decimal | None = None
    last_fill_at: int = 0
    closed_at: int | None = None
    close_reason: str = ""

    @property
    def size(self) -> Decimal:
        """What is held now, in base."""
        return self.entered - self.exited

    @property
    def is_open(self) -> bool:
        """Whether anything is held."""
        return self.size != 0

    @property
    def sign(self) -> int:
        """1 for long, -1 for short."""
        return 1 if self.side == "long" else -1

    @property
    def entry_price(self) -> Decimal:
        """Average entry price, in quote per base."""
        return EXACT.divide(self.entered_value, self.entered) if self.entered else ZERO

    @property
    def exit_price(self) -> Decimal | None:
        """Average exit price, in quote per base."""
        return EXACT.divide(self.exited_value, self.exited) if self.exited else None

    @property
    def open_value(self) -> Decimal:
        """What the held size cost, in quote."""
        return EXACT.multiply(self.size, self.entry_price).quantize(_PICO, context=EXACT)

    @property
    def margin(self) -> Decimal:
        """The collateral that the held size ties up, in quote."""
        return EXACT.divide(self.open_value, Decimal(self.leverage))

    @property
    def realized_pnl(self) -> Decimal:
        """Profit of what has been exited, after all fees and funding so far, in quote."""
        cost = EXACT.multiply(self.exited, self.entry_price).quantize(_PICO, context=EXACT)
        return self.sign * (self.exited_value - cost) - self.fees + self.funding

    def open_pnl(self, mark: Decimal) -> Decimal:
        """Return all it has earned so far at *mark*, but what the records hold already, in quote.

        They hold something only of a position that had closed and that a late fill reopened.
        """
        return self.realized_pnl + self.unrealized_pnl(mark) - (self.tallied or ZERO)

    def unrealized_pnl(self, mark: Decimal) -> Decimal:
        """Return the profit of the held size at *mark*, before the exit's fee, in quote."""
        return self.sign * (EXACT.multiply(self.size, mark) - self.open_value)
