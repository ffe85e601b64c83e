"""`trading-mcp mcp`: MCP over standard input and output."""

import argparse
from pathlib import Path

from trading_mcp.adapters.data_directory import running_server
from trading_mcp.cli.settings import configuration


def mcp(arguments: argparse.Namespace) -> int:
    """Pass messages on to the server that holds the data directory, or be that server."""
    config = configuration(arguments)
    running = running_server(Path(config.storage.data_dir))
    from trading_mcp import app

    if running is not None and (running.get("mcp") or running.get("gateway")):
        app.run_bridge(config, running.get("mcp") or running["gateway"])
    else:
        app.run_stdio(config)
    return 0
