"""6. Engine control."""

from typing import Annotated

from litestar.params import Body

from trading_mcp.api.rest.answers import Said
from trading_mcp.api.rest.routing import Call, command
from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Mutation
from trading_mcp.services.shapes.execution import BotRequest, PairRequest

SECTION = "Engine Control"


@command("POST", "/api/v1/scalping/start", "start_bot", SECTION)
async def start(request: Call, data: Annotated[BotRequest | None, Body()] = None) -> Said:
    """Start the scalping engine; what is left out stays as it was."""
    return await _done(request, data or BotRequest())


@command("POST", "/api/v1/scalping/stop", "stop_bot", SECTION)
async def stop(request: Call, data: Annotated[Mutation | None, Body()] = None) -> Said:
    """Stop the scalping engine."""
    return await _done(request, data or Mutation())


@command("POST", "/api/v1/scalping/pairs/add", "add_pair", SECTION)
async def add_pair(request: Call, data: Annotated[PairRequest, Body()]) -> Said:
    """Trade one more market."""
    return await _done(request, data)


@command("POST", "/api/v1/scalping/pairs/remove", "remove_pair", SECTION)
async def remove_pair(request: Call, data: Annotated[PairRequest, Body()]) -> Said:
    """Trade a market no longer."""
    return await _done(request, data)


async def _done(request: Call, asked: Request) -> Said:
    return Said(message=(await request.pass_on(asked)).message)


ROUTES = [start, stop, add_pair, remove_pair]
