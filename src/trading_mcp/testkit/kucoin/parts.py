"""What the handlers of requests and topics work with."""

from collections.abc import Callable

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.books import Books, Change
from trading_mcp.testkit.kucoin.chance import Chance
from trading_mcp.testkit.kucoin.clock import SkewedClock
from trading_mcp.testkit.kucoin.exchange import Exchange
from trading_mcp.testkit.kucoin.names import Listing
from trading_mcp.testkit.kucoin.prices import Prices
from trading_mcp.testkit.kucoin.settings import LoopbackFaults, LoopbackSettings


class Parts:
    """The exchange and all that is shown of it."""

    def __init__(self, settings: LoopbackSettings, clock: SkewedClock):
        self.settings, self.clock = settings, clock
        self.listing = Listing(settings.symbols)
        self.prices = Prices(settings.seed, self.listing, clock)
        self.chance = Chance(settings.seed, settings.faults)
        self._start_prices()
        self.exchange = Exchange(
            settings,
            listing=self.listing,
            prices=self.prices,
            clock=clock,
            chance=lambda: self.chance,
        )
        self.books = Books(self.prices)
        self.on_book: Callable[[str, list[Change]], None] = lambda symbol, changes: None

    def set_faults(self, faults: LoopbackFaults) -> None:
        """Let other things go wrong from now on."""
        self.chance = Chance(self.settings.seed, faults)
        self.clock.skew_ms = faults.clock_skew_ms

    def publish_book(self, symbol: str) -> None:
        """Publish a market's book as it is now, to those who follow it first."""
        self.on_book(symbol, self.books.refresh(symbol))

    def candles(self, symbol: str, length: int, start: int, end: int) -> list[Candle]:
        """Return candles, oldest first, without those that are left out."""
        gaps = self.chance.faults.candle_gaps
        rows = self.prices.candles(symbol, length, start, end)
        return [
            row
            for row in rows
            if row.volume > 0
            and not self.chance.falls_out(f"{symbol}/{length}/{row.opened_at}", gaps)
        ]

    def on_tick(self, market: Market, price: float) -> float:
        """Round a difference of prices as the market's prices are."""
        return round(price, max(-int(market.tick.normalize().as_tuple().exponent), 0))

    def _start_prices(self) -> None:
        given = {self.listing.symbol(name): p for name, p in self.settings.prices.items()}
        usual = self.listing.prices if self.settings.manual else {}
        for symbol in self.listing.markets:
            if symbol in given or symbol in usual:
                self.prices.start_at(symbol, given.get(symbol, usual.get(symbol, 0.0)))
