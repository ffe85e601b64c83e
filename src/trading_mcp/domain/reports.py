"""What an exchange says about our orders and account."""

from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.orders import Fill, OrderType, Side

VenueStatus = Literal["open", "filled", "cancelled", "rejected"]


MARKET_CLOSED = "market_closed"
"""The code of a refusal because the market does not trade now, whatever the exchange calls it."""
_REFUSED = "exchange refused"


class VenueRefused(Exception):
    """The exchange refused an order for certain: nothing will trade. *code* is its own word."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def evidence(self) -> str:
        """What an order keeps of its refusal."""
        return f"{_REFUSED}: {self.code}: {self.message}"


def is_refused_for(code: str, evidence: str) -> bool:
    """Say whether an order's *evidence* is a refusal for *code*."""
    return evidence.startswith(f"{_REFUSED}: {code}: ")


class KeysRefused(Exception):
    """An exchange's keys can't be used: they are missing, wrong, or allow more than trading."""


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order asks for, as the exchange has it: needed for orders that are not ours.

    *amount* is in base, prices in quote per base.
    """

    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange has it. *filled* is in base.

    An order that was placed without a client id has one made of the exchange's own, by which it
    can be asked for and cancelled like any other.
    """

    exchange: str
    symbol: str
    client_id: str
    venue_id: str
    status: VenueStatus
    filled: Decimal
    at: int
    reason: str = ""
    terms: OrderTerms | None = None


class FundingPaid(msgspec.Struct, frozen=True, kw_only=True):
    """Funding on a perpetual: *rate* is a fraction; *amount* (quote) is negative when paid."""

    exchange: str
    symbol: str
    funding_id: str
    rate: float
    amount: Decimal
    at: int


class Liquidated(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange closed a perpetual position by force: *amount* base at *price*, for *fee*."""

    exchange: str
    symbol: str
    trade_id: str
    amount: Decimal
    price: Decimal
    fee: Decimal
    at: int


class Transferred(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came to the account or left it, and was no trade: *kind* is the exchange's word.

    *amount* is in *currency*, negative when it left.
    """

    exchange: str
    transfer_id: str
    currency: str
    amount: Decimal
    kind: str
    at: int


VenueReport = OrderReport | Fill | FundingPaid | Liquidated | Transferred
