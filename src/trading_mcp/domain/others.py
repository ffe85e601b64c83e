"""A trade on the account that is not ours."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.orders import Side


class OthersTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that is not ours. *amount* in base, with a fee taken in it; *fee* in quote."""

    market: MarketKey
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    at: int

    def without(self, amount: Decimal) -> "OthersTrade":
        """Return what is left of it after so much (base)."""
        left = self.amount - amount
        fee = EXACT.divide(EXACT.multiply(self.fee, left), self.amount)
        return msgspec.structs.replace(self, amount=left, fee=fee)
