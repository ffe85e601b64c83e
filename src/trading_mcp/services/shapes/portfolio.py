"""The account."""

import msgspec


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """One currency: *balance* is *available* plus *in_orders*."""

    currency: str
    balance: float
    available: float
    in_orders: float
    value_usd: float


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange's account holds, in quote where not said otherwise.

    *available_balance* is quote currency that nothing ties up, *in_orders* what orders and
    margins hold.
    """

    exchange: str
    total_value_usd: float
    available_balance: float
    in_orders: float
    unrealized_pnl: float
    assets: list[AssetView]
    timestamp: str
