"""The public side of one real exchange, put together."""

from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.adapters.ccxt.markets import listed_markets
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.ports import Clock


async def open_market_data(
    name: str, settings: ExchangeSettings, *, clock: Clock
) -> CcxtMarketData:
    """Load the markets of the exchange of section *name*, without keys or a private request.

    Raises:
        UnknownExchange: ccxt does not know it.
    """
    client = new_client(name, settings)
    traits = traits_of(client.id)
    try:
        await client.load_markets()
        data = CcxtMarketData(client, listed_markets(name, client, settings, traits), traits, clock)
        await data.time.measure()
    except BaseException:
        await client.close()
        raise
    return data
