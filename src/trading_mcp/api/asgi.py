"""ASGI's types, and answering in it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:  # what it stands on is heavy, and the configuration need not wait for it
    from trading_mcp.api.errors import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


async def refuse(scope: Scope, send: Send, problem: "Problem") -> None:
    """Answer a request, or a WebSocket's handshake, with *problem*."""
    # What is left of a refused body is not read, so the connection cannot go on.
    told = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    headers = [(b"connection", b"close"), *told]
    body = msgspec.json.encode(problem.body())
    await respond(scope, send, problem.status, body, b"application/json", headers)


async def redirect(scope: Scope, send: Send, location: str) -> None:
    """Send the client to *location*."""
    headers = [(b"location", location.encode())]
    await respond(scope, send, 302, b"", b"text/plain", headers)


async def respond(
    scope: Scope, send: Send, status: int, body: bytes, kind: bytes, headers: list[Header]
) -> None:
    """Send a whole response; *kind* is its media type."""
    about = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    told = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": f"{about}.start", "status": status, "headers": told})
    await send({"type": f"{about}.body", "body": body, "more_body": False})
