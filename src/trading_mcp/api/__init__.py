"""The faces: REST, WebSocket and MCP, all of them thin over one table of operations."""
