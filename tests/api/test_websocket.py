"""The WebSocket: subscriptions, wrong messages, slow subscribers, limits."""

import asyncio
import contextlib
import json
import socket
from typing import Any

import pytest
import websockets
from api_fakes import Fakes
from api_running import Running, Serve
from websockets.asyncio.client import ClientConnection

from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import Alert
from trading_mcp.engine.facts import MetricsMeasured, PositionMarked

MARKED = PositionMarked(
    position_id="pos_1", symbol="BTC-USDT", unrealized_pnl=1.5, current_price=2.0, at=0
)
MEASURED = MetricsMeasured(total_pnl=1, daily_pnl=1, win_rate=50, active_positions=1, at=0)


def alert(message: str = "something") -> e.AlertRaised:
    raised = Alert(id="alert_1", trigger="test", severity="info", message=message, at=0)
    return e.AlertRaised(at=0, alert=raised)


def connect(server: Running, **options: Any) -> websockets.connect:
    return websockets.connect(server.ws, proxy=None, **options)


async def ask(line: ClientConnection, message: Any) -> Any:
    await line.send(message if isinstance(message, str | bytes) else json.dumps(message))
    return await heard(line)


async def heard(line: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(line.recv(), 10))


async def test_a_subscriber_is_told_of_its_channels_only(server: Running, fakes: Fakes) -> None:
    async with connect(server) as line:
        answer = await ask(line, {"action": "subscribe", "channels": ["positions", "alerts"]})
        fakes.hub.publish(MEASURED, MARKED)
        told = await heard(line)

    assert answer == {
        "type": "subscribed",
        "channels": ["positions", "alerts"],
        "active": ["positions", "alerts"],
    }
    assert told == {
        "type": "position_update",
        "data": {
            "id": "pos_1",
            "symbol": "BTC-USDT",
            "unrealized_pnl": 1.5,
            "current_price": 2.0,
        },
        "timestamp": "1970-01-01T00:00:00Z",
    }


async def test_one_who_unsubscribes_is_told_no_longer(server: Running, fakes: Fakes) -> None:
    async with connect(server) as line:
        await ask(line, {"action": "subscribe", "channels": ["positions", "metrics"]})
        answer = await ask(line, {"action": "unsubscribe", "channels": ["positions"]})
        fakes.hub.publish(MARKED, MEASURED)

        assert answer == {"type": "unsubscribed", "channels": ["positions"], "active": ["metrics"]}
        assert (await heard(line))["type"] == "metrics_update"


async def test_the_gateway_has_the_websocket_too(server: Running) -> None:
    for address in (server.gateway, server.gateway + "/api/scalping"):
        async with websockets.connect(address.replace("http", "ws") + "/ws", proxy=None) as line:
            assert await ask(line, {"action": "ping"}) == {"type": "pong"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{bad", "INVALID_REQUEST"),
        (b'{"action": "ping"}', "INVALID_REQUEST"),
        ({"action": "subscribe", "channels": ["secrets"]}, "INVALID_PARAMETER"),
        ({"action": "subscribe", "channels": []}, "INVALID_PARAMETER"),
        ({"action": "subscribe", "channels": ["alerts"] * 101}, "INVALID_PARAMETER"),
        ({"action": "subscribe"}, "MISSING_PARAMETER"),
        ({"action": "shout"}, "INVALID_PARAMETER"),
        ({"action": "ping", "loud": True}, "INVALID_REQUEST"),
        ([], "INVALID_REQUEST"),
    ],
)
async def test_a_wrong_message_is_answered_and_the_connection_lives(
    server: Running, message: Any, code: str
) -> None:
    async with connect(server) as line:
        answer = await ask(line, message)

        assert answer.keys() == {"type", "error", "code", "details"}
        assert (answer["type"], answer["code"]) == ("error", code)
        assert await ask(line, {"action": "ping"}) == {"type": "pong"}


async def closing(line: ClientConnection) -> tuple[int | None, str | None]:
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await heard(line)
    return line.close_code, line.close_reason


@pytest.mark.parametrize(
    ("message", "times", "reason"), [("wrong", 20, "wrong"), ('{"action":"ping"}', 51, "second")]
)
async def test_one_who_goes_too_far_is_sent_away(
    server: Running, message: str, times: int, reason: str
) -> None:
    async with connect(server) as line:
        for _ in range(times * 2):
            await line.send(message)
        code, why = await closing(line)

    assert code == 1008
    assert reason in str(why)


async def test_only_so_many_may_be_connected(running: Serve) -> None:
    async with running(ws_max_connections=1) as server:
        async with connect(server) as line:
            await ask(line, {"action": "ping"})
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connect(server):
                    pass

        assert refused.value.response.status_code == 503


async def test_another_path_has_no_websocket(server: Running) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(server.ws + "x", proxy=None):
            pass

    assert refused.value.response.status_code == 404


async def test_one_who_reads_nothing_is_cut_off_and_holds_up_nobody(
    running: Serve, fakes: Fakes
) -> None:
    async with running(ws_queue=8) as server:
        deaf = await deaf_subscriber(server)
        async with connect(server) as line:
            await ask(line, {"action": "subscribe", "channels": ["alerts"]})
            # More than the deaf one's connection and queue can hold.
            for number in range(200):
                fakes.hub.publish(alert(f"{number} " + "x" * 100_000))
                told = await heard(line)
                assert told["data"]["message"].startswith(f"{number} ")
        await gone(deaf)


async def deaf_subscriber(server: Running) -> socket.socket:
    """Connect, subscribe to alerts, and read nothing any more."""
    loop = asyncio.get_running_loop()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    host, _, port = server.rest.removeprefix("http://").partition(":")
    await loop.sock_connect(deaf, (host, int(port)))
    handshake = (
        f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await loop.sock_sendall(deaf, handshake.encode())
    await loop.sock_recv(deaf, 1024)
    message = b'{"action":"subscribe","channels":["alerts"]}'
    frame = bytes([0x81, 0x80 | len(message), 0, 0, 0, 0]) + message  # masked, with zeros
    await loop.sock_sendall(deaf, frame)
    assert b"subscribed" in await loop.sock_recv(deaf, 1024)
    return deaf


async def gone(deaf: socket.socket) -> None:
    """Wait until the server has cut the connection; what it sent before is still there."""
    loop = asyncio.get_running_loop()
    with deaf:
        async with asyncio.timeout(10):
            try:
                while await loop.sock_recv(deaf, 65_536):
                    pass
            except ConnectionResetError:
                pass
