"""MCP: keys and tokens, in both eras of the protocol, and over the bridge."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from access_members import PASSWORD, Members
from api_fakes import Fakes
from api_running import Running
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
CALL = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "bot_status", "arguments": {}},
}
ACCEPT = {"accept": "application/json, text/event-stream"}
BRIDGE = """
import asyncio, os, sys
from trading_mcp.api.mcp.stdio import bridge_stdio
asyncio.run(bridge_stdio(sys.argv[1], key=os.environ.get("TRADING_MCP_API_KEY")))
"""


@pytest.fixture(params=["auto", "legacy"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def principals(fakes: Fakes) -> list[str]:
    """Return on whose behalf tools were called, the server's own first call aside."""
    return [caller.principal for _, _, caller in fakes.calls if caller.principal != "server"]


async def test_each_call_is_on_behalf_of_whose_key_it_comes_with(
    server: Running, members: Members, fakes: Fakes, mode: str
) -> None:
    keys = [members.key("trade"), members.key("read")]
    for headers in ({"Authorization": f"Bearer {keys[0]}"}, {"X-API-Key": keys[1]}):
        transport = StreamableHttpTransport(f"{server.mcp}/mcp", headers=headers)
        async with Client(transport, mode=mode) as agent:
            await agent.call_tool("get_ticker", {"pair": "BTC-USDT"})
            await agent.call_tool("get_ticker", {"pair": "BTC-USDT"})

    first, second = (f"key:{key.split('_')[1]}" for key in keys)
    assert principals(fakes) == [first, first, second, second]


async def test_agents_at_the_same_time_are_not_mixed_up(
    server: Running, members: Members, fakes: Fakes, mode: str
) -> None:
    keys = [members.key() for _ in range(4)]

    async def work(key: str) -> None:
        async with Client(f"{server.mcp}/mcp", auth=key, mode=mode) as agent:
            for _ in range(5):
                own = {"pair": "BTC-USDT", "exchange": key.split("_")[1]}
                await agent.call_tool("get_ticker", own)

    await asyncio.gather(*map(work, keys))

    called = [(request, caller) for name, request, caller in fakes.calls if name == "get_ticker"]
    assert len(called) == 20
    assert all(caller.principal == f"key:{request.exchange}" for request, caller in called)


async def test_a_login_serves_agents_too_but_not_as_admin(
    server: Running, members: Members, fakes: Fakes, mode: str
) -> None:
    members.user("ada", "admin")
    async with httpx.AsyncClient(base_url=server.rest) as client:
        body = {"username": "ada", "password": PASSWORD}
        login = (await client.post("/api/v1/auth/login", json=body)).json()["data"]
    async with Client(f"{server.mcp}/mcp", auth=login["token"], mode=mode) as agent:
        await agent.call_tool("bot_status", {})

    [(_, _, caller)] = [call for call in fakes.calls if call[2].principal == "user:ada"]
    assert caller.scopes == {"read", "trade", "control"}


async def test_nobody_is_told_how_to_log_in(server: Running, fakes: Fakes) -> None:
    strangers = ({}, {"Authorization": "Bearer x"}, {"X-API-Key": "tmcp_x_y"})
    async with httpx.AsyncClient(base_url=server.gateway, headers=ACCEPT) as client:
        for path in ("/mcp", "/", "/api/mcp", "/mcp/"):
            for headers in strangers:
                for body in (INITIALIZE, CALL):
                    answer = await client.post(path, json=body, headers=headers)
                    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_REQUEST")
                    assert answer.headers["www-authenticate"].startswith("Bearer")

    assert principals(fakes) == []


async def test_a_session_is_its_openers_only(
    server: Running, members: Members, fakes: Fakes
) -> None:
    """The key that opened it could do more than the one that finds out its number."""
    opener, other = members.key("trade"), members.key("trade")
    async with httpx.AsyncClient(base_url=server.mcp, headers=ACCEPT) as client:
        opened = await client.post("/mcp", json=INITIALIZE, headers={"X-API-Key": opener})
        session = {"mcp-session-id": opened.headers["mcp-session-id"]}
        stolen = await client.post("/mcp", json=CALL, headers=session | {"X-API-Key": other})
        bare = await client.post("/mcp", json=CALL, headers=session)
        own = await client.post("/mcp", json=CALL, headers=session | {"X-API-Key": opener})
        ended = await client.delete("/mcp", headers=session | {"X-API-Key": other})

    assert [a.status_code for a in (stolen, bare, own, ended)] == [404, 401, 200, 404]
    assert principals(fakes) == [f"key:{opener.split('_')[1]}"]


async def test_a_session_ends_with_its_key(server: Running, members: Members) -> None:
    key = members.key()
    shown = {"X-API-Key": key}
    async with httpx.AsyncClient(base_url=server.mcp, headers=ACCEPT | shown) as client:
        opened = await client.post("/mcp", json=INITIALIZE)
        session = {"mcp-session-id": opened.headers["mcp-session-id"]}
        before = await client.post("/mcp", json=CALL, headers=session)
        members.registry.revoke_key(key.split("_")[1])
        after = await client.post("/mcp", json=CALL, headers=session)

    assert (before.status_code, after.status_code) == (200, 401)


async def test_resources_are_read_on_behalf_of_the_reader(
    server: Running, members: Members, fakes: Fakes, mode: str
) -> None:
    key = members.key()
    async with Client(f"{server.mcp}/mcp", auth=key, mode=mode) as agent:
        await agent.read_resource("trading://status")

    assert principals(fakes) == [f"key:{key.split('_')[1]}"]


@pytest.mark.slow
async def test_the_bridge_shows_the_key_that_it_is_given(
    server: Running, members: Members, fakes: Fakes, tmp_path: Path
) -> None:
    program = tmp_path / "bridge.py"
    program.write_text(BRIDGE)
    key = members.key("trade")

    def bridge(environment: dict[str, str]) -> Client[Any]:
        command = [str(program), f"{server.mcp}/mcp"]
        return Client(
            StdioTransport(
                sys.executable, command, env={**os.environ, **environment}, keep_alive=False
            )
        )

    proxied = {"http_proxy": "http://127.0.0.1:1", "no_proxy": ""}  # nobody's, and not asked
    async with bridge({"TRADING_MCP_API_KEY": key, **proxied}) as agent:
        await agent.call_tool("bot_status", {})

    assert principals(fakes) == [f"key:{key.split('_')[1]}"]
