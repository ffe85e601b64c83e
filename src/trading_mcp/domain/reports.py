"""What an exchange says about our orders and account."""

from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.orders import Fill

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


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange has it. *filled* is in base."""

    exchange: str
    symbol: str
    client_id: str
    venue_id: str
    status: VenueStatus
    filled: Decimal
    at: int
    reason: str = ""


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


VenueReport = OrderReport | Fill | FundingPaid | Liquidated
