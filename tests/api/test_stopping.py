"""Listening and stopping: busy ports, signals, and connections that do not end by themselves."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets
from api_running import Running

from trading_mcp.api.server import ListenerBusy, bind
from trading_mcp.api.settings import ServerSettings

PROGRAM = str(Path(__file__).with_name("serving.py"))
FREE = {"port": 0, "rest_port": 0, "mcp_port": 0}


def test_a_busy_port_is_named_with_what_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenerBusy) as busy:
            bind(ServerSettings(**FREE | {"rest_port": port}))  # type: ignore[arg-type]

    for word in (f"127.0.0.1:{port}", "server.rest_port", "--rest-port"):
        assert word in str(busy.value)


def test_an_address_that_is_not_ours_is_named_too() -> None:
    with pytest.raises(ListenerBusy, match=r"192\.0\.2\.1:0"):
        bind(ServerSettings(host="192.0.2.1", **FREE))  # type: ignore[arg-type]


async def test_websockets_are_told_that_the_server_stops(server: Running) -> None:
    async with websockets.connect(server.ws, proxy=None) as line:
        await line.send('{"action":"ping"}')
        await line.recv()
        began = time.monotonic()
        await server.stop()
        with pytest.raises(websockets.ConnectionClosed):
            await line.recv()

    assert line.close_code in (1001, 1012)
    assert time.monotonic() - began < 3


class Program:
    """A server in its own process."""

    def __init__(self, process: asyncio.subprocess.Process, urls: dict[str, str]):
        self.process, self.urls = process, urls

    async def stop(self, *signals: signal.Signals) -> tuple[int, float]:
        """Send *signals*; return the exit code and the seconds it took."""
        began = time.monotonic()
        for number in signals:
            self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 20)
        return code, time.monotonic() - began


@contextlib.asynccontextmanager
async def program() -> AsyncIterator[Program]:
    piped = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, stdout=piped, stderr=piped
    )
    assert process.stdout
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield Program(process, json.loads(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def connections(server: Program, stack: contextlib.AsyncExitStack) -> None:
    """Open a WebSocket, an MCP event stream, an idle connection, and a request without end."""
    rest = server.urls["rest"]
    line = await stack.enter_async_context(
        websockets.connect(rest.replace("http", "ws") + "/ws", proxy=None)
    )
    await line.send('{"action":"subscribe","channels":["alerts"]}')
    await line.recv()
    client = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
    await client.get(f"{rest}/api/v1/scalping/status")
    opened = await client.post(
        f"{rest}/mcp",
        headers={"accept": "application/json, text/event-stream"},
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
    )
    session = {"mcp-session-id": opened.headers["mcp-session-id"], "accept": "text/event-stream"}
    await stack.enter_async_context(client.stream("GET", f"{rest}/mcp", headers=session))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_server_in_time_with_all_sorts_of_connections(
    number: signal.Signals,
) -> None:
    async with program() as server, contextlib.AsyncExitStack() as stack:
        await connections(server, stack)
        code, seconds = await server.stop(number)

    assert code == 0
    assert seconds < 3


@pytest.mark.slow
async def test_a_request_that_does_not_end_is_cut_off() -> None:
    async with program() as server, httpx.AsyncClient(timeout=30) as client:
        endless = asyncio.create_task(client.get(server.urls["rest"] + "/api/v1/scalping/metrics"))
        await client.get(server.urls["rest"] + "/api/v1/scalping/status")
        code, seconds = await server.stop(signal.SIGTERM)
        with pytest.raises(httpx.HTTPError):
            (await endless).raise_for_status()

    assert code == 0
    assert seconds < 5


async def silence(url: str) -> None:
    """Wait until the server listens no more: then it has heard the signal."""
    async with httpx.AsyncClient() as client:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                await client.get(f"{url}/health", headers={"connection": "close"})


@pytest.mark.slow
async def test_a_second_signal_waits_for_nobody() -> None:
    async with program() as server, httpx.AsyncClient(timeout=30) as client:
        endless = asyncio.create_task(client.get(server.urls["rest"] + "/api/v1/scalping/metrics"))
        await client.get(server.urls["rest"] + "/api/v1/scalping/status")
        server.process.send_signal(signal.SIGTERM)
        await silence(server.urls["mcp"])
        code, seconds = await server.stop(signal.SIGTERM)
        with pytest.raises(httpx.HTTPError):
            (await endless).raise_for_status()

    assert code == 0
    assert seconds < 3  # what the first signal alone would let it wait
