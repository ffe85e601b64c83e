"""What the markets of the loopback KuCoin do: the seeded market, or what somebody tells them."""

from decimal import Decimal

from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.domain.candles import INTERVALS, Candle
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import Level, Move, OrderBook, PublicTrade
from trading_mcp.domain.times import DAY_MS, MINUTE_MS
from trading_mcp.ports import Clock
from trading_mcp.testkit.kucoin.names import Listing
from trading_mcp.testkit.kucoin.pins import Pin

DEPTH = 100
"""How many levels of each side the books have."""
_NAMES = {length: name for name, length in INTERVALS.items()}


class Prices:
    """Every market's price, book, trades and candles. Times are UTC ms, amounts base."""

    def __init__(self, seed: int, listing: Listing, clock: Clock):
        self._seeded, self._listing, self._clock = SeededMarket(seed), listing, clock
        self._pins: dict[str, Pin] = {}
        self._rates: dict[str, float] = {}
        self._days: dict[str, tuple[int, Move]] = {}

    def is_pinned(self, symbol: str) -> bool:
        """Say whether this market's price moves only when it is told to."""
        return symbol in self._pins

    def start_at(self, symbol: str, price: float) -> None:
        """Pin a market, and let its past lead there."""
        now = self._clock.now()
        scale = price / self._seeded.price(symbol, now)
        self._pins[symbol] = Pin(self._market(symbol), price, now, scale)
        self._days.pop(symbol, None)

    def pin(self, symbol: str, price: float, volume: float | None = None) -> Move:
        """Move a market's price and keep it there; *volume* (base) trades on the way."""
        now = self._clock.now()
        if symbol not in self._pins:
            pin = Pin(self._market(symbol), self._seeded.price(symbol, now), now, 1.0)
            self._pins[symbol] = pin
        return self._pins[symbol].move(price, now, volume)

    def release(self, symbol: str) -> None:
        """Let the seeded market go on."""
        self._pins.pop(symbol, None)
        self._days.pop(symbol, None)

    def show(self, symbol: str, book: OrderBook | None) -> None:
        """Show *book* in a pinned market; None: the usual one."""
        if symbol not in self._pins:
            self.start_at(symbol, self.last(symbol))
        self._pins[symbol].show(book)

    def last(self, symbol: str) -> float:
        """Return the last price, which is a perpetual's mark price too."""
        pin = self._pins.get(symbol)
        return pin.price if pin else self._seeded.price(symbol, self._clock.now())

    def mark(self, symbol: str) -> Decimal:
        """Return the last price on the market's tick."""
        return self._market(symbol).near_price(Decimal(str(self.last(symbol))))

    def book(self, symbol: str, depth: int = DEPTH) -> OrderBook:
        """Return the book now."""
        now, pin = self._clock.now(), self._pins.get(symbol)
        if pin:
            return pin.book(now, depth)
        book, market = self._seeded.book(symbol, now, depth), self._market(symbol)
        if market.type == "spot":
            return book
        bids, asks = _whole(market, book.bids), _whole(market, book.asks)
        return OrderBook(symbol=symbol, at=now, bids=bids, asks=asks)

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went, None where it only goes when told to."""
        return None if self.is_pinned(symbol) else self._seeded.move(symbol, since, until)

    def trades(self, symbol: str, since: int, until: int) -> list[PublicTrade]:
        """Return everybody's trades in [since, until), oldest first."""
        pin = self._pins.get(symbol)
        if pin is None:
            return self._seeded.trades(symbol, since, until)
        past = (
            self._seeded.trades(symbol, since, min(until, pin.since)) if since < pin.since else []
        )
        return [*past, *(trade for trade in pin.trades if since <= trade.at < until)]

    def day(self, symbol: str) -> Move:
        """Return the last 24 hours, to the minute."""
        now = self._clock.now()
        if symbol not in self._days or self._days[symbol][0] != now // MINUTE_MS:
            rows = self.candles(symbol, 15 * MINUTE_MS, now - DAY_MS, now)
            high, low = max(row.high for row in rows), min(row.low for row in rows)
            day = Move(rows[0].open, high, low, rows[-1].close, sum(row.volume for row in rows))
            self._days[symbol] = now // MINUTE_MS, day
        day, last = self._days[symbol][1], self.last(symbol)
        return day._replace(high=max(day.high, last), low=min(day.low, last), last=last)

    def candles(self, symbol: str, length: int, start: int, end: int) -> list[Candle]:
        """Return the candles of *length* (ms) that open in [start, end), oldest first.

        The last may still grow. There are none of the future.
        """
        first, stop = -(-start // length) * length, min(end, self._clock.now() + 1)
        settled = self._settled(symbol, length, first, stop)
        rest = first + len(settled) * length
        return [*settled, *(self.candle(symbol, length, at) for at in range(rest, stop, length))]

    def candle(self, symbol: str, length: int, opened_at: int) -> Candle:
        """Return one candle, as far as it has got."""
        now, pin = self._clock.now(), self._pins.get(symbol)
        until = min(opened_at + length, max(now, opened_at + 1))
        if pin is None:
            return Candle(opened_at, *self._seeded.move(symbol, opened_at, until))
        if opened_at >= pin.since:
            return pin.candle(opened_at, length, pin.price_at(opened_at), None)
        before = pin.scaled(self._seeded.move(symbol, opened_at, min(until, pin.since)))
        return pin.candle(opened_at, length, before.open, before)

    def _settled(self, symbol: str, length: int, first: int, stop: int) -> list[Candle]:
        """Return what of these candles is all in the seeded past."""
        pin, now = self._pins.get(symbol), self._clock.now()
        end = min(stop, (min(pin.since, now) if pin else now) // length * length)
        interval = _NAMES.get(length)
        if interval is None or end <= first:
            return []
        rows = self._seeded.candles(symbol, interval, first, end).rows()
        return [Candle(r.opened_at, *pin.scaled(Move(*_prices(r)))) for r in rows] if pin else rows

    def funding_rate(self, symbol: str, at: int) -> float:
        """Return the rate (a fraction) of the first funding at or after *at*."""
        return self._rates.get(symbol, self._seeded.funding_rate(symbol, at))

    def funding_estimate(self, symbol: str) -> float:
        """Return what the funding after the next may be."""
        return self._rates.get(symbol, self._seeded.funding_estimate(symbol, self._clock.now()))

    def set_funding_rate(self, symbol: str, rate: float) -> None:
        """Fix a perpetual's funding rate, a fraction."""
        self._rates[symbol] = rate

    def open_interest(self, symbol: str) -> float:
        """Return how much of a perpetual is held open."""
        return self._seeded.open_interest(symbol, self._clock.now())

    def _market(self, symbol: str) -> Market:
        return self._listing.markets[symbol]


def _whole(market: Market, levels: tuple[Level, ...]) -> tuple[Level, ...]:
    step = float(market.step)
    return tuple(
        Level(level.price, float(max(round(level.amount / step), 1) * market.step))
        for level in levels
    )


def _prices(candle: Candle) -> tuple[float, float, float, float, float]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume
