"""`trading-mcp kill --cancel-orders`: at the exchanges, past the server."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from trading_mcp.cli.settings import configuration
from trading_mcp.config import Config, ConfigError

Say = Callable[[str, str], None]
"""Prints what something has to tell, under its name."""


def cancel_orders(arguments: argparse.Namespace, say: Say) -> bool:
    """Cancel what is open at every live exchange; say whether nothing is left."""
    from trading_mcp.api.logging import configure_logging

    configure_logging("console", "error")
    try:
        config = configuration(arguments)
    except ConfigError as error:
        say("orders", f"NOTHING WAS CANCELLED at any exchange: {error}")
        return False
    return asyncio.run(_cancelled_everywhere(config, say, stops_too=arguments.all))


async def _cancelled_everywhere(config: Config, say: Say, *, stops_too: bool) -> bool:
    from trading_mcp.app.sweeping import NotSwept, live_exchanges

    live, swept = live_exchanges(config), True
    if not live:
        say("orders", "no exchange is configured as live: no real order can be open")
    for name in live:
        try:
            async for told in _swept(name, config, stops_too=stops_too):
                say(name, told)
        except NotSwept as failure:
            say(name, str(failure))
            swept = False
    return swept


def _swept(name: str, config: Config, *, stops_too: bool) -> AsyncIterator[str]:
    from trading_mcp.adapters.clocks import SystemClock
    from trading_mcp.app.sweeping import sweep

    return sweep(
        name,
        config.exchanges.real[name],
        Path(config.storage.data_dir),
        environ=os.environ,
        clock=SystemClock(),
        stops_too=stops_too,
    )
