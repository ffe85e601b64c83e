"""A trading server that speaks REST, WebSocket and MCP from one process."""

__version__ = "0.2.0"
