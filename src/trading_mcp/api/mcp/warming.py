"""The first request, made by ourselves before anybody comes.

It imports and builds for half a second, during which nothing else would be done.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastmcp.server.http import StarletteWithLifespan

from trading_mcp.api.access import VISITOR
from trading_mcp.api.mcp.access import WARMING, as_user
from trading_mcp.api.mcp.catalogue import Entry

_REVISION = "2026-07-28"
_ABOUT = "io.modelcontextprotocol"


async def warm_up(mounted: StarletteWithLifespan, entries: Sequence[Entry]) -> None:
    """List the tools, and call one that needs to be told nothing."""
    await _ask(mounted, "tools/list", {})
    for entry in entries:
        if entry.annotations["readOnlyHint"] and not entry.input_schema.get("required"):
            await _ask(mounted, "tools/call", {"name": entry.name, "arguments": {}})
            return


async def _ask(mounted: StarletteWithLifespan, method: str, params: dict[str, Any]) -> None:
    meta = {f"{_ABOUT}/protocolVersion": _REVISION, f"{_ABOUT}/clientCapabilities": {}}
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    unread = [msgspec.json.encode(request)]

    async def receive() -> dict[str, Any]:
        if not unread:  # whoever asks again waits for us to hang up, which we do not
            await asyncio.Event().wait()
        return {"type": "http.request", "body": unread.pop(), "more_body": False}

    async def send(message: Any) -> None:
        if message.get("status", 200) != 200:  # a fault of ours: nobody else has a hand in this
            raise RuntimeError(f"MCP does not answer itself: {method} gives {message['status']}")

    await mounted(_scope(method, params.get("name", "")), receive, send)


def _scope(method: str, name: str) -> dict[str, Any]:
    headers = {
        "host": "127.0.0.1",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": _REVISION,
        "mcp-method": method,
        **({"mcp-name": name} if name else {}),
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        VISITOR: WARMING,
        "user": as_user(WARMING),
    }
