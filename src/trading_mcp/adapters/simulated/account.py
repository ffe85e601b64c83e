"""The matching account: it fills orders against the market it is shown, and keeps the books."""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

from trading_mcp.adapters.simulated.asked import Asked
from trading_mcp.adapters.simulated.eaten import Eaten
from trading_mcp.adapters.simulated.ledger import (
    Accepted,
    Deposited,
    Ended,
    LedgerEntry,
    Listed,
    Passed,
    State,
    Traded,
    Triggered,
    VenueOrder,
)
from trading_mcp.adapters.simulated.margins import (
    Take,
    affordable,
    closable,
    currency_of,
    free,
    need,
)
from trading_mcp.adapters.simulated.matching import (
    Span,
    first_reached,
    queue_at,
    span_of,
    takes,
)
from trading_mcp.adapters.simulated.queues import Queues
from trading_mcp.adapters.simulated.refusals import check
from trading_mcp.adapters.simulated.rules import SEEDED, Rules
from trading_mcp.adapters.simulated.settling import forced_out, funded
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.quotes import Move, OrderBook
from trading_mcp.domain.reports import VenueRefused

FeeOf = Callable[[Market, VenueOrder, Decimal, Decimal], tuple[Decimal, str]]
"""Given a trade's amount (base) and its fee in quote: what is taken for it, and in which coin."""


def fee_in_quote(
    market: Market, order: VenueOrder, amount: Decimal, fee: Decimal
) -> tuple[Decimal, str]:
    """Take a fee in the quote currency."""
    return fee, market.quote


