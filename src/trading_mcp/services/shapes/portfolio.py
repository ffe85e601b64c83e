"""The account: balances, worth, profit, fills."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.orders import OrderType, Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Cursor,
    Exchange,
    MarketTypeChoice,
    OfExchange,
    OfWholeExchange,
    Pair,
)

PnlPeriod = Literal["daily", "weekly", "monthly", "all"]


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """One currency: balance = available + in_orders (orders and margins). No price: no value."""

    currency: str
    balance: float
    available: float
    in_orders: float
    value_usd: float | None


class Portfolio(OfWholeExchange, frozen=True, kw_only=True):
    """What an exchange's account holds, in quote. What it is worth in all:

        total_value_usd = available_balance + in_orders + coins_value + futures_pnl

    *available_balance* is quote currency that nothing ties up, *in_orders* what orders and
    margins hold of it, *coins_value* all other currencies at their last prices, *futures_pnl* the
    unrealized profit of open perpetuals. *unrealized_pnl* is that of all open positions: a spot
    position's is in the coins' value. Null: unknown while something held has no price.
    """

    total_value_usd: float | None
    available_balance: float
    in_orders: float
    coins_value: float | None
    futures_pnl: float
    unrealized_pnl: float
    assets: list[AssetView]


class BalanceRequest(OfExchange, frozen=True, kw_only=True):
    """One currency, or (left out) all that are held."""

    currency: Annotated[str, Meta(min_length=1, max_length=20)] | None = None


class Balances(OfWholeExchange, frozen=True, kw_only=True):
    """Balances, the quote currency first."""

    balances: list[AssetView]
    count: int


class PnlRequest(OfExchange, frozen=True, kw_only=True):
    """Which period, by the UTC calendar; all: since the account's first day here."""

    period: PnlPeriod = "daily"


class Pnl(OfWholeExchange, frozen=True, kw_only=True):
    """What a period brought so far, in quote:

        net_pnl = realized_pnl + open_pnl_change + other_change = equity - starting_equity

    *realized_pnl*, *trades* and *win_rate* are of positions that closed in it. *open_pnl_change*
    is how much more the open ones have earned than those open at its start (their realized and
    unrealized_pnl). Both are after *fees* and *funding* (negative: paid), which are told beside.
    *other_change* is of coins that belong to no position. *starting_equity* has moved with
    deposits and withdrawals since, so they are no profit. *unrealized_pnl* is that of all open
    positions now.
    """

    period: PnlPeriod
    start: str
    starting_equity: float
    equity: float
    net_pnl: float
    return_percent: float | None
    realized_pnl: float
    open_pnl_change: float
    other_change: float
    unrealized_pnl: float
    fees: float
    funding: float
    trades: int
    win_rate: float


class TradeHistoryRequest(Request, frozen=True, kw_only=True):
    """Fills, of one exchange and pair or all."""

    exchange: Exchange = None
    pair: Pair | None = None
    market_type: MarketTypeChoice = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Cursor | None = None


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One fill: *price* and *size* (base) are its own; type, status, latency are its order's."""

    id: str
    order_id: str
    exchange: str
    symbol: str
    side: Side
    type: OrderType
    price: float
    size: float
    status: Literal["pending", "filled", "cancelled", "failed"]
    latency_ms: float
    timestamp: str
    fee: float
    fee_currency: str
    maker: bool


class TradeHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Fills, newest first; *next_cursor* begins the next page, if there is one."""

    trades: list[TradeView]
    count: int
    next_cursor: str | None
