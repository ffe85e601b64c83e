"""What each scope may do: a list that was decided, not one that came about."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import websockets
from access_members import Members
from api_fakes import Fakes
from api_running import Running
from fastmcp import Client
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from trading_mcp.api import ws
from trading_mcp.api.access import scope_of
from trading_mcp.api.application import build_app
from trading_mcp.api.mcp.catalogue import catalogue

DECIDED = json.loads(Path(__file__).with_name("scopes.json").read_text())
ELSEWHERE = ("POST /mcp", "POST /api/v1/auth/logout")
"""The one needs a server that listens, the other a login: both have tests of their own."""
TOO_LITTLE = {"trade": "control", "control": "trade", "admin": "control"}
"""Another scope beside each. Everybody may read, so there is none beside that."""


def test_every_route_socket_and_tool_stands_in_the_list(fakes: Fakes) -> None:
    """A new one needs an entry in scopes.json, and somebody to think which."""
    tools = {entry.name: entry.scope for entry in catalogue(fakes.operations.values())}

    assert dict(routes(fakes)) == DECIDED["routes"]
    assert DECIDED["websockets"] == {ws.PATH: ws.SCOPE}
    assert tools == DECIDED["tools"]


def test_no_tool_needs_admin() -> None:
    assert "admin" not in DECIDED["tools"].values()


async def test_a_route_answers_those_who_may_and_nobody_else(
    client: httpx.AsyncClient, members: Members, fakes: Fakes
) -> None:
    keys = {scope: members.key(scope) for scope in ("read", "trade", "control", "admin")}
    for route, scope in DECIDED["routes"].items():
        nobody = await ask(client, route)
        if scope == "public":
            assert nobody.status_code not in (401, 403), route
            fakes.calls.clear()
            continue
        assert (nobody.status_code, nobody.json()["code"]) == (401, "INVALID_REQUEST"), route
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        if scope in TOO_LITTLE:
            few = await ask(client, route, keys[TOO_LITTLE[scope]])
            assert (few.status_code, few.json()["code"]) == (403, "INVALID_REQUEST"), route
            assert few.json()["details"]["needed"] == scope
        assert fakes.calls == []
        if route not in ELSEWHERE:
            enough = await ask(client, route, keys[scope])
            assert enough.status_code in (200, 400), (route, enough.text)
        fakes.calls.clear()


async def test_a_tool_is_there_for_those_who_may_and_nobody_else(
    server: Running, members: Members, fakes: Fakes
) -> None:
    for own, other in TOO_LITTLE.items():
        key = members.key(own)
        async with Client(f"{server.mcp}/mcp", auth=key) as agent:
            tools = {tool.name: tool for tool in await agent.list_tools()}
            assert tools.keys() == {
                name for name, scope in DECIDED["tools"].items() if scope in seen_by(own)
            }
        async with httpx.AsyncClient(headers=shown(key)) as client:
            listed = (await client.get(f"{server.mcp}/tools")).json()["data"]
            assert {entry["name"] for entry in listed} == tools.keys()
        async with Client(f"{server.mcp}/mcp", auth=members.key(other)) as agent:
            mine = {t.name for t in await agent.list_tools()}
            for name in tools.keys() - mine:
                answer = await agent.call_tool(
                    name, arguments(tools[name].input_schema), raise_on_error=False
                )
                assert answer.is_error
                assert answer.structured_content["code"] == "INVALID_REQUEST", name
                assert answer.structured_content["details"]["needed"] == DECIDED["tools"][name]
                assert name not in [called for called, _, _ in fakes.calls]


async def test_each_tool_answers_a_key_with_its_scope(
    server: Running, members: Members, fakes: Fakes
) -> None:
    schemas = {e.name: e.input_schema for e in catalogue(fakes.operations.values())}
    for scope in ("read", "trade", "control"):
        agent = RawAgent(f"{server.mcp}/mcp", members.key(scope))
        async with agent.connected() as call:
            for tool in (name for name, needed in DECIDED["tools"].items() if needed == scope):
                assert '"isError":false' in await call(tool, arguments(schemas[tool])), tool


async def test_the_websocket_opens_for_those_who_may_and_nobody_else(
    server: Running, members: Members
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(server.ws, additional_headers=shown("tmcp_x"), proxy=None):
            pass
    async with websockets.connect(
        server.ws, additional_headers=shown(members.key()), proxy=None
    ) as line:
        await line.send('{"action": "ping"}')
        assert json.loads(await line.recv()) == {"type": "pong"}

    assert refused.value.response.status_code == 401


async def ask(client: httpx.AsyncClient, route: str, key: str | None = None) -> httpx.Response:
    method, path = route.split()
    path = re.sub("[{}]", "", path)
    return await client.request(method, path, headers=shown(key) if key else {})


class RawAgent:
    """An agent without a library, which would take ten times as long."""

    def __init__(self, url: str, key: str):
        self._url = url
        self._headers = shown(key) | {"accept": "application/json, text/event-stream"}

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Callable[..., Awaitable[str]]]:
        async with httpx.AsyncClient(headers=self._headers) as client:
            opening = {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }
            opened = await client.post(self._url, json=message("initialize", opening))
            client.headers["mcp-session-id"] = opened.headers["mcp-session-id"]

            async def call(tool: str, given: dict[str, Any]) -> str:
                asked = message("tools/call", {"name": tool, "arguments": given})
                return (await client.post(self._url, json=asked)).text

            yield call


def message(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}


def shown(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def seen_by(scope: str) -> set[str]:
    return {"read", "trade", "control"} if scope == "admin" else {"read", scope}


def routes(fakes: Fakes) -> Iterator[tuple[str, str]]:
    """Yield each route of the application with the scope that it needs."""
    app = cast(Litestar, build_app(fakes.context())._http)
    for route in app.routes:
        handlers: Any = getattr(route, "route_handlers", None) or [route.route_handler]
        for handler in handlers:
            for method in methods(handler):
                yield f"{method} {route.path_format}", scope_of(handler, fakes.operations)


def methods(handler: Any) -> list[str]:
    if not isinstance(handler, HTTPRouteHandler):
        return ["POST"]  # a mounted application
    return sorted(handler.http_methods - {"OPTIONS"})


def arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """Return some value for each parameter that must be given."""
    required = {name: schema["properties"][name] for name in schema.get("required", [])}
    return {name: some(field) for name, field in required.items()}


def some(field: dict[str, Any]) -> Any:
    match field:
        case {"enum": [first, *_]}:
            return first
        case {"type": "number" | "integer"}:
            return 1
        case {"type": "array", "items": items}:
            return [some(items)]
        case {"type": "object"}:
            return {}
        case _:
            return "BTC-USDT"
