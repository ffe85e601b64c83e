"""An exchange that keeps its own books: it is the truth that the engine's state is held to."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from trading_mcp.domain.orders import ApprovedOrder, Fill
from trading_mcp.domain.reports import OrderReport, OrderTerms

ZERO = Decimal(0)


@dataclass
class Held:
    """An order as the exchange has it."""

    symbol: str
    venue_id: str
    terms: OrderTerms
    status: str = "open"
    fills: list[Fill] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        return sum((fill.amount for fill in self.fills), ZERO)

    @property
    def remaining(self) -> Decimal:
        return self.terms.amount - self.filled if self.status == "open" else ZERO


class TruthfulExchange:
    """Takes orders, trades them, and pays for that. What it says is true, if perhaps old."""

    def __init__(self, name: str):
        self.name = name
        self.balances: dict[str, Decimal] = defaultdict(Decimal)
        self.orders: dict[str, Held] = {}
        self.trades = 0

    def take(self, order: ApprovedOrder) -> str:
        """Accept an order. That it came twice is the fault that must never be."""
        assert order.client_id not in self.orders, f"{order.client_id} was sent twice"
        terms = OrderTerms(
            side=order.side,
            type=order.type,
            amount=order.amount,
            price=order.price,
            stop_price=order.stop_price,
            reduce_only=order.reduce_only,
        )
        self.orders[order.client_id] = Held(order.symbol, f"v-{order.id}", terms)
        self.cut(order.symbol)
        return f"v-{order.id}"

    def place(self, client_id: str, symbol: str, terms: OrderTerms) -> None:
        """Accept an order of somebody else."""
        self.orders[client_id] = Held(symbol, f"v-{client_id}", terms)

    def trade(
        self, client_id: str, amount: Decimal, price: Decimal, fee: Decimal, currency: str, at: int
    ) -> Fill:
        """Trade so much of an order, or what it may at most, and pay for it."""
        held = self.orders[client_id]
        assert ZERO < amount <= held.remaining
        beyond, amount = amount > self.closable(held), min(amount, self.closable(held))
        self.trades += 1
        fill = Fill(
            exchange=self.name,
            symbol=held.symbol,
            trade_id=f"t{self.trades}",
            client_id=client_id,
            side=held.terms.side,
            amount=amount,
            price=price,
            fee=fee,
            fee_currency=currency,
            at=at,
        )
        held.fills.append(fill)
        if held.remaining == 0:
            held.status = "filled"
        for asset, change in changes(fill):
            self.balances[asset] += change
        if beyond:
            self.cancel(client_id)
        self.cut(held.symbol)
        return fill

    def closable(self, held: Held) -> Decimal:
        """How much of an order may trade: of a perpetual's that only reduces, what is held."""
        if not held.terms.reduce_only or not held.symbol.endswith("-PERP"):
            return held.remaining
        net = self.balances[held.symbol] * (1 if held.terms.side == "sell" else -1)
        return min(held.remaining, max(net, ZERO))

    def cut(self, symbol: str) -> None:
        """Take away what would reduce what is not there."""
        for client_id, held in self.orders.items():
            if held.symbol == symbol and held.remaining and not self.closable(held):
                self.cancel(client_id)

    def cancel(self, client_id: str) -> None:
        """Take back what has not traded, if anything is left."""
        held = self.orders[client_id]
        if held.status == "open":
            held.status = "cancelled"

    def report(self, client_id: str, at: int) -> OrderReport:
        """Say how an order is now."""
        held = self.orders[client_id]
        return OrderReport(
            exchange=self.name,
            symbol=held.symbol,
            client_id=client_id,
            venue_id=held.venue_id,
            status=held.status,
            filled=held.filled,
            at=at,
            terms=held.terms,
        )


def changes(fill: Fill) -> list[tuple[str, Decimal]]:
    """What a trade does to the balances. A perpetual is a coin of its own name."""
    held = fill.symbol if fill.symbol.endswith("-PERP") else fill.symbol.partition("-")[0]
    sign = 1 if fill.side == "buy" else -1
    return [
        (held, sign * fill.amount),
        ("USDT", -sign * fill.amount * fill.price),
        (fill.fee_currency, -fill.fee),
    ]


def brought(fill: Fill) -> Decimal:
    """What a trade adds to the positions of its market, signed."""
    sign = 1 if fill.side == "buy" else -1
    in_base = fill.symbol.partition("-")[0] == fill.fee_currency and "PERP" not in fill.symbol
    return sign * fill.amount - (fill.fee if in_base else ZERO)
