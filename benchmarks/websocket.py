"""WebSocket: how long 1,000 subscribers at 50 announcements a second hold up everything else."""

import asyncio
import multiprocessing
import resource
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from benchmarks import Row
from benchmarks.rest import api, connect

if TYPE_CHECKING:
    from trading_mcp.engine.hub import Hub

SUBSCRIBERS, A_SECOND, SECONDS = 1_000, 50, 10.0
PROBE_S = 0.005
SUBSCRIBE = b'{"action":"subscribe","channels":["positions","trades","metrics","alerts"]}'


class Measured(NamedTuple):
    """What the server found. Seconds; *lags* is sorted."""

    announced: int
    cpu: float
    lags: list[float]

    def lag(self, share: float) -> str:
        """Return what the loop's lag was at most for *share* of the probes."""
        return f"{self.lags[int((len(self.lags) - 1) * share)] * 1000:.1f} ms"


def run() -> list[Row]:
    """Subscribe from this process to a server in another, and let it measure itself."""
    _take_all_files()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    try:
        heard = uvloop.run(_listen(here))
        measured: Measured = here.recv()
    finally:
        process.terminate()
        process.join()
    return _rows(measured, heard)


def _rows(measured: Measured, heard: int) -> list[Row]:
    meant = measured.announced * SUBSCRIBERS
    return [
        (f"announcements to {SUBSCRIBERS:,} subscribers", f"{A_SECOND}/s"),
        ("messages that arrived, of those meant", f"{heard:,} of {meant:,}"),
        ("processor time for a message", f"{measured.cpu / meant * 1e6:.1f} us"),
        ("loop's lag, p50", measured.lag(0.5)),
        ("loop's lag, p99 (aim: < 50 ms)", measured.lag(0.99)),
        ("loop's lag, worst", measured.lag(1.0)),
    ]


def _serve(parent: Connection) -> None:
    _take_all_files()
    uvloop.run(_announce(parent))


def _take_all_files() -> None:
    """Let this process have as many connections as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _announce(parent: Connection) -> None:
    from trading_mcp.engine.hub import Hub

    hub = Hub()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(api({}, hub, on_port=ready.set_result, request_log=False))
    parent.send(await ready)
    await asyncio.to_thread(parent.recv)  # all have subscribed
    measured = await _measure(hub)
    parent.send(None)
    parent.send(measured)
    await serving


async def _measure(hub: "Hub") -> Measured:
    lags: list[float] = []
    probing = asyncio.create_task(_probe(lags))
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(int(SECONDS * A_SECOND)):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
        hub.publish(_fact(number))
    cpu = time.process_time() - cpu
    probing.cancel()
    return Measured(number + 1, cpu, sorted(lags))


def _fact(number: int) -> object:
    from trading_mcp.engine.facts import PositionMarked

    return PositionMarked(
        position_id=f"pos_{number % 4}",
        symbol="DOGE-USDT",
        unrealized_pnl=15.5,
        current_price=0.0865,
        at=number,
    )


async def _probe(lags: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(PROBE_S)
        lags.append(time.perf_counter() - before - PROBE_S)


async def _listen(server: Connection) -> int:
    loop = asyncio.get_running_loop()
    port: int = await asyncio.to_thread(server.recv)
    listeners = [Listener(port, loop.create_future()) for _ in range(SUBSCRIBERS)]
    for listener in listeners:
        await connect(listener, port)
        await listener.subscribed
    server.send(None)
    await asyncio.to_thread(server.recv)  # all has been published
    await asyncio.sleep(1)
    return sum(listener.heard for listener in listeners)


class Listener(asyncio.Protocol):
    """Subscribes to everything and counts what it is told."""

    def __init__(self, port: int, subscribed: asyncio.Future[None]):
        self._port, self.subscribed = port, subscribed
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream's
        self._transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if b"101 Switching" in data:
            # Masked, as a client's message must be, with zeros.
            self._transport.write(bytes([0x81, 0x80 | len(SUBSCRIBE), 0, 0, 0, 0]) + SUBSCRIBE)
        elif not self.subscribed.done():
            self.subscribed.set_result(None)
        else:
            self.heard += data.count(b'"position_update"')
