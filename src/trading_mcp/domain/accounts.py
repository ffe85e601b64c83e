"""What an account holds."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.markets import MarketKey, market_key
from trading_mcp.domain.numbers import ZERO

QUOTE = "USDT"
"""The currency that the account is measured in: limits, equity and profit are in it."""
Asset = str
"""An exchange and a currency, or a perpetual's symbol, in one word: `sim:USDT`."""


def asset_key(exchange: str, name: str) -> Asset:
    """Return the key of currency or perpetual *name* on *exchange*."""
    return f"{exchange}:{name}"


def pricing_markets(asset: Asset) -> tuple[MarketKey, MarketKey]:
    """Return the markets that may say what *asset* is worth: a perpetual's own, a coin's pair."""
    exchange, _, name = asset.partition(":")
    return asset, market_key(exchange, f"{name}-{QUOTE}")


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


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What has been booked on one exchange since the beginning, in quote.

    *realized* is the profit of closed positions after their fees and funding; *trades* and *wins*
    count them. *fees* were paid on every fill, *funding* was received (negative: paid).
    """

    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    trades: int = 0
    wins: int = 0


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What one exchange's account is worth at some moment, in quote.

    *open_pnl* is what its open positions have earned so far, fees and funding included.
    """

    equity: Decimal = ZERO
    open_pnl: Decimal = ZERO
