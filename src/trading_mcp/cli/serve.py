"""`trading-mcp serve`: the whole server, until it is told to stop."""

import argparse

from trading_mcp.cli.settings import configuration


def serve(arguments: argparse.Namespace) -> int:
    """Run the server; 0 once it was stopped by a signal."""
    config = configuration(arguments)
    from trading_mcp.app import run_server

    run_server(config, ready_file=arguments.ready_file)
    return 0
