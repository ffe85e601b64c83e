"""Positions and what protects them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.positions import PositionSide
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Id, Mutation, Price


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A position. *stop_loss* and *take_profit* are 0 when there is none."""

    id: str
    exchange: str
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
    """A closed position; *realized_pnl* is after fees and funding."""

    id: str
    exchange: str
    symbol: str
    side: PositionSide
    entry_price: float
    exit_price: float
    size: float
    leverage: int
    realized_pnl: float
    fees: float
    funding: float
    open_time: str
    close_time: str
    close_reason: str
    strategy: str


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
