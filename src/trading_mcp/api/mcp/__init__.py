"""MCP: a tool for each operation, over streamable HTTP and over standard input and output."""

import os

# FastMCP reads these when it is imported. It would write its own log beside ours, and ask a
# package index for newer versions.
os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_SHOW_SERVER_BANNER", "false")
