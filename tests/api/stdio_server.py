"""A program that speaks MCP over standard input and output: itself, or for the URL it is given."""

import asyncio
import sys

from api_fakes import Fakes

from trading_mcp.api.mcp.stdio import bridge_stdio, serve_stdio

if len(sys.argv) > 1:
    asyncio.run(bridge_stdio(sys.argv[1]))
else:
    asyncio.run(serve_stdio(Fakes().context()))
