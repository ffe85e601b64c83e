"""A trading server that speaks REST, WebSocket and MCP from one process."""

__version__ = "0.3.0"
