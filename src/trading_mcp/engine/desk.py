"""The desk: the state, the sums over it, and the one way to add to the journal."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import cast

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import Alert, Severity
from trading_mcp.domain.markets import ExchangeTerms, Market, MarketKey
from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.orders import (
    ApprovedOrder,
    Order,
    OrderIntent,
    OrderStatus,
    Reason,
    Refused,
    may_become,
)
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.departures import REFUSED_OFTEN, Departures
from trading_mcp.engine.guards import Guards
from trading_mcp.engine.ids import identifier
from trading_mcp.engine.reversals import Reversals
from trading_mcp.engine.standings import Standings
from trading_mcp.engine.state import State
from trading_mcp.portfolio import book
from trading_mcp.risk import gate, rules
from trading_mcp.risk.standing import Standing

Entries = list[e.AnyEntry]
ENGINE = "engine"
"""The principal of what the engine decides by itself."""
LEEWAY_MS = 5_000
"""How far an exchange's time may lie ahead of our clock before it is not believed."""
FAR = 1 << 62


class Wished(msgspec.Struct, frozen=True):
    """On whose wish something is done, and for which request with an idempotency key."""

    principal: str
    idempotency: str | None = None


BY_ITSELF = Wished(ENGINE)


class Desk:
    """What every decision works on. Entries made here are applied at once and taken later."""

    def __init__(
        self,
        state: State,
        markets: Sequence[Market],
        terms: Mapping[str, ExchangeTerms],
        horizon: Callable[[], int] = lambda: FAR,
    ):
        self.state = state
        self.markets: dict[MarketKey, Market] = {m.key: m for m in markets}
        self.standings = Standings(state, self.markets, terms)
        self.now = state.now
        self._horizon = horizon
        self._made: Entries = []
        self._approved: dict[str, ApprovedOrder] = {}
        self._departures = Departures(state.positions.values())
        self.guards = Guards(state.orders.values())
        self.reversals = Reversals()

    def advance(self, now: int) -> None:
        """Move the time on; it never goes back, nor beyond what our own clock shows."""
        self.now = max(self.now, min(now, self._horizon() + LEEWAY_MS))

    def take(self) -> Entries:
        """Return the entries made since the last call."""
        made, self._made = self._made, []
        return made

    def make(self, entry: e.AnyEntry) -> None:
        """Add one entry: the state and its sums follow at once."""
        self.state.apply(entry)
        match entry:
            case e.OrderApproved() | e.OrderChanged() | e.OrderAdopted():
                self._note_order(entry.order)
            case e.FillBooked():
                self._note_order(entry.order)
                self.standings.note_flows(*entry.flows)
                self.standings.note_trade(entry.order.market, entry.fill.price, entry.fill.at)
                if entry.position is not None:
                    self._note_position(entry.position)
            case e.FundsMoved():
                self.standings.note_flows(entry.flow)
            case e.FundingBooked():
                self.standings.note_flows(entry.flow)
                for position in entry.positions:
                    self._note_position(position)
            case e.PositionChanged():
                self._note_position(entry.position)
            case _:
                pass
        self._made.append(entry)

    def new_id(self, prefix: str) -> str:
        """Return the identifier of something that the next entry brings."""
        return identifier(prefix, self.now, self.state.seq + 1)

    def client_id(self, order_id: str) -> str:
        """Return what the exchange will know the order by: ours for ever."""
        return f"{order_id}-{self.state.installation}"

    def standing(self, market: MarketKey) -> Standing:
        """Return the account as an order on *market* sees it."""
        return self.standings.standing(market, self.now)

    def alert(
        self,
        trigger: str,
        severity: Severity,
        message: str,
        value: float | None = None,
        *,
        subject: str = "",
    ) -> None:
        """Raise an alert."""
        alert = Alert(
            id=self.new_id("alert"),
            trigger=trigger,
            severity=severity,
            message=message,
            at=self.now,
            value=value,
            subject=subject,
        )
        self.make(e.AlertRaised(at=self.now, alert=alert))

    def submit(self, intent: OrderIntent) -> Order | Refused:
        """Pass *intent* through the gate; what comes back is approved, or refused with reasons."""
        order_id = self.new_id("ord")
        standing = self.standing(intent.market)
        client_id = self.client_id(order_id)
        approved = gate.approve(intent, standing, order_id=order_id, client_id=client_id)
        if isinstance(approved, Refused):
            self.make(_refusal(approved, self.now))
            return approved
        order = Order(
            id=approved.id,
            client_id=approved.client_id,
            market=intent.market,
            exchange=approved.exchange,
            symbol=approved.symbol,
            side=approved.side,
            type=approved.type,
            amount=approved.amount,
            owner=intent.owner,
            principal=intent.principal,
            reason=intent.reason,
            created_at=self.now,
            updated_at=self.now,
            expected_price=intent.expected_price or rules.meeting_price(intent, standing),
            reduce_only=approved.reduce_only,
            price=approved.price,
            stop_price=approved.stop_price,
            leverage=approved.leverage,
            plan=intent.plan,
            position_id=intent.reduces or self._position_for(intent, standing),
            idempotency=intent.idempotency,
            protective=intent.protective,
        )
        if not order.reduce_only:
            self.standings.note_entry(self.now)
        self._approved[order.id] = approved
        self.make(e.OrderApproved(at=self.now, order=order))
        return order

    def is_waiting(self, order_id: str) -> bool:
        """Say whether an approved order has not been handed out for sending yet."""
        return order_id in self._approved

    def hand_out(self, order_id: str) -> ApprovedOrder | None:
        """Return an approved order for sending: once, and never after a restart."""
        return self._approved.pop(order_id, None)

    def exit(
        self,
        position: Position,
        reason: Reason,
        wished: Wished = BY_ITSELF,
        *,
        level: Decimal | None = None,
    ) -> None:
        """Leave all of *position* at the market, and go on until it is left.

        *level* is the price that was reached, if one was: what is expected to be got.
        """
        if not position.leaving:
            position = msgspec.structs.replace(position, leaving=reason)
            why, principal = f"leaving: {reason}", wished.principal
            self.make(
                e.PositionChanged(at=self.now, position=position, why=why, principal=principal)
            )
        if wished is not BY_ITSELF:
            self._departures.hurry(position.id)  # somebody waits for it: not in a minute
        self._leave(position, wished, level)

    def go_on_leaving(self) -> None:
        """Try again, ever more slowly, to leave the positions that are being left."""
        for position_id in self._departures.going():
            self._leave(self.state.positions[position_id])

    def _leave(
        self, position: Position, wished: Wished = BY_ITSELF, level: Decimal | None = None
    ) -> None:
        standing = self.standing(position.market)
        due = self._departures.is_due(position.id, self.now)
        if not due or standing.leaving(position.id) >= position.size:
            return
        self._departures.tried(position.id, self.now)
        # What rests holds what must be sold at once: first it goes, then the rest leaves.
        self.call_off_exits(position)
        left = position.size - standing.exiting(position.id)
        if left == position.size and self.is_dust(position, left):
            self.write_off(position, left, "dust")
        elif left > 0:
            self.submit(_leaving(position, left, wished, level))

    def call_off_exits(self, position: Position) -> None:
        """Cancel what rests to make *position* smaller."""
        for order in self.standing(position.market).exits(position.id):
            if order.rests and not order.cancelling:
                self.change(order, cancelling=True)

    def is_dust(self, position: Position, amount: Decimal, price: Decimal | None = None) -> bool:
        """Say whether so much of a position is too little to be sold at *price* (the last one)."""
        market = self.markets[position.market]
        sold = market.amount(amount)
        if self.terms(position.exchange).closes_any_size or market.type != "spot":
            return sold == 0
        mark = price or self.standings.marks.get(market.key, position.entry_price)
        return sold < market.min_amount or EXACT.multiply(sold, mark) < market.min_notional

    def write_off(self, position: Position, amount: Decimal, why: str) -> None:
        """Take out of a position what it cannot sell, at the last price: no profit and no loss.

        On a spot market the coins stay in the account, and belong to no position.
        """
        mark = self.standings.marks.get(position.market, position.entry_price)
        changed = msgspec.structs.replace(
            position,
            exited=position.exited + amount,
            exited_value=position.exited_value + EXACT.multiply(amount, mark),
        )
        if not changed.is_open:
            reason = position.close_reason or position.leaving or why
            changed = msgspec.structs.replace(changed, closed_at=self.now, close_reason=reason)
        self.make(e.PositionChanged(at=self.now, position=changed, why=why, principal=ENGINE))
        if not changed.is_open:
            self.call_off_exits(changed)

    def terms(self, exchange: str) -> ExchangeTerms:
        """Return on what terms we trade on *exchange*."""
        return self.standings.terms.get(exchange, ExchangeTerms())

    def end(self, order_id: str, status: OrderStatus, evidence: str) -> None:
        """Move an order to *status*, if the table of statuses allows it from where it is."""
        order = self.state.order(order_id)
        if order is None or order.status == status or not may_become(order.status, status):
            return
        self.change(order, status, evidence)
        if status == "rejected" and order.position_id in self._departures.going():
            self._exit_refused(order, order.position_id, evidence)
        elif status in ("rejected", "unknown"):
            message = f"Order {order.id} ({order.symbol} {order.side}) {status}: {evidence}"
            trigger = "order_unknown" if status == "unknown" else "order_error"
            self.alert(trigger, "warning", message, subject=order.market)

    def _exit_refused(self, order: Order, position_id: str, evidence: str) -> None:
        """Tell of an exit that was refused; when that goes on, halt the market, once.

        It is tried again all the same, each minute: what the exchange refuses now it may take
        later.
        """
        refusals = self._departures.refused(position_id)
        message = f"Order {order.id} ({order.symbol} {order.side}) rejected: {evidence}"
        if refusals < REFUSED_OFTEN:
            self.alert("order_error", "warning", message, subject=order.market)
        elif refusals == REFUSED_OFTEN:
            why = (
                f"{order.exchange} refused {refusals} times in a row to close {position_id} "
                f"({order.symbol}), last with: {evidence}. It is tried again each minute"
            )
            self.alert("order_error", "critical", why, subject=order.market)
            asset = book.held_asset(self.markets[order.market])
            if asset not in self.state.halted:
                self.make(e.TradingHalted(at=self.now, asset=asset, reason=why))

    def change(
        self,
        order: Order,
        status: OrderStatus | None = None,
        evidence: str | None = None,
        **changes: object,
    ) -> Order:
        """Replace an order's status, evidence or other fields."""
        # Whoever asks may have waited meanwhile: what has been booked since must not be undone.
        order = self.state.order(order.id) or order
        changed = msgspec.structs.replace(
            order,
            status=status or order.status,
            evidence=order.evidence if evidence is None else evidence,
            updated_at=self.now,
            **changes,
        )
        self.make(e.OrderChanged(at=self.now, order=changed))
        return changed

    def _note_position(self, position: Position) -> None:
        self.standings.note_position(position)
        self._departures.note_position(position)
        if not position.is_open:
            self.guards.forget(position.id)

    def _note_order(self, order: Order) -> None:
        self.standings.note_order(order)
        self._departures.note_order(order)
        self.guards.note_order(order)

    def _position_for(self, intent: OrderIntent, standing: Standing) -> str | None:
        if intent.side == "sell" and not standing.market.can_short:
            return None  # coins that belong to no position: selling them opens none
        held = standing.position_of(intent.owner)
        if held is not None:
            return held.id
        entering = (o for o in standing.entering(intent.owner) if o.side == intent.side)
        opening = next((o.position_id for o in entering if o.position_id), None)
        return opening or self.new_id("pos")


def _refusal(refused: Refused, at: int) -> e.OrderRefused:
    intent, objection = refused.intent, refused.objection
    return e.OrderRefused(
        at=at,
        market=intent.market,
        side=intent.side,
        amount=intent.amount,
        owner=intent.owner,
        principal=intent.principal,
        rule=objection.rule,
        code=objection.code,
        reason=objection.reason,
    )


def _leaving(
    position: Position, amount: Decimal, wished: Wished, level: Decimal | None
) -> OrderIntent:
    return OrderIntent(
        market=position.market,
        side=closing_side(position.side),
        type="market",
        amount=amount,
        owner=position.owner,
        principal=wished.principal,
        reason=cast(Reason, position.leaving),
        leverage=position.leverage,
        reduces=position.id,
        idempotency=wished.idempotency,
        expected_price=level,
    )
