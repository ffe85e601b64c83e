"""The seeded market's prices at this instant."""

from decimal import Decimal

from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import OrderBook
from trading_mcp.ports import Clock


class SimulatedQuotes:
    """What *market* shows at *clock*'s time."""

    def __init__(self, market: SeededMarket, clock: Clock):
        self._market, self._clock = market, clock

    def depth(self, symbol: str) -> OrderBook:
        """Return the book now."""
        return self._market.book(symbol, self._clock.now())

    def mark(self, symbol: str) -> Decimal:
        """Return the price that margin is measured by, in quote per base: the last one."""
        price = exact(self._market.price(symbol, self._clock.now()))
        return self._market.market(symbol).near_price(price)

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the funding rate (a fraction) that is paid at *at*."""
        return self._market.funding_rate(symbol, at)

    def funding_after(self, symbol: str, at: int) -> int:
        """Return when a perpetual pays funding next, after *at*."""
        return (at // FUNDING_MS + 1) * FUNDING_MS
