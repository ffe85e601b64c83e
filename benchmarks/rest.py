"""REST: what the whole stack answers in a second, beside a bare Litestar route."""

import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median
from typing import TYPE_CHECKING, Any

import uvloop

from benchmarks import Row

if TYPE_CHECKING:
    from trading_mcp.engine.hub import Hub
    from trading_mcp.services.operations import Operation

CONNECTIONS, SECONDS, ROUNDS = 32, 2.0, 5
PATH = "/api/v1/scalping/health"


def run() -> list[Row]:
    """Ask both servers in turn, over connections that stay open, from a process of our own."""
    with served(whole_stack) as whole, served(bare_route) as bare:
        for port in (whole, bare):
            _asked(port)
        rounds = [(_asked(whole), _asked(bare)) for _ in range(ROUNDS)]
    ours, theirs = (median(figures) for figures in zip(*rounds, strict=True))
    ratio = median(mine / other for mine, other in rounds)
    return [
        ("GET health through the whole stack, its line in the log", f"{ours:,.0f} requests/s"),
        ("GET of a bare Litestar route", f"{theirs:,.0f} requests/s"),
        ("the whole stack as part of the bare route", f"{ratio:.2f}"),
    ]


@contextmanager
def served(serve: Callable[[Connection], None]) -> Iterator[int]:
    """Run *serve* in its own process and give the port that it sends."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def whole_stack(ready: Connection) -> None:
    """Serve everything, with one operation behind it."""
    from trading_mcp.api.logging import configure_logging

    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # until the process ends
    configure_logging("json", "info")
    uvloop.run(_whole_stack(ready))


async def _whole_stack(ready: Connection) -> None:
    from trading_mcp.engine.hub import Hub
    from trading_mcp.services.operations import table

    await api(table(_health_service()), Hub(), on_port=ready.send)


async def api(
    operations: dict[str, "Operation"],
    hub: "Hub",
    *,
    on_port: Callable[[int], None],
    request_log: bool = True,
) -> None:
    """Serve *operations* and what *hub* publishes on some port."""
    from trading_mcp.api.application import build_app
    from trading_mcp.api.context import ApiContext
    from trading_mcp.api.server import bind, serve
    from trading_mcp.api.settings import ServerSettings
    from trading_mcp.services.announcements import Announcer

    settings = ServerSettings(port=0, rest_port="off", mcp_port="off", request_log=request_log)
    context = ApiContext(
        operations=operations,
        announcer=Announcer(hub),
        settings=settings,
        version="0",
        uptime_s=lambda: 0.0,
        exchanges={},
    )

    def tell(urls: dict[str, str]) -> None:
        on_port(int(urls["gateway"].rpartition(":")[2]))

    await serve(build_app(context), settings, bind(settings), on_ready=tell)


def _health_service() -> object:
    from trading_mcp.services.operations import Caller, operation
    from trading_mcp.services.shapes.common import Nothing
    from trading_mcp.services.shapes.status import Health

    class Service:
        @operation("scalping", rest_only="as it really is")
        async def get_health(self, request: Nothing, caller: Caller) -> Health:
            """Return what the real one returns, without an engine."""
            return Health(
                status="healthy",
                running=True,
                uptime="2h30m15s",
                errors=[],
                timestamp="2025-11-16T10:00:00Z",
            )

    Service.get_health.__annotations__.update(request=Nothing, caller=Caller)
    Service.get_health.__annotations__["return"] = Health
    return Service()


def bare_route(ready: Connection) -> None:
    """Serve one route with nothing before and behind it."""
    uvloop.run(_bare_route(ready))


async def _bare_route(ready: Connection) -> None:
    import socket

    import uvicorn
    from litestar import Litestar, get

    from trading_mcp.services.shapes.status import Health

    answer = Health(
        status="healthy",
        running=True,
        uptime="2h30m15s",
        errors=[],
        timestamp="2025-11-16T10:00:00Z",
    )

    @get(PATH)
    async def health() -> Health:
        return answer

    bound = socket.create_server(("127.0.0.1", 0), backlog=128)
    app: Any = Litestar([health], logging_config=None, openapi_config=None)
    config = uvicorn.Config(app, log_config=None, access_log=False)
    ready.send(bound.getsockname()[1])
    await uvicorn.Server(config).serve(sockets=[bound])


def _asked(port: int) -> float:
    return uvloop.run(_requests_a_second(port))


async def _requests_a_second(port: int) -> float:
    clients = [Client(port) for _ in range(CONNECTIONS)]
    for client in clients:
        await connect(client, port)
    began = time.perf_counter()
    await asyncio.sleep(SECONDS)
    answered = sum(client.answered for client in clients)
    seconds = time.perf_counter() - began
    for client in clients:
        client.transport.abort()
    return answered / seconds


async def connect(client: asyncio.Protocol, port: int) -> None:
    """Let *client* speak with the server at *port*."""
    await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered. All answers are as long as the first."""

    transport: asyncio.Transport

    def __init__(self, port: int):
        self._request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._length, self._received, self.answered = 0, b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream's
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._length = self._length or _length(self._received)
        if self._length and len(self._received) >= self._length:
            if not self._received.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(self._received[:200])
            self._received = b""
            self.answered += 1
            self.transport.write(self._request)


def _length(answer: bytes) -> int:
    """Return how long the whole of *answer* is; 0 while its headers are not there."""
    head, end, _ = answer.partition(b"\r\n\r\n")
    if not end:
        return 0
    [size] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return len(head) + len(end) + int(size.partition(b":")[2])
