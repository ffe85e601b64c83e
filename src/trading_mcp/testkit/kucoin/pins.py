"""A market whose price somebody sets by hand."""

from decimal import Decimal

from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import Side
from trading_mcp.domain.quotes import Level, Move, OrderBook, PublicTrade

PLENTY = 1e9
"""What is traded (quote) when nobody says how much: enough for every order on the way."""
_LEVELS, _DEPTH = 100, 1_000_000.0


class Pin:
    """One market's price since *since* (UTC ms), and everything that traded there.

    Behind it the seeded past, times *scale*, which makes the past end where the pin begins.
    """

    def __init__(self, market: Market, price: float, since: int, scale: float):
        self._market, self.since, self.scale = market, since, scale
        self.price = self._began = price
        self.trades: list[PublicTrade] = []
        self._shown: OrderBook | None = None

    def show(self, book: OrderBook | None) -> None:
        """Show this book from now on, None: the usual one around the price."""
        self._shown = book

    def move(self, price: float, at: int, volume: float | None) -> Move:
        """Go straight to *price*; *volume* (base) traded on the way."""
        before, self.price = self.price, price
        amount = PLENTY / price if volume is None else volume
        side: Side = "buy" if price >= before else "sell"
        shown = 1000.0 * float(self._market.step) if volume is None else volume
        number = str(at * 1000 + len(self.trades))
        self.trades.append(PublicTrade(id=number, at=at, side=side, price=price, amount=shown))
        return Move(before, max(before, price), min(before, price), price, amount)

    def scaled(self, move: Move) -> Move:
        """Return a move of the seeded past as this market has it."""
        opened, high, low, last = (self._on_tick(price * self.scale) for price in move[:4])
        return Move(opened, high, low, last, move.volume)

    def book(self, at: int, depth: int) -> OrderBook:
        """Return the book around the price: the bid one tick below, the ask one above."""
        if self._shown:
            return self._shown
        market = self._market
        tick, middle = market.tick, market.near_price(Decimal(str(self.price)))
        levels = range(1, min(depth, _LEVELS) + 1)
        amount = max(market.amount(Decimal(str(_DEPTH / self.price))), market.step)
        bids = [middle - n * tick for n in levels if middle > n * tick]
        return OrderBook(
            symbol=market.symbol,
            at=at,
            bids=tuple(Level(float(price), float(amount)) for price in bids),
            asks=tuple(Level(float(middle + n * tick), float(amount)) for n in levels),
        )

    def candle(self, opened_at: int, length: int, opened: float, before: Move | None) -> Candle:
        """Return the candle from *before*, what the seeded past has of it, and the trades."""
        until = opened_at + length
        inside = [t for t in self.trades if opened_at <= t.at < until]
        prices = [opened, *(t.price for t in inside)]
        volume = sum(t.amount for t in inside)
        if before:
            prices += [before.high, before.low, before.open]
            opened, volume = before.open, volume + before.volume
        last = inside[-1].price if inside else (before.last if before else opened)
        return Candle(opened_at, opened, max(prices), min(prices), last, volume)

    def price_at(self, at: int) -> float:
        """Return the price at a time since the pin began."""
        earlier = [trade.price for trade in self.trades if trade.at < at]
        return earlier[-1] if earlier else self._began

    def _on_tick(self, price: float) -> float:
        return float(self._market.near_price(Decimal(str(price))))
