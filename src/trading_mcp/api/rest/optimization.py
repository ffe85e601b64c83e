"""Searches for parameters: run, look up, end."""

from typing import Annotated

from litestar.params import Body, PathParameter, QueryParameter

from trading_mcp.api.rest.answers import Data, Said
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.shapes.common import Mutation
from trading_mcp.services.shapes.optimization import (
    MOST,
    OfOptimization,
    OptimizationAnswer,
    OptimizationResult,
    OptimizeParameters,
)

SECTION = "Optimization"
Id = Annotated[str, parameter(PathParameter, OfOptimization, "optimization_id")]
Results = Annotated[int, parameter(QueryParameter, OfOptimization, "limit")]
FurtherResults = Annotated[str | None, parameter(QueryParameter, OfOptimization, "cursor")]


@command("POST", "/api/v1/optimization/run", "optimize_parameters", SECTION)
async def run(
    request: Call, data: Annotated[OptimizeParameters, Body()]
) -> Data[OptimizationAnswer]:
    """Search a strategy's best parameters. Answers what was found, or that it still runs."""
    return Data(data=await request.pass_on(data))


@question("/api/v1/optimization/results/{optimization_id:str}", "get_optimization", SECTION)
async def result(
    request: Call, optimization_id: Id, limit: Results = MOST, cursor: FurtherResults = None
) -> Data[OptimizationResult]:
    """Get everything that is kept of a search, or how far it is."""
    return Data(data=await request.ask(optimization_id=optimization_id, limit=limit, cursor=cursor))


@command(
    "DELETE",
    "/api/v1/optimization/results/{optimization_id:str}",
    "cancel_optimization",
    SECTION,
)
async def cancel(
    request: Call, optimization_id: Id, data: Annotated[Mutation | None, Body()] = None
) -> Said:
    """End a search that waits or runs."""
    key = data.idempotency_key if data else None
    done = await request.ask(optimization_id=optimization_id, idempotency_key=key)
    return Said(message=done.message)


ROUTES = [run, result, cancel]
