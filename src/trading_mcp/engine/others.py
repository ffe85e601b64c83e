"""Trades on the account that are not ours, remembered until our books agree with the exchange's."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Asset
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


class OthersTrades:
    """Those of one account, by what they moved.

    Not in the state: what a restart forgets is a difference that nothing explains.
    """

    def __init__(self) -> None:
        self._trades: dict[Asset, list[OthersTrade]] = {}

    def note(self, asset: Asset, trade: OthersTrade) -> None:
        """Take in a trade."""
        self._trades.setdefault(asset, []).append(trade)

    def take(self, asset: Asset) -> list[OthersTrade]:
        """Return those in *asset*, the oldest first, and forget them."""
        return sorted(self._trades.pop(asset, []), key=lambda trade: trade.at)
