"""Each documented route answers the documented request with every documented field."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from contract_reference import ROUTES, lacks
from contract_server import Serving, Stage
from fastmcp import Client

THERE = [route for route in ROUTES if "from" not in route]
GATEWAY = [route for route in THERE if route["section"] == "gateway"]
REST = [route for route in THERE if route not in GATEWAY]


def named(route: dict[str, Any]) -> str:
    return f"{route['method']} {route['path']}"


@pytest.mark.parametrize("route", REST, ids=named)
def test_the_documented_request_is_answered_with_every_documented_field(
    stage: Stage, route: dict[str, Any]
) -> None:
    body = dict(route["body"]) if "body" in route else None
    BEFORE.get(named(route), nothing)(stage, body or {})
    query = {name: value for name, value in route.get("query", {}).items() if value}

    reply = stage.server.request(route["method"], place(stage, route), json=body, params=query)

    assert reply.status_code == 200, reply.text
    assert reply.json()["success"] is True
    assert list(lacks(route["answer"], reply.json())) == []


@pytest.mark.parametrize("route", GATEWAY[:-1], ids=named)
def test_the_gateway_leads_where_it_is_documented_to(
    server: Serving, route: dict[str, Any]
) -> None:
    path = route.get("example", route["path"])

    reply = server.http.get(server.urls["gateway"] + path)

    assert reply.status_code == 200, reply.text
    assert reply.json()


@pytest.mark.parametrize("path", ["/", "/api/mcp", "/mcp"])
def test_mcp_clients_are_served_at_the_gateway(server: Serving, path: str) -> None:
    async def names() -> set[str]:
        async with Client(server.urls["gateway"] + path) as client:
            return {tool.name for tool in await client.list_tools()}

    assert asyncio.run(names()) == server.tools.keys()


def test_a_route_that_is_not_there_yet_is_one_that_another_issue_builds(server: Serving) -> None:
    document = server.http.get("/docs/openapi.json").json()
    offered = {
        f"{method.upper()} {plain(path)}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    documented = {f"{r['method']} {plain(r['path'])}": r for r in ROUTES if r not in GATEWAY}

    missing = documented.keys() - offered
    assert missing == {name for name, route in documented.items() if "from" in route}


def test_closed_positions_are_found_by_when_they_closed(server: Serving) -> None:
    history = "/api/v1/scalping/positions/history"
    first = server.data("GET", history)[-1]["close_time"]

    since = server.data("GET", f"{history}?from={first}")
    before = server.data("GET", f"{history}?to={first}")

    assert since[-1]["close_time"] == first
    assert before == []


def plain(path: str) -> str:
    """Return *path* with `*` for each of its parameters, however they are written."""
    parts = path.split("/")
    return "/".join("*" if part[:1] in (":", "{") else part for part in parts)


def place(stage: Stage, route: dict[str, Any]) -> str:
    """Return the route's path with what is there for its parameters."""
    path: str = route["path"].replace(":name", "rsi_scalping")
    if path.endswith("breakeven"):  # a stop cannot be put there before the price is beyond it
        return path.replace(":id", stage.winner())
    if path.startswith("/api/v1/positions/:id"):
        return path.replace(":id", stage.position())
    if path.startswith("/api/v1/alerts/:id"):
        return path.replace(":id", stage.alert())
    if path.startswith("/api/v1/backtest"):
        return path.replace(":id", stage.backtest())
    if path.startswith("/api/v1/optimization"):
        return path.replace(":id", stage.optimization())
    return path


def nothing(stage: Stage, body: dict[str, Any]) -> None:
    """Most requests can be sent as they are documented."""


def levels(stage: Stage, body: dict[str, Any]) -> None:
    """The documented levels are of another market: what counts is the side they lie on."""
    last = stage.last()
    body.update(stop_loss=last * 0.7, take_profit=last * 1.4)


def a_working_order(stage: Stage, body: dict[str, Any]) -> None:
    stage.order()


def a_traded_pair(stage: Stage, body: dict[str, Any]) -> None:
    stage.server.request("POST", "/api/v1/scalping/pairs/add", json=body)


def no_such_pair(stage: Stage, body: dict[str, Any]) -> None:
    stage.server.request("POST", "/api/v1/scalping/pairs/remove", json=body)


def the_kill_switch(stage: Stage, body: dict[str, Any]) -> None:
    stage.server.data("POST", "/api/v1/risk/sentinel/kill-switch", {"reason": "a drill"})


def a_backtest(stage: Stage, body: dict[str, Any]) -> None:
    """The first run of all compiles the loop, which may take longer than an answer waits."""
    stage.backtest()


def an_optimization(stage: Stage, body: dict[str, Any]) -> None:
    """As above, and the documented search has 27 combinations over a month of candles."""
    stage.optimization()
    body.update(start_date="2025-10-31", end_date="2025-11-01")


BEFORE: dict[str, Callable[[Stage, dict[str, Any]], None]] = {
    "PUT /api/v1/positions/:id/sltp": levels,
    "POST /api/v1/backtest/run": a_backtest,
    "POST /api/v1/optimization/run": an_optimization,
    "GET /api/v1/execution/queue": a_working_order,
    "POST /api/v1/scalping/pairs/add": no_such_pair,
    "POST /api/v1/scalping/pairs/remove": a_traded_pair,
    "DELETE /api/v1/risk/sentinel/kill-switch": the_kill_switch,
}
