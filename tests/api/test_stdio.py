"""MCP over standard input and output: the server itself, and a bridge to one that runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from api_fakes import Fakes
from api_running import Running
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from trading_mcp.domain.errors import ExchangeError

PROGRAM = str(Path(__file__).with_name("stdio_server.py"))


def spawned(mode: str, *arguments: str) -> Client[Any]:
    command = [PROGRAM, *arguments]
    transport = StdioTransport(sys.executable, command, env=dict(os.environ), keep_alive=False)
    return Client(transport, mode=mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_server_speaks_over_stdio(mode: str) -> None:
    async with spawned(mode) as agent:
        tools = await agent.list_tools()
        answer = await agent.call_tool("get_ticker", {"pair": "BTC-USDT"})

    assert "get_ticker" in [tool.name for tool in tools]
    assert answer.structured_content["last"] == 1.5


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_bridge_passes_everything_on_unchanged(
    server: Running, fakes: Fakes, mode: str
) -> None:
    fakes.answers["submit_market_order"] = ExchangeError("No answer", outcome="unknown")
    order = {"pair": "BTC-USDT", "side": "buy", "amount": "0.5"}

    async with Client(f"{server.mcp}/mcp", mode=mode) as direct:
        listed = await direct.list_tools()
        failed = await direct.call_tool("submit_market_order", order, raise_on_error=False)
    async with spawned(mode, f"{server.mcp}/mcp") as agent:
        tools = await agent.list_tools()
        failing = await agent.call_tool("submit_market_order", order, raise_on_error=False)
        answer = await agent.call_tool("get_ticker", {"pair": "BTC-USDT"})

    assert tools == listed
    assert failing.is_error
    assert failing.structured_content == failed.structured_content
    assert failing.content == failed.content
    assert answer.structured_content["last"] == 1.5


@pytest.mark.slow
async def test_a_bridge_passes_on_no_more_than_it_was_started_for(
    server: Running, fakes: Fakes
) -> None:
    chosen = '{"toolsets": ["orders", "risk"], "read_only": true}'

    async with spawned("auto", f"{server.mcp}/mcp", chosen) as agent:
        tools = await agent.list_tools()
        refused = [
            await agent.call_tool(name, {}, raise_on_error=False)
            for name in ("stop_bot", "activate_kill_switch", "get_positions")
        ]
        passed = await agent.call_tool("get_open_orders", {})

    assert {fakes.operations[tool.name].toolset for tool in tools} == {"orders", "risk"}
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert [answer.is_error for answer in refused] == [True, True, True]
    assert all("--toolsets or --read-only" in a.structured_content["hint"] for a in refused)
    assert passed.structured_content
    called = {name for name, _, _ in fakes.calls}
    assert called.isdisjoint({"stop_bot", "activate_kill_switch", "get_positions"})


@pytest.mark.slow
def test_nothing_but_the_protocol_comes_out() -> None:
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }

    done = subprocess.run(
        [sys.executable, PROGRAM],
        input=json.dumps(asked) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1]
