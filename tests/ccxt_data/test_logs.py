"""What ccxt would write down of requests stays unwritten, however much is logged."""

import logging

import pytest

from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.settings import ExchangeSettings


@pytest.fixture
def everything():
    """Log everything, as who looks for a fault does."""
    loggers = [logging.getLogger(), logging.getLogger("ccxt")]
    before = [logger.level for logger in loggers]
    for logger, level in zip(loggers, (logging.DEBUG, logging.NOTSET), strict=True):
        logger.setLevel(level)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.usefixtures("everything")
async def test_ccxt_does_not_write_down_keys_and_signatures():
    client = new_client("kucoin", ExchangeSettings())
    try:
        assert not client.logger.isEnabledFor(logging.DEBUG)
        assert not client.verbose
    finally:
        await client.close()
