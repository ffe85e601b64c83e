"""Every operation, once: what REST and MCP both offer."""
