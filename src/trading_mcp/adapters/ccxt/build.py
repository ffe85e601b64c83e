"""The public side of one real exchange, put together."""

from trading_mcp.adapters.ccxt.allowance import Pool
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.client import new_client
from trading_mcp.adapters.ccxt.data import CcxtMarketData
from trading_mcp.adapters.ccxt.markets import listed_markets
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.sources import Patience
from trading_mcp.adapters.ccxt.traits import traits_of
from trading_mcp.ports import Clock

_PATIENCE = Patience()
_FLOW_S = 10.0
"""Where ccxt knows no more than a pause between requests, so long a time is taken together."""


def new_budget(name: str, settings: ExchangeSettings, clock: Clock) -> Budget:
    """Return what may be asked of the exchange of section *name*, by all parts of one account."""
    client = new_client(name, settings)
    traits = traits_of(client.id)
    pools = traits.pools or {"": Pool(_FLOW_S * 1000 / client.rateLimit, _FLOW_S)}
    return Budget(pools, traits.pool_of, exchange=name, monotonic=clock.monotonic)


async def open_market_data(
    name: str,
    settings: ExchangeSettings,
    *,
    clock: Clock,
    budget: Budget | None = None,
    patience: Patience = _PATIENCE,
) -> CcxtMarketData:
    """Load the markets of the exchange of section *name*, without keys or a private request.

    Whatever else asks this exchange for us shares *budget*.

    Raises:
        UnknownExchange: ccxt does not know it.
    """
    client = new_client(name, settings)
    traits = traits_of(client.id)
    (budget or new_budget(name, settings, clock)).govern(client)
    try:
        await client.load_markets()
        listing = listed_markets(name, client, settings, traits)
        data = CcxtMarketData(name, client, listing, traits, clock, patience)
        await data.time.measure()
    except BaseException:
        await client.close()
        raise
    return data
