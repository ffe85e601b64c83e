"""One account's money: the matching account behind it, its balances and its statement."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import count

from trading_mcp.adapters.simulated.account import Account, fee_in_quote
from trading_mcp.adapters.simulated.ledger import Funded, LedgerEntry, Traded, VenueOrder
from trading_mcp.adapters.simulated.margins import free
from trading_mcp.adapters.simulated.statements import balances
from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill
from trading_mcp.testkit.kucoin.happenings import BalanceChanged, Booking, BookingKind, Cause
from trading_mcp.testkit.kucoin.names import EXCHANGE
from trading_mcp.testkit.kucoin.settings import LoopbackSettings
from trading_mcp.testkit.kucoin.slips import Product

KCS = "KCS"
_KCS_DISCOUNT = Decimal("0.8")
_GRID = Decimal("1e-8")


class Wallet:
    """The spot account or the futures account."""

    def __init__(self, product: Product, markets: Iterable[Market], settings: LoopbackSettings):
        self.product, self._settings = product, settings
        self.account = Account(EXCHANGE, list(markets), fee_of=self._fee)
        self.bookings: list[Booking] = []
        self._told: dict[str, Balance] = {}
        self._ids = count(265_329_987_780_896)

    def balances(self) -> dict[str, Balance]:
        """Return every currency there is or was."""
        listed = balances(self.account.state, self.account.markets)
        return {balance.currency: balance for balance in listed}

    def put(self, currency: str, amount: Decimal, at: int) -> None:
        """Put money in (negative: take it out) at the beginning, without a word about it."""
        self.account.deposit(currency, amount, at)
        self._told = self.balances()

    def transfer(self, currency: str, amount: Decimal, at: int) -> None:
        """Put money in or take it out, and book it."""
        self.account.deposit(currency, amount, at)
        self._book(currency, amount, at, "deposit" if amount > 0 else "withdrawal")

    def spare(self, currency: str) -> Decimal:
        """Return what nothing holds."""
        return free(self.account.state, self.account.markets, currency)

    def changes(self, cause: Cause, order: VenueOrder | None = None) -> list[BalanceChanged]:
        """Return which balances are others than at the last call, and what *order* did it."""
        before, self._told = self._told, self.balances()
        return [
            _change(self.product, before.get(currency), now, cause, order)
            for currency, now in self._told.items()
            if before.get(currency) != now
        ]

    def note(self, entries: Iterable[LedgerEntry]) -> None:
        """Book what trades and funding have moved."""
        for entry in entries:
            match entry:
                case Traded() if self.product == "spot":
                    self._book_spot(entry.fill)
                case Traded():
                    self._book_futures(entry.fill)
                case Funded():
                    paid, quote = entry.paid, self.account.markets[entry.paid.symbol].quote
                    self._book(quote, paid.amount, paid.at, "funding", symbol=paid.symbol)
                case _:
                    pass

    def _book_spot(self, fill: Fill) -> None:
        market, sign = self.account.markets[fill.symbol], 1 if fill.side == "buy" else -1
        moved = {market.quote: -sign * fill.value, market.base: sign * fill.amount}
        for currency, amount in moved.items():
            fee = fill.fee if currency == fill.fee_currency else ZERO
            self._book_trade(fill, currency, amount, fee)
        if fill.fee_currency not in moved:
            self._book_trade(fill, fill.fee_currency, -fill.fee, ZERO)

    def _book_futures(self, fill: Fill) -> None:
        market = self.account.markets[fill.symbol]
        total = self.balances()[market.quote].total
        before = self._told.get(market.quote)
        self._book_trade(fill, market.quote, total - (before.total if before else ZERO), fill.fee)

    def _book_trade(self, fill: Fill, currency: str, amount: Decimal, fee: Decimal) -> None:
        self._book(currency, amount, fill.at, "trade", fee=fee, symbol=fill.symbol, fill=fill)

    def _book(
        self,
        currency: str,
        amount: Decimal,
        at: int,
        kind: BookingKind,
        *,
        fee: Decimal = ZERO,
        symbol: str = "",
        fill: Fill | None = None,
    ) -> None:
        held = self.balances().get(currency)
        booking = Booking(
            id=next(self._ids),
            product=self.product,
            currency=currency,
            amount=amount,
            fee=fee,
            balance=held.total if held else ZERO,
            kind=kind,
            at=at,
            symbol=symbol,
            order_id=fill.client_id if fill else "",
            trade_id=fill.trade_id if fill else "",
        )
        self.bookings.append(booking)

    def _fee(
        self, market: Market, order: VenueOrder, amount: Decimal, fee: Decimal
    ) -> tuple[Decimal, str]:
        coin = self._settings.fee_coin if market.type == "spot" else "quote"
        if coin == "base" and order.side == "buy":
            return EXACT.multiply(amount, market.taker_fee), market.base
        if coin == "KCS":
            price = Decimal(str(self._settings.kcs_price))
            due = EXACT.divide(EXACT.multiply(fee, _KCS_DISCOUNT), price).quantize(_GRID)
            if due <= self.spare(KCS):
                return due, KCS
        return fee_in_quote(market, order, amount, fee)


def _change(
    product: Product, before: Balance | None, now: Balance, cause: Cause, order: VenueOrder | None
) -> BalanceChanged:
    free_before = before.free if before else ZERO
    held_before = before.total - before.free if before else ZERO
    return BalanceChanged(
        product=product,
        currency=now.currency,
        total=now.total,
        free=now.free,
        free_change=now.free - free_before,
        held_change=now.total - now.free - held_before,
        cause=cause,
        symbol=order.symbol if order else "",
        order_id=order.client_id if order else "",
    )
