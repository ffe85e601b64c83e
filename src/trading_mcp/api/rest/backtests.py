"""Backtests: run, wait for, look up, end."""

from typing import Annotated

import msgspec
from litestar.params import Body, PathParameter, QueryParameter

from trading_mcp.api.rest.answers import Data, Listing, Said
from trading_mcp.api.rest.routing import Call, command, parameter, question
from trading_mcp.services.shapes.backtests import (
    MOST,
    BacktestAnswer,
    BacktestListRequest,
    BacktestResult,
    BacktestRow,
    OfBacktest,
    RunBacktest,
)
from trading_mcp.services.shapes.common import Mutation

SECTION = "Backtests"
BacktestId = Annotated[str, parameter(PathParameter, OfBacktest, "backtest_id")]
Trades = Annotated[int, parameter(QueryParameter, OfBacktest, "limit")]
FurtherTrades = Annotated[str | None, parameter(QueryParameter, OfBacktest, "cursor")]
Limit = Annotated[int, parameter(QueryParameter, BacktestListRequest, "limit")]
Cursor = Annotated[str | None, parameter(QueryParameter, BacktestListRequest, "cursor")]


class BacktestListing(Listing[BacktestRow], frozen=True, kw_only=True):
    """Runs, the newest first. *next_cursor* asks for older ones."""

    next_cursor: str | None


@command("POST", "/api/v1/backtest/run", "run_backtest", SECTION)
async def run(request: Call, data: Annotated[RunBacktest, Body()]) -> Data[BacktestAnswer]:
    """Run a strategy over past candles. Answers what came of it, or that it is still running."""
    # Programs take more trades at once than agents.
    asked = data if data.limit else msgspec.structs.replace(data, limit=MOST)
    return Data(data=await request.pass_on(asked))


@question("/api/v1/backtest/results", "list_backtests", SECTION)
async def listed(request: Call, limit: Limit = 50, cursor: Cursor = None) -> BacktestListing:
    """Get the runs that are kept."""
    found = await request.ask(limit=limit, cursor=cursor)
    return BacktestListing(data=found.backtests, count=found.count, next_cursor=found.next_cursor)


@question("/api/v1/backtest/results/{backtest_id:str}", "get_backtest", SECTION)
async def result(
    request: Call, backtest_id: BacktestId, limit: Trades = MOST, cursor: FurtherTrades = None
) -> Data[BacktestResult]:
    """Get everything that is kept of a run, or how far it is."""
    return Data(data=await request.ask(backtest_id=backtest_id, limit=limit, cursor=cursor))


@command("DELETE", "/api/v1/backtest/results/{backtest_id:str}", "cancel_backtest", SECTION)
async def cancel(
    request: Call, backtest_id: BacktestId, data: Annotated[Mutation | None, Body()] = None
) -> Said:
    """End a run that waits or runs."""
    key = data.idempotency_key if data else None
    return Said(message=(await request.ask(backtest_id=backtest_id, idempotency_key=key)).message)


ROUTES = [run, listed, result, cancel]
