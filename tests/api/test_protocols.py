"""Connections that send their headers slowly, or without end."""

import asyncio
import contextlib

import pytest
import websockets
from api_running import Running, Serve

from trading_mcp.api import bodies, protocols


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_TIMEOUT_S", 0.05)
    monkeypatch.setattr(bodies, "TIMEOUT_S", 0.05)


async def answered(server: Running, sent: bytes) -> bytes:
    """Send *sent*, wait until the server closes the connection, return what it said."""
    host, _, port = server.rest.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent.replace(b"{host}", f"{host}:{port}".encode()))
    said = b""
    try:
        # A connection that is closed with something unread ends in a reset.
        with contextlib.suppress(ConnectionResetError):
            while part := await asyncio.wait_for(reader.read(65_536), 10):
                said += part
    finally:
        writer.close()
    return said


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "sent", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: {host}\r\n"]
)
async def test_who_does_not_finish_the_headers_is_cut_off(running: Serve, sent: bytes) -> None:
    async with running() as server:
        assert await answered(server, sent) == b""


@pytest.mark.usefixtures("impatient")
async def test_a_second_request_must_finish_its_headers_too(running: Serve) -> None:
    whole = b"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n"
    async with running() as server:
        said = await answered(server, whole + b"\r\nGET /hea")

    assert said.startswith(b"HTTP/1.1 200")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.usefixtures("impatient")
async def test_who_does_not_finish_the_body_is_refused(running: Serve) -> None:
    async with running() as server:
        said = await answered(
            server,
            b"POST /api/v1/scalping/stop HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{",
        )

    assert said.startswith(b"HTTP/1.1 408")
    assert b'"INVALID_REQUEST"' in said


async def test_white_space_around_a_header_is_no_part_of_it(server: Running) -> None:
    said = await answered(
        server, b"GET /health HTTP/1.1\r\nHost: \t {host} \t \r\nConnection: close\r\n\r\n"
    )

    assert said.startswith(b"HTTP/1.1 200")


async def test_endless_headers_are_not_answered(server: Running) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(10_000))

    said = await answered(server, b"GET /health HTTP/1.1\r\nHost: {host}\r\n" + headers + b"\r\n")

    assert said == b"" or said.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [
        (b"GET", b"Cookie: " + b"x" * 9000, b"400"),
        (b"GET", b"Content-Length: 5", b"400"),
        (b"GET", b"Sec-WebSocket-Protocol: ,", b"400"),
        (b"POST", b"Accept: */*", b"405"),
    ],
)
async def test_what_is_no_handshake_is_refused_and_holds_up_nothing(
    running: Serve, method: bytes, header: bytes, status: bytes
) -> None:
    upgrade = (
        b" /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\n" + header + b"\r\n\r\n"
    )
    async with running() as server:  # and it must stop in good order
        said = await answered(server, method + upgrade)

    assert said.startswith(b"HTTP/1.1 " + status)


async def pinged(server: Running, times: int) -> None:
    async with websockets.connect(server.ws, proxy=None) as connection:
        for _ in range(times):
            await (await connection.ping())


async def test_who_pings_without_end_is_cut_off(server: Running) -> None:
    await pinged(server, 3)

    with pytest.raises(websockets.ConnectionClosed):
        await pinged(server, 1_000)
