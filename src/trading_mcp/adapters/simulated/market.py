"""The seeded market: any price of any time, from nothing but a seed."""

from trading_mcp.adapters.simulated.catalog import listed
from trading_mcp.adapters.simulated.lines import Line
from trading_mcp.domain.candles import Candle, Candles, interval_ms
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import Liquidation, Move, OrderBook, PublicTrade


class SeededMarket:
    """Every market of the simulated exchange: a pure function of *seed*. Times are UTC ms.

    Every method raises ValueError for an unknown symbol or interval.
    """

    def __init__(self, seed: int):
        self._lines = {market.symbol: Line(seed, coin, market) for coin, market in listed()}

    def markets(self) -> tuple[Market, ...]:
        """Return every market."""
        return tuple(line.market for line in self._lines.values())

    def market(self, symbol: str) -> Market:
        """Return one market."""
        return self._line(symbol).market

    def candles(self, symbol: str, interval: str, start: int, end: int) -> Candles:
        """Return the candles of *interval* that open in [start, end), oldest first."""
        return self._line(symbol).candles(interval_ms(interval), max(start, 0), end)

    def candle(self, symbol: str, interval: str, opened_at: int) -> Candle:
        """Return the one candle of *interval* that opened at *opened_at*."""
        return Candle(opened_at, *self.move(symbol, opened_at, opened_at + interval_ms(interval)))

    def price(self, symbol: str, at: int) -> float:
        """Return the last price at *at*, which is a perpetual's mark price too."""
        line = self._line(symbol)
        return line.price(at) / line.ticks

    def move(self, symbol: str, since: int, until: int) -> Move:
        """Return exactly the way that the price took from *since* to *until*."""
        return self._line(symbol).move(since, until)

    def average_price(self, symbol: str, since: int, until: int) -> float:
        """Return about what was paid on average from *since* to *until*, weighted by volume."""
        return self._line(symbol).average_price(since, until)

    def trades(self, symbol: str, since: int, until: int) -> list[PublicTrade]:
        """Return every trade in [since, until), oldest first."""
        return self._line(symbol).trades(since, until)

    def liquidations(self, symbol: str, since: int, until: int) -> list[Liquidation]:
        """Return what a perpetual's market closed by force in [since, until), oldest first.

        Each is one of the `trades`. The account's own liquidations are not among them.
        """
        return self._line(symbol).liquidations(since, until)

    def open_interest(self, symbol: str, at: int) -> float:
        """Return how much of a perpetual is held open at *at*, in base."""
        return self._line(symbol).open_interest(at)

    def touch(self, symbol: str, at: int) -> tuple[float, float]:
        """Return the best bid and the best ask at *at*."""
        line = self._line(symbol)
        bid, ask = line.touch(at)
        return bid / line.ticks, ask / line.ticks

    def book(self, symbol: str, at: int, depth: int = 50) -> OrderBook:
        """Return the best *depth* levels of each side at *at*."""
        line = self._line(symbol)
        return line.depth.book(at, line.touch(at), depth)

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the rate (a fraction) of the first funding at or after *at*."""
        return self._line(symbol).funding_rate(at)

    def funding_estimate(self, symbol: str, at: int) -> float:
        """Return the rate (a fraction) that the last eight hours before *at* would make."""
        return self._line(symbol).funding_estimate(at)

    def _line(self, symbol: str) -> Line:
        if symbol not in self._lines:
            raise ValueError(f"unknown market {symbol[:40]!r}; known: {', '.join(self._lines)}")
        return self._lines[symbol]
