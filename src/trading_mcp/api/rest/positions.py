"""2. Positions, and what protects them."""

from typing import Annotated

import msgspec
from litestar.params import Body, PathParameter, QueryParameter

from trading_mcp.api.rest.answers import Changed, Data, Listing
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import (
    Amount,
    IdempotencyKey,
    Mutation,
    OfExchange,
    Price,
)
from trading_mcp.services.shapes.positions import (
    CloseAnswer,
    ManagerState,
    PastPosition,
    PositionHistoryRequest,
    PositionId,
    PositionView,
    StopsAnswer,
)

SECTION = "Position Management"
Id = Annotated[str, parameter(PathParameter, PositionId, "position_id")]
Exchange = Annotated[str | None, parameter(QueryParameter, OfExchange, "exchange")]
Limit = Annotated[int, parameter(QueryParameter, PositionHistoryRequest, "limit")]
From = Annotated[
    str | None, QueryParameter(name="from", description="Closed at or after, ISO 8601")
]
To = Annotated[str | None, QueryParameter(name="to", description="Closed before, ISO 8601")]


class Stops(Request, frozen=True, kw_only=True):
    """New levels for a position; one that is left out stays as it is."""

    stop_loss: Price | None = None
    take_profit: Price | None = None
    idempotency_key: IdempotencyKey = None


class Trailing(Request, frozen=True, kw_only=True):
    """How far a position's stop follows behind the best price."""

    distance_percent: Annotated[float, msgspec.Meta(gt=0, le=50)]
    idempotency_key: IdempotencyKey = None


class Close(Request, frozen=True, kw_only=True):
    """How much of a position to close, in base; left out: all of it."""

    amount: Amount | None = None
    idempotency_key: IdempotencyKey = None


class StopsSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and a position's levels after it; 0 means none."""

    success: bool = True
    message: str
    position_id: str
    new_stop_loss: float
    new_take_profit: float


@question("/api/v1/scalping/positions", "get_positions", SECTION)
async def positions(request: Call, exchange: Exchange = None) -> Listing[PositionView]:
    """Get all open positions."""
    found = await request.ask(exchange=exchange)
    return Listing(data=found.positions, count=found.count)


@question("/api/v1/scalping/positions/history", "get_position_history", SECTION)
async def history(
    request: Call, limit: Limit = 100, since: From = None, until: To = None
) -> Listing[PastPosition]:
    """Get closed positions, the newest first."""
    found = await request.ask(**{"limit": limit, "from": since, "to": until})
    return Listing(data=found.positions, count=found.count)


@question("/api/v1/positions/manager/state", "get_manager_state", SECTION)
async def manager_state(request: Call) -> Data[ManagerState]:
    """Get the state of all open positions together."""
    return Data(data=await request.ask())


@command("PUT", "/api/v1/positions/{position_id:str}/sltp", "update_sltp", SECTION)
async def sltp(request: Call, position_id: Id, data: Annotated[Stops, Body()]) -> StopsSaid:
    """Update a position's stop loss and take profit."""
    levels = {"stop_loss": data.stop_loss, "take_profit": data.take_profit}
    return _said(
        await request.ask(position_id=position_id, **levels, idempotency_key=data.idempotency_key)
    )


@command("POST", "/api/v1/positions/{position_id:str}/breakeven", "move_to_breakeven", SECTION)
async def breakeven(
    request: Call, position_id: Id, data: Annotated[Mutation | None, Body()] = None
) -> StopsSaid:
    """Move a position's stop to where leaving pays for both fees."""
    key = data.idempotency_key if data else None
    return _said(await request.ask(position_id=position_id, idempotency_key=key))


@command(
    "POST", "/api/v1/positions/{position_id:str}/trailing-stop", "enable_trailing_stop", SECTION
)
async def trailing_stop(
    request: Call, position_id: Id, data: Annotated[Trailing, Body()]
) -> StopsSaid:
    """Let a position's stop follow the price."""
    return _said(
        await request.ask(
            position_id=position_id,
            distance_percent=data.distance_percent,
            idempotency_key=data.idempotency_key,
        )
    )


@command("POST", "/api/v1/positions/{position_id:str}/close", "close_position", SECTION)
async def close(
    request: Call, position_id: Id, data: Annotated[Close | None, Body()] = None
) -> Changed[CloseAnswer]:
    """Close a position at the market, whole or in part."""
    asked = data or Close()
    answer = await request.ask(
        position_id=position_id, amount=asked.amount, idempotency_key=asked.idempotency_key
    )
    return Changed(message=answer.message, data=answer)


def _said(answer: StopsAnswer) -> StopsSaid:
    return StopsSaid(
        message=answer.message,
        position_id=answer.position_id,
        new_stop_loss=answer.stop_loss,
        new_take_profit=answer.take_profit,
    )


ROUTES = [positions, history, manager_state, sltp, breakeven, trailing_stop, close]
