"""A program that speaks MCP over standard input and output: itself, or for the URL it is given.

A second argument has, as JSON, the settings of what is offered.
"""

import asyncio
import sys

import msgspec
from api_fakes import Fakes

from trading_mcp.api.mcp.stdio import bridge_stdio, serve_stdio
from trading_mcp.api.settings import McpSettings

url, offered = [*sys.argv[1:], "", ""][:2]
settings = msgspec.json.decode(offered or "{}", type=McpSettings)
if url:
    asyncio.run(bridge_stdio(url, settings))
else:
    asyncio.run(serve_stdio(Fakes().context(mcp=settings)))