class Account:
    """One account at one exchange. Nothing in it waits.

    Every command changes the state at once and returns the entries that say what happened; they
    belong on disk before anyone hears of it. Prices come from the caller: a book to fill against,
    a move that a market made. Times are UTC ms.
    """

    def __init__(
        self,
        exchange: str,
        markets: Sequence[Market],
        state: State | None = None,
        *,
        fee_of: FeeOf = fee_in_quote,
        rules: Rules = SEEDED,
    ):
        self.exchange, self._fee_of, self._rules = exchange, fee_of, rules
        self.markets = {market.symbol: market for market in markets}
        self.state = state or State()
        self._recorded: list[LedgerEntry] = []
        self._eaten, self._queues = Eaten(), Queues()

    @property
    def exposed(self) -> list[str]:
        """The markets in which something can happen to the account: resting orders, positions."""
        orders = (order.symbol for order in self.state.orders.values())
        return sorted({*orders, *self.state.stakes})

    def market(self, symbol: str) -> Market:
        """Return one market; raise VenueRefused if there is none of that name."""
        if symbol not in self.markets:
            raise VenueRefused("unknown_symbol", f"unknown market {symbol[:40]!r}")
        return self.markets[symbol]

    def deposit(self, currency: str, amount: Decimal, at: int) -> list[LedgerEntry]:
        """Put money in."""
        self._record(Deposited(at=at, currency=currency, amount=amount))
        return self._told()

    def listed(self, symbol: str, at: int) -> list[LedgerEntry]:
        """Keep what a market is, so that the account can be read when it is there no more."""
        if self.state.listed.get(symbol) != self.market(symbol):
            self._record(Listed(at=at, market=self.market(symbol)))
        return self._told()

    def passed(self, at: int, symbol: str = "") -> list[LedgerEntry]:
        """Note that a market, or all of them, has been followed up to *at*."""
        self._record(Passed(at=at, symbol=symbol))
        return self._told()

    def submit(
        self, order: Asked, at: int, book: OrderBook, *, fresh: bool = False
    ) -> list[LedgerEntry]:
        """Accept *order* and trade what *book* offers it.

        A *fresh* book lacks already what earlier orders have taken.

        Raises:
            VenueRefused: nothing was accepted and nothing will trade.
        """
        market = self.market(order.symbol)
        check(self.state, market, order, book, exempt_exits=self._rules.exempt_exits)
        if fresh:
            self._eaten.forget(order.symbol, order.side)
        accepted = self._numbered(order, at, book)
        offered = [] if order.type == "stop" else self._offers(accepted, at, book)
        self._check_funds(market, accepted, offered)
        self._record(Accepted(at=at, order=accepted))
        self._sweep(accepted, offered, at)
        if order.type == "market":
            self._cancel(order.client_id, at, "no_depth")
        return self._told()

    def cancel(self, client_id: str, at: int) -> list[LedgerEntry]:
        """Cancel an order, if it can still trade."""
        self._cancel(client_id, at, "requested")
        return self._told()

    def meet(self, client_id: str, amount: Decimal, at: int) -> list[LedgerEntry]:
        """Trade up to *amount* (base) of a resting limit order, as if somebody had come for it."""
        order = self.state.orders.get(client_id)
        if order and order.price:
            self._fill(client_id, (min(amount, order.remaining), order.price), at, maker=True)
        return self._told()

    def is_reached(self, symbol: str, move: Move) -> bool:
        """Say whether *move* reaches anything that the account has in the market."""
        market = self.markets[symbol]
        return first_reached(self.state, market, span_of(market, move), set()) is not None

    def move(
        self,
        symbol: str,
        move: Move,
        at: int,
        book: Callable[[], OrderBook],
        *,
        besides: Collection[str] = (),
        marks: bool = True,
    ) -> list[LedgerEntry]:
        """Follow a market over *move*, which ended at *at*: resting orders, stops, liquidation.

        *book* is asked for when a stop is reached. The orders *besides* were not there yet.
        *marks*: its prices are the ones that margins are measured by, else `mark` is told them.
        """
        market, met = self.markets[symbol], set(besides)
        span = span_of(market, move)
        while found := first_reached(self.state, market, span, met, marks=marks):
            match found.what:
                case Stake() as stake:
                    self._force_out(stake, found.level, span, at)
                case VenueOrder(type="stop") as order:
                    met.add(order.client_id)
                    self._trigger(order, found.level, span, at, book())
                case VenueOrder() as order:
                    met.add(order.client_id)
                    span = self._fill_resting(order, span, at)
        return self._told()

    def mark(self, symbol: str, price: Decimal, at: int) -> list[LedgerEntry]:
        """Measure a position's margin at *price*: one whose margin is nearly gone is closed."""
        market, stake = self.markets[symbol], self.state.stakes.get(symbol)
        level = stake.liquidation_price(market) if stake else None
        if stake and level and (level - price) * stake.sign >= 0:
            self._force_out(stake, level, Span(price, price, price, ZERO), at)
        return self._told()

    def fund(self, symbol: str, rate: float, mark: Decimal, at: int) -> list[LedgerEntry]:
        """Settle funding at *rate*, a fraction: longs pay it when it is positive."""
        if stake := self.state.stakes.get(symbol):
            quote = self.markets[symbol].quote
            spare = max(free(self.state, self.markets, quote), ZERO)
            self._record(funded(self.exchange, stake, rate, mark, spare, at))
        return self._told()

    def _numbered(self, order: Asked, at: int, book: OrderBook) -> VenueOrder:
        return VenueOrder(
            client_id=order.client_id,
            venue_id=f"v{self.state.orders_seen + 1}",
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            amount=order.amount,
            price=order.price,
            stop_price=order.stop_price,
            reduce_only=order.reduce_only,
            leverage=order.leverage,
            updated_at=at,
            accepted_at=at,
            ahead=queue_at(self.markets[order.symbol], order, book) if self._rules.queues else ZERO,
        )

    def _check_funds(self, market: Market, order: VenueOrder, offered: list[Take]) -> None:
        rest = order.amount - sum((amount for amount, _ in offered), ZERO)
        level = order.price or order.stop_price
        resting = [(rest, level)] if rest and level else []
        needed = need(self.state, market, order, [*offered, *resting])
        currency = currency_of(market, order)
        spare = free(self.state, self.markets, currency)
        if needed > spare:
            message = f"the order needs {needed:f} {currency}; {spare:f} is free"
            raise VenueRefused("insufficient_balance", message)

    def _offers(
        self, order: VenueOrder, at: int, book: OrderBook, best: Decimal | None = None
    ) -> list[Take]:
        """Return what *book* has for *order* beside what earlier orders have eaten of it."""
        return list(
            takes(
                book,
                self.markets[order.symbol],
                order,
                eaten=self._eaten.missing(order.symbol, order.side, at),
                best=best,
                holds=self._rules.books_hold,
            )
        )

    def _sweep(self, order: VenueOrder, offered: list[Take], at: int) -> None:
        for take in offered:
            self._fill(order.client_id, take, at, maker=False)
        swept = self.state.order(order.client_id)
        taken = swept.filled - order.filled if swept else ZERO
        self._eaten.add(order.symbol, order.side, at, taken)

    def _fill(self, client_id: str, take: Take, at: int, *, maker: bool) -> None:
        """Trade *take* or as much of it as can be paid; then the order is at its end."""
        order = self.state.orders.get(client_id)
        if order is None:
            return
        market = self.markets[order.symbol]
        spare = free(self.state, self.markets, currency_of(market, order), besides=client_id)
        amount = affordable(self.state, market, order, take, spare)
        if amount:
            self._trade(market, order, amount, take[1], at, maker)
        if amount < take[0]:
            self._cancel(client_id, at, "insufficient_balance")

    def _trade(
        self,
        market: Market,
        order: VenueOrder,
        amount: Decimal,
        price: Decimal,
        at: int,
        maker: bool,
    ) -> None:
        rate = market.maker_fee if maker else market.taker_fee
        due = EXACT.multiply(EXACT.multiply(amount, price), rate)
        fee, currency = self._fee_of(market, order, amount, due)
        fill = Fill(
            exchange=self.exchange,
            symbol=order.symbol,
            trade_id=f"t{self.state.trades_seen + 1}",
            client_id=order.client_id,
            side=order.side,
            amount=amount,
            price=price,
            fee=fee,
            fee_currency=currency,
            at=at,
            maker=maker,
        )
        self._record(Traded(at=at, fill=fill))
        if amount == order.remaining:
            self._record(Ended(at=at, client_id=order.client_id, status="filled"))
        self._drop_idle_reducers(order.symbol, at)

    def _drop_idle_reducers(self, symbol: str, at: int) -> None:
        """Cancel the orders that were to reduce a position that is gone."""
        if self.markets[symbol].type == "spot":
            return
        for order in list(self.state.orders.values()):
            if order.symbol == symbol and order.reduce_only and not closable(self.state, order):
                self._cancel(order.client_id, at, "reduce_only")

    def _trigger(
        self, order: VenueOrder, level: Decimal, span: Span, at: int, book: OrderBook
    ) -> None:
        self._record(Triggered(at=at, client_id=order.client_id))
        best = max(level, span.open) if order.side == "buy" else min(level, span.open)
        self._sweep(order, self._offers(order, at, book, best), at)
        self._cancel(order.client_id, at, "no_depth")

    def _fill_resting(self, order: VenueOrder, span: Span, at: int) -> Span:
        """Trade a limit order with the volume that went its way; return what it left."""
        traded = span.volume_at(self.markets[order.symbol], order)
        amount = min(order.remaining, traded - self._queues.served_before(order, traded, span))
        if amount and order.price:
            self._fill(order.client_id, (amount, order.price), at, maker=True)
        return span._replace(volume=span.volume - amount)

    def _force_out(self, stake: Stake, level: Decimal, span: Span, at: int) -> None:
        reached = min(level, span.open) if stake.sign > 0 else max(level, span.open)
        market, trade_id = self.markets[stake.symbol], f"t{self.state.trades_seen + 1}"
        self._record(forced_out(self.exchange, market, stake, reached, trade_id, at))
        self._drop_idle_reducers(stake.symbol, at)

    def _cancel(self, client_id: str, at: int, reason: str) -> None:
        if client_id in self.state.orders:
            self._record(Ended(at=at, client_id=client_id, status="cancelled", reason=reason))

    def _record(self, entry: LedgerEntry) -> None:
        self.state.apply(entry, self.markets)
        if isinstance(entry, Ended):
            self._queues.forget(entry.client_id)
        self._recorded.append(entry)

    def _told(self) -> list[LedgerEntry]:
        told, self._recorded = self._recorded, []
        return told
