"""MCP over standard input and output: beside a running server, and instead of one."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

pytestmark = pytest.mark.slow

SETTINGS = {
    "strategies.enabled": "[]",
    "risk.max_position_size_usd": "1000",
    "risk.max_total_exposure_usd": "5000",
}
BUY = {"pair": "BTC-USDT", "side": "buy", "amount": 0.001, "idempotency_key": "once"}


@pytest.fixture
def speak(
    data_dir: Path, environment: dict[str, str], tmp_path: Path
) -> Callable[[], Client[StdioTransport]]:
    """A function that returns a client of `trading-mcp mcp` as MCP hosts start it."""

    def speaking() -> Client[StdioTransport]:
        transport = StdioTransport(
            sys.executable,
            ["-m", "trading_mcp", "mcp", *where(data_dir)],
            env=environment,
            cwd=str(tmp_path),
            keep_alive=False,
            log_file=tmp_path / "stdio.log",
        )
        return Client(transport)

    return speaking


async def test_beside_a_server_it_is_a_bridge_to_that_server(serve, speak) -> None:
    server = serve(strategies__enabled=[])

    async with speak() as client:
        tools = {tool.name for tool in await client.list_tools()}
        bought = (await client.call_tool("submit_market_order", BUY)).structured_content
        again = (await client.call_tool("submit_market_order", BUY)).structured_content

    orders = server.get("/api/v1/scalping/execution/history")
    listed = server.http.get(f"{server.urls['gateway']}/api/mcp/tools").json()["data"]
    assert tools == {entry["name"] for entry in listed}
    assert bought == again
    assert [order["order_id"] for order in orders] == [bought["order"]["order_id"]]


async def test_without_a_server_it_is_the_server(speak, run, data_dir: Path) -> None:
    async with speak() as client:
        await client.list_tools()
        bought = (await client.call_tool("submit_market_order", BUY)).structured_content
        other = run("serve", "--port", "0", "--rest-port", "0", "--mcp-port", "0", *where(data_dir))
        second = run("mcp", *where(data_dir))

    async with speak() as client:
        positions = (await client.call_tool("get_positions", {})).structured_content

    assert other.returncode == second.returncode == 2
    assert f"The data directory {data_dir} is in use" in other.stderr
    assert f"The data directory {data_dir} is in use" in second.stderr
    assert bought["outcome"] == "filled"
    assert positions["positions"][0]["id"] == bought["order"]["position_id"]


@pytest.mark.parametrize("bridged", [True, False])
def test_standard_output_is_the_protocol_and_nothing_else(
    serve, data_dir: Path, environment: dict[str, str], tmp_path: Path, bridged: bool
) -> None:
    if bridged:
        serve(strategies__enabled=[])
    command = [sys.executable, "-m", "trading_mcp", "mcp", *where(data_dir)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}

    with subprocess.Popen(command, **pipes, env=environment, cwd=tmp_path, text=True) as host:
        lines = list(conversation(host))

    said = [json.loads(line) for line in lines]
    assert all(message["jsonrpc"] == "2.0" for message in said)
    assert [message["id"] for message in said if "result" in message] == [1, 2, 3]
    assert host.returncode == 0


def conversation(host: "subprocess.Popen[str]") -> Iterator[str]:
    """Say each of a client's first sentences once the one before is answered; yield all answers."""
    assert host.stdin
    assert host.stdout
    client = {"name": "test", "version": "1"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    for number, (method, about) in enumerate(
        [("initialize", hello), ("tools/list", {}), ("tools/call", {"name": "bot_status"})], 1
    ):
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": about}
        host.stdin.write(json.dumps(request) + "\n")
        host.stdin.flush()
        yield (answer := host.stdout.readline())
        assert answer, "it has ended"
        if number == 1:
            host.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    host.stdin.close()
    yield from host.stdout


def where(data_dir: Path) -> list[str]:
    chosen = [word for pair in SETTINGS.items() for word in ("--set", "=".join(pair))]
    return ["--data-dir", str(data_dir), *chosen]
