"""Every operation is on both faces, or says why not."""

import httpx
from api_fakes import Fakes

from trading_mcp.api.mcp.catalogue import catalogue

# The reference has them as tools only: markets, orders and the account are for agents.
WITHOUT_ROUTE = {
    "get_ticker",
    "get_candles",
    "calculate_rsi",
    "get_signals",
    "analyze_opportunity",
    "execute_trade",
    "submit_market_order",
    "submit_limit_order",
    "cancel_order",
    "get_open_orders",
    "get_portfolio",
    "check_risk_limits",
}


async def test_every_operation_has_a_route_or_a_reason(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    document = (await client.get("/docs/openapi.json")).json()
    routed = {o["operationId"] for path in document["paths"].values() for o in path.values()}

    told = {name for name, operation in fakes.operations.items() if operation.mcp_only}
    assert fakes.operations.keys() - routed - told == WITHOUT_ROUTE - told
    assert routed - fakes.operations.keys() == {
        "server_health",
        "server_info",
        "list_mcp_tools",
        "login",
        "logout",
    }


def test_every_operation_is_a_tool_or_says_why_not(fakes: Fakes) -> None:
    tools = {entry.name for entry in catalogue(fakes.operations.values())}

    assert tools == {name for name, o in fakes.operations.items() if not o.rest_only}
