"""One exchange as the engine joins it: its public side, our account there, and what it is."""

from decimal import Decimal

import msgspec

from trading_mcp.ports import MarketData, Venue


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """*source* says to people where prices and fills come from, such as "simulated".

    *holds_stops*: positions' protective stops rest there instead of being watched here alone.
    *max_exposure*: the notional, in quote, of all that may be held and working there; None: only
    the account's own limit counts. *fence_ms*: how long after an order was sent the exchange may
    still accept it (wall time). *deadline_s*: what rests there is cancelled by the exchange
    itself when nothing is heard of us for so long; None where it has no such switch.
    """

    name: str
    data: MarketData
    venue: Venue
    source: str
    holds_stops: bool = False
    max_exposure: Decimal | None = None
    fence_ms: int = 0
    deadline_s: float | None = None
