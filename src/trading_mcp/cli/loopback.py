"""`trading-mcp loopback`: an exchange to rehearse with, without money."""

import argparse

from trading_mcp.testkit.arguments import add_arguments


def add_loopback(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_arguments(parser)
    parser.set_defaults(run=_loopback)


def _loopback(arguments: argparse.Namespace) -> int:
    from trading_mcp.testkit.kucoin.command import run

    return run(arguments)
