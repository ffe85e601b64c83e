"""The exchange's own books: every fact about the account, and the state they add up to."""

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from trading_mcp.adapters.simulated.stakes import Stake, after
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Fill, OrderType, Side
from trading_mcp.domain.reports import FundingPaid, Liquidated, VenueStatus

REMEMBERED = 2000
"""How many ended orders, fundings and liquidations the exchange can still be asked about."""


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange has it. *triggered* says that a stop has been reached.

    *ahead* is what stood at its price before it, in base; *accepted_at* is in UTC ms.
    """

    client_id: str
    venue_id: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    reduce_only: bool
    leverage: int
    updated_at: int
    status: VenueStatus = "open"
    filled: Decimal = ZERO
    triggered: bool = False
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    ahead: Decimal = ZERO
    accepted_at: int = 0

    @property
    def remaining(self) -> Decimal:
        """What has not traded, in base."""
        return self.amount - self.filled

    @property
    def sign(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self.side == "buy" else -1


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", tag=True):
    """One fact, at *at* (trading time, UTC ms)."""

    at: int


class Deposited(Entry, frozen=True, kw_only=True):
    """Money came in."""

    currency: str
    amount: Decimal


class Accepted(Entry, frozen=True, kw_only=True):
    """An order was accepted."""

    order: VenueOrder


class Triggered(Entry, frozen=True, kw_only=True):
    """A stop was reached: from here on its order is a market order."""

    client_id: str


class Traded(Entry, frozen=True, kw_only=True):
    """An order traded."""

    fill: Fill


class Ended(Entry, frozen=True, kw_only=True):
    """An order can trade no more."""

    client_id: str
    status: Literal["filled", "cancelled"]
    reason: str = ""


class Funded(Entry, frozen=True, kw_only=True):
    """Funding was received or paid; *drained* of it came out of the position's margin."""

    paid: FundingPaid
    drained: Decimal


class ForcedOut(Entry, frozen=True, kw_only=True):
    """A position was closed by force."""

    report: Liquidated


class Passed(Entry, frozen=True, kw_only=True):
    """A market (if none is named: each) has been followed up to here."""

    symbol: str = ""


class Listed(Entry, frozen=True, kw_only=True):
    """A market in which the account trades, as it was then."""

    market: Market


LedgerEntry = (
    Deposited | Accepted | Triggered | Traded | Ended | Funded | ForcedOut | Passed | Listed
)


class State(msgspec.Struct, kw_only=True):
    """The account. Changed by `apply` and nothing else.

    *cash* is what all trades have left of each currency: a fill moves the quote by its value and
    fee, spot and perpetual alike. So the wallet is the cash plus the signed cost of the open
    stakes. *passed* is the time up to which the market has been followed; *followed* says it of
    single markets where they are followed one by one. *listed* are the markets that it trades in.
    """

    passed: int = 0
    orders_seen: int = 0
    trades_seen: int = 0
    cash: dict[str, Decimal] = {}
    stakes: dict[str, Stake] = {}
    orders: dict[str, VenueOrder] = {}
    ended: dict[str, VenueOrder] = {}
    fundings: list[FundingPaid] = []
    liquidations: list[Liquidated] = []
    followed: dict[str, int] = {}
    listed: dict[str, Market] = {}

    def order(self, client_id: str) -> VenueOrder | None:
        """Return an order, open or ended."""
        return self.orders.get(client_id) or self.ended.get(client_id)

    def has(self, currency: str) -> bool:
        """Say whether there is any of *currency*."""
        return bool(self.cash.get(currency, ZERO))

    def apply(self, entry: LedgerEntry, markets: dict[str, Market]) -> None:
        """Change the state by one fact."""
        self.passed = max(self.passed, entry.at)
        match entry:
            case Deposited():
                self._add(entry.currency, entry.amount)
            case Accepted():
                self.orders_seen += 1
                self.orders[entry.order.client_id] = entry.order
            case Triggered():
                order = self.orders[entry.client_id]
                self.orders[order.client_id] = replace(order, triggered=True, updated_at=entry.at)
            case Traded():
                self._trade(entry.fill, markets[entry.fill.symbol])
            case Ended():
                self._end(entry)
            case Funded():
                self._fund(entry, markets[entry.paid.symbol])
            case ForcedOut():
                self._force_out(entry.report, markets[entry.report.symbol])
            case Passed():
                if entry.symbol:
                    self.followed[entry.symbol] = entry.at
            case Listed():
                self.listed[entry.market.symbol] = entry.market

    def _trade(self, fill: Fill, market: Market) -> None:
        self.trades_seen += 1
        order = self.orders[fill.client_id]
        self.orders[order.client_id] = replace(
            order,
            filled=order.filled + fill.amount,
            fills=(*order.fills, fill),
            updated_at=fill.at,
        )
        self._exchange(market, order.sign, fill.value, ZERO)
        self._add(fill.fee_currency, EXACT.minus(fill.fee))
        if market.type == "spot":
            self._add(market.base, order.sign * fill.amount)
        else:
            self._stake(market.symbol, order, fill)

    def _stake(self, symbol: str, order: VenueOrder, fill: Fill) -> None:
        stake = self.stakes.pop(symbol, None)
        then = after(stake, symbol, order.sign, fill.amount, fill.price, order.leverage)
        if then:
            self.stakes[symbol] = then

    def _end(self, entry: Ended) -> None:
        order = self.orders.pop(entry.client_id)
        self.ended[order.client_id] = replace(
            order, status=entry.status, reason=entry.reason, updated_at=entry.at
        )
        if len(self.ended) > REMEMBERED:
            del self.ended[next(iter(self.ended))]

    def _fund(self, entry: Funded, market: Market) -> None:
        self._add(market.quote, entry.paid.amount)
        self.fundings = [*self.fundings[-REMEMBERED:], entry.paid]
        stake = self.stakes[market.symbol]
        self.stakes[market.symbol] = replace(stake, drained=stake.drained + entry.drained)

    def _force_out(self, report: Liquidated, market: Market) -> None:
        self.trades_seen += 1
        stake = self.stakes.pop(report.symbol)
        value = EXACT.multiply(report.amount, report.price)
        self._exchange(market, -stake.sign, value, report.fee)
        self.liquidations = [*self.liquidations[-REMEMBERED:], report]

    def _exchange(self, market: Market, sign: int, value: Decimal, fee: Decimal) -> None:
        self._add(market.quote, EXACT.subtract(EXACT.multiply(-sign, value), fee))

    def _add(self, currency: str, amount: Decimal) -> None:
        self.cash[currency] = EXACT.add(self.cash.get(currency, ZERO), amount)
