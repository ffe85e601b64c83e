"""One exchange as the engine joins it: its public side, our account there, and what it is."""

import msgspec

from trading_mcp.ports import MarketData, Venue


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """*source* says to people where prices and fills come from, such as "simulated"."""

    name: str
    data: MarketData
    venue: Venue
    source: str
