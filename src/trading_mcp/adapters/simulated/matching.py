"""What an order meets: the levels it would take, and whether a price's way reached it."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import NamedTuple

from trading_mcp.adapters.simulated.asked import Asked
from trading_mcp.adapters.simulated.ledger import State, VenueOrder
from trading_mcp.adapters.simulated.margins import Take
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, down_to, exact
from trading_mcp.domain.quotes import Move, OrderBook


class Span(NamedTuple):
    """A move on the market's grid."""

    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal

    def volume_at(self, market: Market, order: VenueOrder) -> Decimal:
        """Return how much traded at the limit of *order* or better for it, in base."""
        price = order.price or ZERO
        beyond = price - self.low if order.side == "buy" else self.high - price
        way = self.high - self.low + market.tick
        share = EXACT.divide(min(beyond + market.tick, way), way)
        return down_to(EXACT.multiply(self.volume, share), market.step)

    def is_beyond(self, order: VenueOrder) -> bool:
        """Say whether it went through the limit of *order*, so that nobody is left at it."""
        price = order.price or ZERO
        return self.low < price if order.side == "buy" else self.high > price


def span_of(market: Market, move: Move) -> Span:
    """Put *move* on the grid."""
    opened, high, low = (market.near_price(exact(p)) for p in (move.open, move.high, move.low))
    return Span(opened, high, low, market.amount(exact(move.volume)))


class Reached(NamedTuple):
    """An order or a position whose *level* a move reached, *distance* from where it began."""

    distance: Decimal
    level: Decimal
    what: VenueOrder | Stake


def first_reached(
    state: State, market: Market, span: Span, besides: Collection[str], *, marks: bool = True
) -> Reached | None:
    """Return what the move reached first: what lies nearest to where it began.

    *marks*: positions are reached too, by its prices.
    """
    reached = [
        Reached(max(span.open - level if falls else level - span.open, ZERO), level, what)
        for level, falls, what in _levels(state, market, besides, marks)
        if (span.low <= level if falls else span.high >= level)
    ]
    return min(reached, key=lambda found: found.distance, default=None)


def _levels(
    state: State, market: Market, besides: Collection[str], marks: bool
) -> Iterator[tuple[Decimal, bool, VenueOrder | Stake]]:
    """Yield each level that matters, and whether a falling price (or a rising one) reaches it."""
    for order in state.orders.values():
        level = order.price or order.stop_price
        if level and order.symbol == market.symbol and order.client_id not in besides:
            yield level, (order.type == "limit") == (order.side == "buy"), order
    stake = state.stakes.get(market.symbol) if marks else None
    level = stake.liquidation_price(market) if stake else None
    if stake and level:
        yield level, stake.sign > 0, stake


def takes(
    book: OrderBook,
    market: Market,
    order: VenueOrder,
    *,
    eaten: Decimal = ZERO,
    best: Decimal | None = None,
    holds: bool = False,
) -> Iterator[Take]:
    """Yield what *order* would take from *book*, level by level, within its limit.

    *eaten* is what earlier orders have taken from this side already. *best* moves the whole side
    to where its first level was when the order met it; if the book *holds*, only to its harm.
    """
    left, shift = order.remaining, None
    for level in book.asks if order.side == "buy" else book.bids:
        price = market.near_price(exact(level.price))
        if shift is None:
            shift = ZERO if best is None else best - price
            if holds and shift * order.sign < 0:
                shift = ZERO
        price += shift
        if left <= 0 or price <= 0 or _is_worse(price, order):
            return
        offered = market.amount(exact(level.amount))
        amount = min(left, max(offered - eaten, ZERO))
        eaten = max(eaten - offered, ZERO)
        if amount:
            left -= amount
            yield amount, price


def queue_at(market: Market, order: Asked, book: OrderBook) -> Decimal:
    """Return what stands in *book* already at the price where *order* will rest, in base."""
    side = book.bids if order.side == "buy" else book.asks
    same = (exact(x.amount) for x in side if market.near_price(exact(x.price)) == order.price)
    return sum(same, ZERO)


def _is_worse(price: Decimal, order: VenueOrder) -> bool:
    if order.price is None:
        return False
    return price > order.price if order.side == "buy" else price < order.price
