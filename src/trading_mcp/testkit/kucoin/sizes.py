"""How much an order is for, and how much of it the book has."""

from decimal import Decimal

from msgspec.structs import replace

from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import ZERO, exact
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.testkit.kucoin.slips import Refusal, Wish


def checked_size(wish: Wish, market: Market, book: OrderBook, stake: Stake | None) -> Decimal:
    """Return what an order is for in base, whichever way it says so; raise Refusal."""
    if wish.close_order:
        if stake is None:
            raise Refusal("300009", "No open positions to close.")
        return stake.size
    size = wish.size if wish.funds is None else _bought(wish.funds, market, offers(wish, book))
    if size is None or size <= 0:
        raise Refusal("400100", "Order size below the minimum requirement.")
    return size


def offers(wish: Wish, book: OrderBook) -> tuple[Level, ...]:
    """Return the side of the book that an order meets."""
    return book.asks if wish.side == "buy" else book.bids


def crosses(wish: Wish, book: OrderBook) -> bool:
    """Say whether a limit order would trade at once."""
    side = offers(wish, book)
    return bool(side) and wish.price is not None and _suits(wish, side[0])


def fills_whole(wish: Wish, market: Market, book: OrderBook, size: Decimal) -> bool:
    """Say whether the book has all of an order, within its limit."""
    suiting = (level for level in offers(wish, book) if _suits(wish, level))
    return sum((market.amount(exact(level.amount)) for level in suiting), ZERO) >= size


def best_half(wish: Wish, market: Market, book: OrderBook, size: Decimal) -> OrderBook:
    """Return a book whose best price has half of an order, and that is all."""
    half, side = max(market.amount(size / 2), market.step), offers(wish, book)
    best = (Level(side[0].price, float(half)),) if side else ()
    return replace(book, asks=best) if wish.side == "buy" else replace(book, bids=best)


def _suits(wish: Wish, level: Level) -> bool:
    if wish.price is None:
        return True
    price = exact(level.price)
    return price <= wish.price if wish.side == "buy" else price >= wish.price


def _bought(funds: Decimal, market: Market, side: tuple[Level, ...]) -> Decimal:
    """Return how much *funds* (quote) trade for, going through the levels."""
    amount = ZERO
    for level in side:
        price, offered = exact(level.price), exact(level.amount)
        taken = min(funds / price, offered)
        amount, funds = amount + taken, funds - taken * price
        if funds <= 0:
            break
    return market.amount(amount)
