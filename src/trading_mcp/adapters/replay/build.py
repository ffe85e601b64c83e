"""The replayed exchange, put together."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trading_mcp.adapters.replay.clock import ReplayClock
from trading_mcp.adapters.replay.feed import Quiet, ReplayMarketData
from trading_mcp.adapters.replay.past import Past
from trading_mcp.adapters.replay.venue import ReplayVenue
from trading_mcp.ports import Clock


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The past as an exchange: its clock, its prices, and an account."""

    clock: ReplayClock
    data: ReplayMarketData
    venue: ReplayVenue


def open_replay(
    pasts: Sequence[Past], *, capital: Decimal, clock_base: Clock, is_idle: Quiet
) -> Replay:
    """Join *pasts*, which share one account of *capital* in their quote, into one exchange.

    Time goes on when *is_idle* says that the engine has acted, and it has heard of all fills.

    Raises:
        ValueError: the candles do not fit together.
    """
    by_symbol = {past.market.symbol: past for past in pasts}
    first = {(past.market.exchange, past.market.quote, past.interval) for past in pasts}
    if len(by_symbol) != len(pasts) or len(first) != 1:
        raise ValueError("one exchange, one quote, one interval, and each market once")
    clock = ReplayClock(clock_base, min(past.begins for past in pasts))
    opens = {s: float(past.candles.open[past.first]) for s, past in by_symbol.items()}
    venue = ReplayVenue(by_symbol, opens, clock, capital)
    data = ReplayMarketData(by_symbol, opens, clock, lambda: is_idle() and venue.is_heard)
    return Replay(clock=clock, data=data, venue=venue)
