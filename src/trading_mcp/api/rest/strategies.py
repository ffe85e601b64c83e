"""3. Strategies."""

from typing import Annotated, Any

from litestar.params import Body, PathParameter

from trading_mcp.api.rest.answers import Changed, Data, Listing, Said
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.shapes.common import Mutation
from trading_mcp.services.shapes.strategies import StrategyName, StrategyPerformance, StrategyView

SECTION = "Strategy Management"
Name = Annotated[str, parameter(PathParameter, StrategyName, "name")]


class Strategies(Listing[StrategyView], frozen=True, kw_only=True):
    """All strategies; *broken* has the plugins that could not be loaded, each with the reason."""

    broken: dict[str, str]


@question("/api/v1/scalping/strategies", "list_strategies", SECTION)
async def strategies(request: Call) -> Strategies:
    """Get all strategies, and the plugins that are broken."""
    found = await request.ask()
    return Strategies(data=found.strategies, count=found.count, broken=found.broken)


@question("/api/v1/scalping/strategies/{name:str}", "get_strategy", SECTION)
async def strategy(request: Call, name: Name) -> Data[StrategyView]:
    """Get one strategy."""
    return Data(data=await request.ask(name=name))


@question("/api/v1/scalping/strategies/{name:str}/performance", "get_strategy_performance", SECTION)
async def performance(request: Call, name: Name) -> Data[StrategyPerformance]:
    """Get a strategy's record."""
    return Data(data=await request.ask(name=name))


@command("POST", "/api/v1/scalping/strategies/{name:str}/start", "start_strategy", SECTION)
async def start(request: Call, name: Name, data: Annotated[Mutation | None, Body()] = None) -> Said:
    """Start a strategy."""
    return await _switch(request, name, data)


@command("POST", "/api/v1/scalping/strategies/{name:str}/stop", "stop_strategy", SECTION)
async def stop(request: Call, name: Name, data: Annotated[Mutation | None, Body()] = None) -> Said:
    """Stop a strategy."""
    return await _switch(request, name, data)


@command("PUT", "/api/v1/scalping/strategies/{name:str}/config", "configure_strategy", SECTION)
async def configure(
    request: Call, name: Name, data: Annotated[dict[str, Any], Body()]
) -> Changed[StrategyView]:
    """Change a strategy's parameters; those left out stay as they are."""
    changed = await request.ask(name=name, config=data)
    return Changed(message="Strategy configuration updated successfully", data=changed)


async def _switch(request: Call, name: str, data: Mutation | None) -> Said:
    key = data.idempotency_key if data else None
    return Said(message=(await request.ask(name=name, idempotency_key=key)).message)


ROUTES = [strategies, strategy, performance, start, stop, configure]
