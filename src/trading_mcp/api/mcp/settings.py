"""The `[mcp]` section of the configuration."""

from typing import Literal

import msgspec


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
