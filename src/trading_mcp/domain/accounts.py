"""What an account holds."""

from decimal import Decimal

import msgspec

Asset = str
"""An exchange and a currency, or a perpetual's symbol, in one word: `sim:USDT`."""


def asset_key(exchange: str, name: str) -> Asset:
    """Return the key of currency or perpetual *name* on *exchange*."""
    return f"{exchange}:{name}"


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One currency as the exchange reports it: *total* is *free* plus what orders hold."""

    currency: str
    total: Decimal
    free: Decimal


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position as the exchange reports it; *amount* is negative when short."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    leverage: int
    liquidation_price: Decimal | None = None


class Flow(msgspec.Struct, frozen=True):
    """A change of one asset's balance."""

    asset: Asset
    amount: Decimal
