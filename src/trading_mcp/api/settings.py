"""The `[server]` section of the configuration."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65_535)] | Literal["off"]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens, whom it answers, and how much it takes from them.

    port, rest_port, mcp_port: the gateway, REST with WebSocket, and MCP. 0: any free port;
        "off": not at all. Every path works on each of them.
    allow_remote: let *host* be an address that other machines can reach.
    allowed_hosts: further names that requests may call the server by (`trade.example`,
        `trade.example:8443`), besides 127.0.0.1, ::1, localhost and *host*.
    allowed_origins: web pages of other origins that may call it (`https://app.example`).
    max_body_bytes, max_json_depth: what is longer or nested deeper is refused.
    ws_queue: messages that may wait for a slow WebSocket subscriber.
    ws_max_connections: WebSocket connections at a time.
    request_log: write a line for each request.
    mcp_text: what a tool's result says as text, besides its structured content: a `summary`, or
        the same content as `json`, for clients that show their model only the text.
    """

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 9090
    rest_port: Port = 8081
    mcp_port: Port = 10600
    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Meta(ge=1024, le=67_108_864)] = 262_144
    max_json_depth: Annotated[int, Meta(ge=8, le=256)] = 32
    ws_queue: Annotated[int, Meta(ge=1, le=65_536)] = 256
    ws_max_connections: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    request_log: bool = True
    mcp_text: Literal["summary", "json"] = "summary"
