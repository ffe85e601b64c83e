"""Execution and engine control."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.orders import OrderType, Side
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Exchange, Id, MarketTypeChoice, Mutation, Pair


class OfOrders(Request, frozen=True, kw_only=True):
    """Whose orders: one exchange's, or (left out) all."""

    exchange: Annotated[str | None, Meta(description="left out: all")] = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Wall milliseconds from sending an order to the exchange's answer; 0 before the first.

    Of all accepted orders since the data directory began. Percentiles are nearest-rank, at most
    2.2 % off (a histogram of 16 buckets to each doubling); average, maximum and count are exact.
    """

    avg_latency_ms: float
    p50_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    max_latency_ms: float
    samples: int


class ExecutionHistoryRequest(OfOrders, frozen=True, kw_only=True):
    """How many of the newest orders."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class QueueRequest(OfOrders, frozen=True, kw_only=True):
    """How many of the working orders to list; all are counted."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class QueuedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A working order. *status* processing: the exchange's answer to it, or to its cancel, is
    waited for. *priority* 1 lowers risk (an exit, a cancel), 2 may add to it (an entry)."""

    order_id: str
    exchange: str
    symbol: str
    side: Side
    type: OrderType
    status: Literal["pending", "processing"]
    state: str
    priority: int
    created_at: str


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Working orders, what lowers risk first, then the oldest.

    *pending_orders* rest at the exchange or wait for the journal. *completed_orders* were filled
    or cancelled, *failed_orders* refused by the exchange or never sent, since the data directory
    began. No order waits for another: each leaves as soon as it is on disk.
    """

    pending_orders: int
    processing_orders: int
    completed_orders: int
    failed_orders: int
    queue: list[QueuedOrder]


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """How orders fared since the data directory began; latencies as in `Latency`.

    *avg_slippage_pct*: how much worse than expected (negative: better), over orders at the market;
    a market order is measured from the best offer when it was approved, an exit from the level that
    was reached, a stop from its trigger.
    *fill_rate*: wholly filled orders among those that have ended, in percent. *order_errors*
    were refused by the exchange or never sent. *total_orders* counts working ones, too.
    *maker_share_pct* and *taker_share_pct* are of the value traded.
    """

    avg_latency_ms: float
    p50_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    avg_slippage_pct: float
    fill_rate: float
    order_errors: int
    total_orders: int
    filled_orders: int
    cancelled_orders: int
    working_orders: int
    unknown_orders: int
    maker_share_pct: float
    taker_share_pct: float


class BotRequest(Mutation, frozen=True, kw_only=True):
    """What to trade with; left out: as it was."""

    exchange: Exchange = None
    pairs: Annotated[list[Pair], Meta(min_length=1, max_length=200)] | None = None
    strategies: Annotated[list[Id], Meta(min_length=1, max_length=50)] | None = None


class PairRequest(Mutation, frozen=True, kw_only=True):
    """One market to trade or no longer."""

    exchange: Exchange = None
    pair: Pair
    market_type: MarketTypeChoice = None
