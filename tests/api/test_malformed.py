"""Requests that are wrong in every way at once: each is answered, none is our fault."""

import asyncio
import random

import pytest
from api_running import Running

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO"]
PATHS = ["/", "/mcp", "/mcp/%0a", "/ws", "/docs/openapi.json", "/api/mcp/tools", "/%00", "//", "*"]
PATHS += ["/api/v1/scalping/positions/history", "/api/v1/scalping/start", "/" + "a" * 5000]
PATHS += ["/api/v1/positions/%ff/sltp", "/api/v1/scalping/strategies/a%2fb", "http://evil/health"]
PATHS += ["/api/scalping//health", "/api/v1/scalping/strategies/%2e%2e/config"]
QUERIES = [
    "",
    "?limit=5",
    "?%ff=%ff",
    "?limit=%00",
    "?a&b&&=",
    "?from=%F0%9F",
    "?limit=" + "9" * 30,
]
TYPES = [b"application/json; charset=\xff", b"multipart/form-data", b"application/msgpack"]
HEADERS = [b"", *(b"Content-Type: %s\r\n" % kind for kind in TYPES)]
HEADERS += [b"Cookie: \xff=\xfe; a\r\n", b"Accept: \xff;q=zz\r\n", b"Origin: \xff\r\n"]
HEADERS += [b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Content-Encoding: gzip\r\n"]
HEADERS += [b"Idempotency-Key: \xff\r\n", b"X-Request-ID: \xff\r\n", b"Expect: 100-continue\r\n"]
HEADERS += [b"Authorization: Bearer \xff\r\n", b"X-API-Key: tmcp_\xff_\r\n", b"Authorization:\r\n"]
HEADERS += [b"Accept: application/json, text/event-stream\r\nmcp-session-id: nope\r\n"]
BODIES = [b"", b"{}", b"[]", b"null", b"{bad", b"\xff\xfe", b'{"a":' * 20, b"[1e400]", b'"' * 100]
BODIES += [b'{"pair":"BTC-USDT"}', b'{"pair":"\\ud800abc"}', b'{"jsonrpc":"2.0","id":{}}']
BODIES += [b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}']


@pytest.mark.slow
async def test_malformed_requests_are_all_answered_and_none_as_a_fault_of_ours(
    server: Running,
) -> None:
    chance = random.Random(11)
    for _ in range(600):
        request = malformed(chance, server.gateway.removeprefix("http://"))
        status = await answer(server, request)
        assert status[:1] in (b"1", b"2", b"3", b"4"), request


def malformed(chance: random.Random, host: str) -> bytes:
    line = f"{chance.choice(METHODS)} {chance.choice(PATHS)}{chance.choice(QUERIES)} HTTP/1.1"
    body = chance.choice(BODIES)
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return f"{line}\r\nHost: {host}\r\n".encode() + chance.choice(HEADERS) + length + body


async def answer(server: Running, request: bytes) -> bytes:
    host, _, port = server.gateway.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    try:
        said = await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()
    return said.removeprefix(b"HTTP/1.1 ")
