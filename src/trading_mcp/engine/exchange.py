"""One exchange as the engine joins it: its public side, our account there, and what it is."""

import msgspec

from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.ports import MarketData, PastCandles, Venue


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """*source* says to people where prices and fills come from, such as "simulated".

    *past* tells candles of the past as they are; None: *data* makes none up. *fence_ms*: how long
    after an order was sent the exchange may still accept it (wall time). *deadline_s*: the exchange
    itself cancels what rests there when it has heard nothing of us for so long; None where it has
    no such switch.
    """

    name: str
    data: MarketData
    venue: Venue
    source: str
    past: PastCandles | None = None
    terms: ExchangeTerms = ExchangeTerms()
    fence_ms: int = 0
    deadline_s: float | None = None
