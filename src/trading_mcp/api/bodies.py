"""Reading request bodies: whole, and never too long, too slow or too deep."""

import asyncio
import re

from trading_mcp.api.asgi import Message, Receive, Scope
from trading_mcp.api.errors import BodyTooLarge, BodyTooSlow
from trading_mcp.domain.errors import InvalidRequest, TradingError

TIMEOUT_S = 10.0
"""A body must have arrived by then."""

# A string that does not end is taken to its end all the same, and nothing is tried twice: looked
# for again after each quote in it, one body could keep the loop busy for minutes.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ClientGone(Exception):
    """The client left before it had sent everything."""


async def checked(
    scope: Scope, receive: Receive, *, most: int, deepest: int
) -> tuple[bytes, Receive]:
    """Read the request's body; return it, and a `receive` that gives it. Raises TradingError."""
    if scope["method"] not in _METHODS_WITH_BODY:
        return b"", receive
    _announced(scope, most)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            body = await _read(receive, most)
    except TimeoutError:
        raise BodyTooSlow(f"The body did not arrive within {TIMEOUT_S:.0f} seconds") from None
    if is_deeper(body, deepest):
        raise InvalidRequest(f"The body is nested deeper than {deepest} levels", limit=deepest)
    return body, _again(body, receive)


def is_deeper(body: bytes, levels: int) -> bool:
    """Say whether *body*, taken as JSON, is nested deeper than *levels*."""
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    depth = 0
    for token in _TOKENS.finditer(body):
        if token[0] in b"[{":
            depth += 1
            if depth > levels:
                return True
        elif token[0] in b"]}":
            depth -= 1
    return False


def _announced(scope: Scope, most: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > most:
            raise _too_large(most)


async def _read(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(most: int) -> TradingError:
    return BodyTooLarge(f"The body is larger than {most} bytes", limit=most)


def _again(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
