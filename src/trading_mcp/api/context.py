"""What the faces are given."""

from collections.abc import Callable, Mapping

import msgspec

from trading_mcp.api.settings import ServerSettings
from trading_mcp.services.announcements import Announcer
from trading_mcp.services.operations import Operation


class ApiContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything behind the faces. *exchanges* has each one's name and where its data is from."""

    operations: Mapping[str, Operation]
    announcer: Announcer
    settings: ServerSettings
    version: str
    uptime_s: Callable[[], float]
    exchanges: Mapping[str, str]


class Listeners:
    """Where the server can be reached, known once it listens: `gateway`, `rest`, `mcp`."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}

    def is_mcp(self, port: int | None) -> bool:
        """Say whether *port* is the MCP listener's."""
        return port is not None and self.urls.get("mcp", "").endswith(f":{port}")
