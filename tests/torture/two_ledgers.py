"""The exchange's own ledger beside ours: whatever is lost, doubled, made up or counted wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from torture.journals import Journal
from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import Order
from trading_mcp.domain.positions import closing_side

Words = Mapping[str, Any]
ROUNDING = Decimal("1e-6")
"""How far sums over a perpetual's entry price, which has no end, may lie apart, in quote."""
NEGLIGIBLE = Decimal(5)
"""What is worth less (quote) may be less than an order can be."""
PUT_RIGHT = ("balance_mismatch", "outside_trade", "outside_order", "overfill", "alien_order")
"""Alerts that say that the books had to be put right."""
NEVER_SENT = "cancelled before it was sent"
"""The evidence of an order whose cancel was quicker than its way to the disk."""
_LIKE = {
    "waiting": {"open"},
    "open": {"open", "partial"},
    "cancelled": {"cancelled"},
    "filled": {"filled"},
    # Its stop was reached, and what came of it was refused.
    "failed": {"rejected"},
}


class TwoLedgers:
    """Our journal and the exchange's ledger as they are at one moment."""

    def __init__(self, ours: Journal, theirs: Words):
        self.ours, self.theirs = ours, theirs
        self._slips: dict[str, list[Words]] = defaultdict(list)
        for order in theirs["orders"]:
            self._slips[order["client_oid"]].append(order)

    def wrong(self) -> list[str]:
        """Return what must never be so, whatever is under way."""
        return [
            *self._sent_or_accepted_twice(),
            *self._made_up(),
            *self._wrongly_ended(),
            *self._fills_made_up_or_doubled(),
            *self.ours.alerts(*PUT_RIGHT),
        ]

    def different(self) -> list[str]:
        """Return all that is not equal yet: nothing may be left when nothing is under way."""
        if undecided := [f"{o.id} is {o.status}, undecided" for o in self.ours.undecided]:
            return undecided
        return [
            *self._orders_that_differ(),
            *self._fills_lost(),
            *self._money_that_differs(),
            *self._positions_that_differ(),
            *self._positions_without_their_stop(),
        ]

    def too_late(self, fence_ms: int) -> list[str]:
        """Return the orders that the exchange took later than it ever does: it was held up.

        What we believe of them is no proof of anything.
        """
        ours = self.ours.orders
        return [
            oid
            for oid, (slip, *_) in self._slips.items()
            if oid in ours and slip["created_at"] - ours[oid].created_at > fence_ms
        ]

    def _sent_or_accepted_twice(self) -> Iterator[str]:
        for what in ("asked", "accepted"):
            for oid, times in self.theirs[what].items():
                if times > 1:
                    yield f"{oid} was {what} {times} times"

    def _made_up(self) -> Iterator[str]:
        for oid, slips in self._slips.items():
            ours = self.ours.orders.get(oid)
            if oid and ours is None:
                yield f"{oid} is at the exchange and was never journaled"
            elif ours is not None and _terms(slips[0]) != _own_terms(ours):
                yield f"{oid} was journaled as {_own_terms(ours)}, sent as {_terms(slips[0])}"

    def _wrongly_ended(self) -> Iterator[str]:
        for oid in self.ours.revived:
            yield f"{oid} was taken for dead and lives"
        for order in self.ours.orders.values():
            real = self._real(order.client_id)
            if not order.working and not self._is_like(order, real):
                yield f"{order.id} counts as {order.status} ({order.evidence}), really it is {real}"

    def _fills_made_up_or_doubled(self) -> Iterator[str]:
        theirs = {_name(t["symbol"], t["id"]): _trade(t) for t in self.theirs["trades"]}
        times = Counter(_name(f.symbol, f.trade_id) for f in self.ours.fills)
        for fill in self.ours.fills:
            name = _name(fill.symbol, fill.trade_id)
            found = (fill.client_id, fill.side, fill.amount, fill.price, fill.fee)
            if times[name] > 1:
                yield f"trade {name} is booked {times[name]} times"
            if theirs.get(name) != (*found, fill.fee_currency):
                yield f"trade {name} is booked as {found}, it was {theirs.get(name)}"

    def _orders_that_differ(self) -> Iterator[str]:
        for order in self.ours.orders.values():
            real = self._real(order.client_id)
            if not self._is_like(order, real):
                yield f"{order.id} is {order.status}, really it is {real}"
            filled = sum((Decimal(s["filled"]) for s in self._slips[order.client_id]), ZERO)
            if order.filled != filled:
                yield f"{order.id} has filled {order.filled}, really {filled}"

    def _fills_lost(self) -> Iterator[str]:
        booked = {_name(fill.symbol, fill.trade_id) for fill in self.ours.fills}
        for trade in self.theirs["trades"]:
            if _name(trade["symbol"], trade["id"]) not in booked:
                yield f"trade {trade['id']} of {trade['client_oid']} is not booked"

    def _money_that_differs(self) -> Iterator[str]:
        theirs = self._their_money()
        ours = {asset.partition(":")[2]: held for asset, held in self.ours.state.cash.items()}
        for name in sorted(theirs.keys() | ours.keys()):
            difference = theirs.get(name, ZERO) - ours.get(name, ZERO)
            if abs(difference) > (ROUNDING if self._has_perpetuals and name == "USDT" else ZERO):
                yield f"the exchange has {theirs.get(name)} {name}, we {ours.get(name)}"

    @property
    def _has_perpetuals(self) -> bool:
        return any(fill.symbol.endswith("-PERP") for fill in self.ours.fills)

    def _their_money(self) -> dict[str, Decimal]:
        """Return the exchange's balances as we count them: perpetuals paid for like coins."""
        theirs: dict[str, Decimal] = defaultdict(Decimal)
        for wallet in self.theirs["balances"].values():
            for currency, balance in wallet.items():
                theirs[currency] += Decimal(balance["total"])
        for symbol, held in self.theirs["positions"].items():
            amount = Decimal(held["amount"])
            theirs[symbol] += amount
            theirs["USDT"] -= EXACT.multiply(amount, Decimal(held["entry_price"]))
        return theirs

    def _positions_that_differ(self) -> Iterator[str]:
        held = {asset.partition(":")[2]: n for asset, n in self.ours.state.cash.items()}
        for position in self.ours.positions:
            spot = not position.symbol.endswith("-PERP")
            name = position.symbol.partition("-")[0] if spot else position.symbol
            held[name] = held.get(name, ZERO) - position.sign * position.size
        for name, rest in held.items():
            if rest != 0 and name != "USDT":
                yield f"{rest} {name} belong to no position"

    def _positions_without_their_stop(self) -> Iterator[str]:
        for position in self.ours.positions:
            level, amount = position.stop_loss, position.size - self._leaving(position.id)
            stops = [slip for slip in self._waiting() if self._protects(slip, position.id)]
            found = [(s["side"], Decimal(s["stop_price"]), Decimal(s["size"])) for s in stops]
            if found and position.symbol.endswith("-PERP") and found[0][2] == position.size:
                amount = position.size  # on a perpetual the whole stop may rest beside an exit
            if level is None or amount * level < NEGLIGIBLE:
                continue
            wanted = (closing_side(position.side), level, amount)
            if found != [wanted]:
                yield f"{position.id} ({position.symbol}) wants {wanted}, at the exchange: {found}"

    def _leaving(self, position_id: str) -> Decimal:
        """Return how much of a position rests to be sold otherwise than by its stop."""
        orders = self.ours.state.orders.values()
        exits = (o for o in orders if o.reduce_only and o.position_id == position_id)
        return sum((order.remaining for order in exits if not order.protective), ZERO)

    def _waiting(self) -> Iterator[Words]:
        return (slip for slip in self.theirs["orders"] if slip["status"] == "waiting")

    def _protects(self, slip: Words, position_id: str) -> bool:
        order = self.ours.orders.get(slip["client_oid"])
        return order is not None and order.protective and order.position_id == position_id

    def _is_like(self, order: Order, real: str) -> bool:
        """Say whether an order counts as what it really is."""
        if real == "nowhere" and order.evidence == NEVER_SENT:
            return order.status == "cancelled" and not self.theirs["asked"].get(order.client_id)
        return order.status in _LIKE.get(real, {"rejected", "abandoned"})

    def _real(self, client_id: str) -> str:
        """Return how the exchange truly has an order, "nowhere" if it has none.

        A stop that was reached is what came out of it.
        """
        slips = self._slips.get(client_id)
        if not slips:
            return "nowhere"
        last = slips[-1]
        failed = last["is_stop"] and last["triggered"] and last["status"] == "cancelled"
        return "failed" if failed else str(last["status"])


def _terms(slip: Words) -> tuple[Any, ...]:
    price, stop = _number(slip["price"]), _number(slip["stop_price"])
    return (slip["symbol"], slip["side"], Decimal(slip["size"]), price, stop)


def _own_terms(order: Order) -> tuple[Any, ...]:
    return (order.symbol, order.side, order.amount, order.price, order.stop_price)


def _trade(trade: Words) -> tuple[Any, ...]:
    numbers = (Decimal(trade[field]) for field in ("amount", "price", "fee"))
    return (trade["client_oid"], trade["side"], *numbers, trade["fee_currency"])


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _name(symbol: str, trade_id: str) -> str:
    return f"{symbol} {trade_id}"
