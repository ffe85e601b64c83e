"""Positions and what protects them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.positions import PositionSide
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Amount, Exchange, Id, Mutation, Pair, Price


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A position. *stop_loss* and *take_profit* are 0 when there is none."""

    id: str
    exchange: str
    source: str
    symbol: str
    side: PositionSide
    entry_price: float
    current_price: float
    size: float
    leverage: int
    stop_loss: float
    take_profit: float
    unrealized_pnl: float
    realized_pnl: float
    open_time: str
    strategy: str
    status: Literal["open", "closing", "closed"]
    trailing_stop_percent: float
    fees: float
    funding: float


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """Open positions."""

    positions: list[PositionView]
    count: int


class PastPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A closed position; *size* is what was held, *realized_pnl* is after fees and funding.

    The fields of an open one stand in it too: nothing is unrealized, and the price is the exit's.
    """

    id: str
    exchange: str
    source: str
    symbol: str
    side: PositionSide
    entry_price: float
    exit_price: float
    current_price: float
    size: float
    leverage: int
    stop_loss: float
    take_profit: float
    unrealized_pnl: float
    realized_pnl: float
    fees: float
    funding: float
    open_time: str
    close_time: str
    close_reason: str
    strategy: str
    status: Literal["closed"]


class PositionHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Closed positions, the newest first."""

    positions: list[PastPosition]
    count: int


class PositionHistoryRequest(Request, frozen=True, kw_only=True):
    """Which closed positions: at most *limit*, closed in [start, end) (ISO 8601)."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)


class PositionId(Request, frozen=True, kw_only=True):
    """One position."""

    position_id: Id


class StopsRequest(Mutation, frozen=True, kw_only=True):
    """New levels for a position; one that is left out stays as it is."""

    position_id: Id
    stop_loss: Price | None = None
    take_profit: Price | None = None


class BreakevenRequest(Mutation, frozen=True, kw_only=True):
    """Move a position's stop to where leaving pays for both fees."""

    position_id: Id


class TrailingRequest(Mutation, frozen=True, kw_only=True):
    """Let a position's stop follow *distance_percent* behind the best price."""

    position_id: Id
    distance_percent: Annotated[float, Meta(gt=0, le=50)]


class StopsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A position's levels after the change; 0 means none."""

    message: str
    position_id: str
    stop_loss: float
    take_profit: float


class ManagerState(msgspec.Struct, frozen=True, kw_only=True):
    """All open positions together."""

    open_positions: int
    total_exposure: float
    positions: list[PositionView]


class FuturesPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual position. Money in quote; *funding* negative when paid.

    *margin* is the collateral at entry, *roe_percent* the unrealized profit on it. At
    *liquidation_price* the exchange closes all that is held in the market; null: at no price.
    """

    id: str
    exchange: str
    source: str
    symbol: str
    side: PositionSide
    size: float
    leverage: int
    entry_price: float
    mark_price: float
    notional: float
    margin: float
    liquidation_price: float | None
    unrealized_pnl: float
    roe_percent: float
    funding: float
    stop_loss: float
    take_profit: float
    strategy: str
    status: Literal["open", "closing"]
    open_time: str


class FuturesPositions(msgspec.Struct, frozen=True, kw_only=True):
    """Open perpetual positions."""

    positions: list[FuturesPosition]
    count: int


class CloseRequest(Mutation, frozen=True, kw_only=True):
    """Close a position at the market, whole or *amount* (base) of it."""

    position_id: Id
    amount: Amount | None = None


class CloseFuturesRequest(CloseRequest, frozen=True, kw_only=True):
    """Close a perpetual position; *symbol* must be the one that it is in."""

    exchange: Exchange = None
    symbol: Pair


class CloseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it so far: *closed* and *remaining* in base, *realized_pnl* of the position.

    *closing*: the engine goes on until nothing remains. *reduced*: what was asked for is closed.
    *unknown*: the exchange has not said; the order is asked for, not sent again.
    """

    position_id: str
    exchange: str
    source: str
    symbol: str
    outcome: Literal["closed", "reduced", "closing", "unknown"]
    closed: float
    remaining: float
    exit_price: float | None
    realized_pnl: float
    order_id: str | None
    message: str
