"""The faces' sections of the configuration: `[server]`, `[mcp]`, `[auth]`, `[rate_limits]`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.api.addresses import is_loopback

Port = Annotated[int, Meta(ge=0, le=65_535)] | Literal["off"]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens, whom it answers, and how much it takes from them.

    port, rest_port, mcp_port: the gateway, REST with WebSocket, and MCP. 0: any free port;
        "off": not at all. Every path works on each of them.
    allow_remote: let *host* be an address that other machines can reach, login or not.
    allowed_hosts: further names that requests may call the server by (`trade.example`,
        `trade.example:8443`), besides 127.0.0.1, ::1, localhost and *host*.
    allowed_origins: web pages of other origins that may call it (`https://app.example`).
    trusted_proxies: addresses and networks whose word on who called them is taken
        (X-Forwarded-For).
    max_body_bytes, max_json_depth: what is longer or nested deeper is refused.
    ws_queue: messages that may wait for a slow WebSocket subscriber.
    ws_max_connections: WebSocket connections at a time.
    request_log: write a line for each request.
    """

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 9090
    rest_port: Port = 8081
    mcp_port: Port = 10600
    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Meta(ge=1024, le=67_108_864)] = 262_144
    max_json_depth: Annotated[int, Meta(ge=8, le=256)] = 32
    ws_queue: Annotated[int, Meta(ge=1, le=65_536)] = 256
    ws_max_connections: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
    request_log: bool = True


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether callers must say who they are, and for how long that holds.

    required: whether callers need a token or a key. "auto": unless only this machine can reach
        the server.
    token_minutes: how long a login lasts.
    token_secret: what tokens are signed with. Empty: a secret that the server makes and keeps in
        the data directory; `env:NAME`: the environment variable NAME, of 32 bytes or more.
    """

    required: bool | Literal["auto"] = "auto"
    token_minutes: Annotated[int, Meta(ge=1, le=1440)] = 60
    token_secret: str = ""


class RateLimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each may ask for.

    enabled: whether requests are counted. "auto": unless only this machine can reach the server.
    requests_per_minute: from one address, MCP aside; there, requests that are not let in.
    mcp_calls_per_hour: tool calls with one key or of one user, or without any from one address.
    ws_messages_per_second: over one WebSocket; this one always holds.
    """

    enabled: bool | Literal["auto"] = "auto"
    requests_per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 100
    mcp_calls_per_hour: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    ws_messages_per_second: Annotated[int, Meta(ge=1, le=10_000)] = 50


def is_exposed(server: ServerSettings) -> bool:
    """Say whether others than this machine's users may reach the server, directly or by proxy."""
    by_proxy = server.trusted_proxies or not all(map(_is_local, server.allowed_hosts))
    return bool(by_proxy) or not is_loopback(server.host)


def _is_local(host: str) -> bool:
    return is_loopback(host) or is_loopback(host.rpartition(":")[0].strip("[]"))


class McpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What agents are offered, and how they are answered.

    toolsets: the groups of tools that are offered; none named: all.
    read_only: offer only tools that change nothing, whatever *toolsets* says.
    text: what a tool's result says as text, besides its structured content: a `summary`, or the
        same content as `json`, for clients that show their model only the text.
    """

    toolsets: tuple[str, ...] = ()
    read_only: bool = False
    text: Literal["summary", "json"] = "summary"
