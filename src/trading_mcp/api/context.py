"""What the faces are given."""

from collections.abc import Callable, Mapping

import msgspec

from trading_mcp.api.meters import Meters
from trading_mcp.api.rate_limits import RateLimits
from trading_mcp.api.settings import McpSettings, RateLimitSettings, ServerSettings
from trading_mcp.services.access import Access
from trading_mcp.services.announcements import Announcer
from trading_mcp.services.operations import Operation


class ApiContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything behind the faces. *exchanges* has each one's name and where its data is from.

    *access* knows users and keys, *login_required* says whether callers must show a token or key,
    *limits* counts requests; None: nobody is known, nothing is counted.
    """

    operations: Mapping[str, Operation]
    announcer: Announcer
    settings: ServerSettings
    version: str
    uptime_s: Callable[[], float]
    exchanges: Mapping[str, str]
    mcp: McpSettings = McpSettings()
    access: Access | None = None
    login_required: bool = False
    limits: RateLimits | None = None
    ws_messages_per_second: int = RateLimitSettings().ws_messages_per_second
    meters: Meters = msgspec.field(default_factory=Meters)


class Listeners:
    """Where the server can be reached, known once it listens: `gateway`, `rest`, `mcp`."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}

    def is_mcp(self, port: int | None) -> bool:
        """Say whether *port* is the MCP listener's."""
        return port is not None and self.urls.get("mcp", "").endswith(f":{port}")
