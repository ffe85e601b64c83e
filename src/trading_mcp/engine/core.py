"""The core: what follows from what. It never waits, and it decides from what it is told alone.

Each method takes one thing that happened, makes the journal's entries that follow from it,
applies them to the state, and returns them. Nothing else changes the state.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Asset, Booked, Worth
from trading_mcp.domain.limits import Severity
from trading_mcp.domain.markets import ExchangeTerms, Market, market_key
from trading_mcp.domain.orders import (
    EXTERNAL,
    ApprovedOrder,
    Fill,
    Order,
    OrderIntent,
    OrderStatus,
    Refused,
    Verdict,
)
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.domain.reports import FundingPaid, Liquidated, OrderReport, Transferred
from trading_mcp.domain.signals import Signal
from trading_mcp.engine import booking, outside, protection, trading, watch
from trading_mcp.engine.desk import FAR, Desk, Entries, Wished
from trading_mcp.engine.state import State
from trading_mcp.portfolio.earnings import Account, Earnings, between, together
from trading_mcp.risk import gate, halts, sentinel
from trading_mcp.risk.findings import Objection
from trading_mcp.risk.standing import max_exposure


class Core:
    """Decides for one account, from its state, its markets and their prices."""

    def __init__(
        self,
        state: State,
        markets: Sequence[Market],
        *,
        leverage: int = 1,
        horizon: Callable[[], int] = lambda: FAR,
        terms: Mapping[str, ExchangeTerms] | None = None,
    ):
        self.desk = Desk(state, markets, terms or {}, horizon)
        self.state, self.markets = state, self.desk.markets
        self.standings = self.desk.standings
        self._leverage = leverage

    # What happens in the market

    def on_price(self, move: PriceMove) -> Entries:
        """Take in a price move: stops follow it, exits are hit, losses are judged."""
        self.desk.advance(move.at)
        self.standings.note_price(move)
        for position in self.standings.positions_in(move.market):
            trading.follow_price(self.desk, position, move)
        return self._watched()

    def on_stream_lost(self, exchange: str) -> None:
        """Take in that an exchange's prices may be old."""
        self.standings.lose_prices(exchange)

    def doubt(self, exchange: str, about: str, reason: str) -> None:
        """Take in why an exchange can't be relied on: nothing is opened there meanwhile.

        *reason* goes on after its name: "did not answer".
        """
        self.standings.doubts.setdefault(exchange, {})[about] = reason

    def trust(self, exchange: str, about: str) -> None:
        """Take in that a doubt about an exchange is over."""
        self.standings.doubts.get(exchange, {}).pop(about, None)

    def on_signal(self, *signals: Signal) -> Entries:
        """Take in strategies' wishes, in this order."""
        for signal in signals:
            self.desk.advance(signal.at)
            trading.act_on(self.desk, signal, self._leverage)
        return self.desk.take()

    def on_time(self, now: int) -> Entries:
        """Take in that time has passed: a new day begins, a pause ends."""
        self.desk.advance(now)
        return self._watched()

    # What somebody asks for

    def submit(self, intent: OrderIntent, now: int) -> tuple[Order | Refused, Entries]:
        """Pass an order through the gate; what comes back is approved, or refused with reasons."""
        self.desk.advance(now)
        result = self.desk.submit(intent)
        if isinstance(result, Order) and (why := protection.displaced(self.desk, result)):
            self.desk.alert("unprotected", "warning", why, subject=result.market)
        return result, self.desk.take()

    def review(self, intent: OrderIntent, now: int) -> tuple[Verdict, ...]:
        """Return what every rule would say of *intent*, without doing anything."""
        standing = self.standings.standing(intent.market, max(self.desk.now, now))
        return gate.review(gate.on_grid(intent, standing), standing)

    def make_way(
        self, position_id: str, amount: Decimal, until: int
    ) -> tuple[tuple[Order, ...], Entries]:
        """Take back the protective orders that an exit of *amount* (base) would collide with.

        Returns those that must be gone first; until *until* (UTC ms) none takes their place.
        """
        in_the_way = protection.make_way(self.desk, position_id, amount, until)
        return in_the_way, self.desk.take()

    def displaced(self, order: Order) -> str:
        """Return what is to be told of a stop whose place at the exchange *order* takes; or ""."""
        return protection.displaced(self.desk, order)

    def end_way(self, position_id: str) -> None:
        """Let protective orders take their place again."""
        self.desk.guards.return_to(position_id)

    def close_position(self, position_id: str, wished: Wished, now: int) -> Entries:
        """Begin to leave all of an open position at the market; it goes on until it is left."""
        self.desk.advance(now)
        position = self.state.positions.get(position_id)
        if position is not None:
            self.desk.exit(position, "manual", wished)
        return self.desk.take()

    def request_cancel(self, order_id: str, now: int) -> Entries:
        """Note that a working order's cancel is about to be sent."""
        self.desk.advance(now)
        order = self.state.orders.get(order_id)
        if order is not None and not order.cancelling:
            self.desk.change(order, cancelling=True)
        return self.desk.take()

    def kill(self, reason: str, principal: str, now: int) -> Entries:
        """Turn the kill switch on: from here on nothing enlarges a position."""
        self.desk.advance(now)
        watch.kill(self.desk, reason, principal)
        return self.desk.take()

    def record(self, *entries: e.AnyEntry) -> Entries:
        """Take in facts that need no decision (a setting was changed, a request answered)."""
        for entry in entries:
            self.desk.advance(entry.at)
            self.desk.make(entry)
        protection.protect(self.desk)
        return self.desk.take()

    def alert(
        self,
        trigger: str,
        severity: Severity,
        message: str,
        value: float | None = None,
        *,
        subject: str = "",
    ) -> Entries:
        """Raise an alert."""
        self.desk.alert(trigger, severity, message, value, subject=subject)
        return self.desk.take()

    def hand_out(self, order_id: str) -> ApprovedOrder | None:
        """Return an approved order for sending: once, and only if it may still be sent.

        None also when its cancel, or for what enlarges a position the kill switch, came between.
        """
        approved, order = self.desk.hand_out(order_id), self.state.orders.get(order_id)
        kept_back = order is None or order.cancelling or self._is_killed(order)
        return None if kept_back else approved

    # What the exchange says

    def on_accepted(self, order_id: str, venue_id: str, latency_ms: float, now: int) -> Entries:
        """Take in that the venue has the order. Its fills may have been quicker."""
        self.desk.advance(now)
        order = self.state.order(order_id)
        if order is not None:
            fresh = order.status in ("approved", "unknown")
            status: OrderStatus = "open" if fresh else order.status
            evidence = "exchange: accepted"
            self.desk.change(order, status, evidence, venue_id=venue_id, latency_ms=latency_ms)
        # What rests from now on may let a stop rest beside it, or be an exit of nothing.
        protection.protect(self.desk)
        return self.desk.take()

    def on_refused(self, order_id: str, evidence: str, now: int) -> Entries:
        """Take in that the venue refused the order for certain."""
        return self._ended(order_id, "rejected", evidence, now)

    def on_unknown(self, order_id: str, why: str, now: int) -> Entries:
        """Take in that nobody knows what became of the order. It keeps its reservation."""
        return self._ended(order_id, "unknown", why, now)

    def on_not_sent(self, order_id: str, why: str, now: int) -> Entries:
        """Take in that an approved order was never sent, and never will be."""
        return self._ended(order_id, "abandoned", why, now)

    def on_kept_back(self, order_id: str, now: int) -> Entries:
        """Take in that an approved order was not handed out, so that it never will be sent."""
        order = self.state.orders.get(order_id)
        if order is not None and order.cancelling and not self._is_killed(order):
            return self._ended(order_id, "cancelled", "cancelled before it was sent", now)
        return self.on_not_sent(order_id, "the kill switch went on first", now)

    def on_report(self, report: OrderReport) -> Entries:
        """Take in how the venue has the order. Its fills must have been booked before."""
        order = self.state.order_of(report.client_id)
        if order is None or self.misses_fills(report):
            return []
        self.desk.advance(report.at)
        if order.venue_id is None:
            order = self.desk.change(order, venue_id=report.venue_id)
        if order.owner == EXTERNAL and report.filled > order.filled:
            order = self.desk.change(order, filled=report.filled)
        status: OrderStatus = report.status
        if status == "open" and order.filled > 0:
            status = "partial"
        if status == "filled":
            # Nothing more will trade: what is not filled by now never will be.
            status = "filled" if order.filled >= order.amount else "cancelled"
        why = f" ({report.reason})" if report.reason else ""
        evidence = f"exchange: {report.status}{why}"
        if order.status in ("rejected", "abandoned") and status in ("open", "partial"):
            booking.revive(self.desk, order, status, evidence)
        elif order.working:
            self.desk.end(order.id, status, evidence)
        return self._watched()

    def misses_fills(self, report: OrderReport) -> bool:
        """Say whether the venue has filled more of an order of ours than has been booked."""
        order = self.state.order_of(report.client_id)
        if order is None or order.owner == EXTERNAL:
            return False
        return report.filled > order.filled

    def on_fill(self, fill: Fill) -> Entries:
        """Take in one trade, in any order, as often as it is told."""
        self.desk.advance(fill.at)
        watch.forgive(self.desk)  # before: what is lost after a pause is not forgiven with it
        booking.book_fill(self.desk, fill)
        made = self._watched()
        # After the watch: what was just lost may forbid the entry.
        trading.turn_round(self.desk, market_key(fill.exchange, fill.symbol), self._leverage)
        return made + self.desk.take()

    def on_funding(self, paid: FundingPaid) -> Entries:
        """Take in funding of a perpetual."""
        self.desk.advance(paid.at)
        booking.book_funding(self.desk, paid)
        return self._watched()

    def on_liquidated(self, report: Liquidated) -> Entries:
        """Take in that the exchange closed a market's positions by force."""
        self.desk.advance(report.at)
        booking.book_liquidation(self.desk, report)
        return self._watched()

    def on_transferred(self, report: Transferred) -> Entries:
        """Take in that money came to the account, or left it, otherwise than by a trade."""
        self.desk.advance(report.at)
        outside.book_transfer(self.desk, report)
        return self._watched()

    def on_balance(self, exchange: str, currency: str, total: Decimal, why: str) -> Entries:
        """Take in a balance as the exchange has it."""
        outside.book_balance(self.desk, exchange, currency, total, why)
        return self.desk.take()

    def on_mismatch(self, asset: Asset, difference: Decimal, why: str) -> Entries:
        """Take in that a balance differed from the exchange's for no reason that is known."""
        outside.note_mismatch(self.desk, asset, difference, why)
        return self.desk.take()

    def on_agreed(self, asset: Asset) -> Entries:
        """Take in that our balance of an asset is the exchange's, all trades having been told."""
        outside.note_agreement(self.desk, asset)
        protection.protect(self.desk)
        return self.desk.take()

    def on_foreign(self, report: OrderReport, exchange: str) -> Entries:
        """Take in an order that may trade and that the journal does not know."""
        self.desk.advance(report.at)
        outside.adopt(self.desk, report, exchange)
        return self._watched()

    def equity(self) -> sentinel.Equity:
        """Return the account's worth now and at the start of its periods."""
        return watch.equity(self.desk)

    def account(self, exchange: str | None = None) -> Account | None:
        """Return *exchange*'s account now, or all together; None while a held price is unknown."""
        if self.standings.equity() is None:
            return None
        worths, booked = self.standings.worths(), self.state.booked
        return together(
            Account(worth=worths.get(name, Worth()), booked=booked.get(name, Booked()))
            for name in {**worths, **booked}
            if exchange in (None, name)
        )

    def earnings(self, period: str, exchange: str | None = None) -> Earnings | None:
        """Return what the present day, week or month, or all since the founding, brought so far.

        None while the account's value is unknown.
        """
        now, began = self.account(exchange), self.state.periods.get(period)
        if now is None or began is None:
            return None
        then = together(a for name, a in began.accounts.items() if exchange in (None, name))
        return between(then, now)

    def halt(self, now: int) -> Objection | None:
        """Return why nothing may be opened or enlarged now, whatever the order."""
        return halts.halt(self._facts(now))

    def calls_off(self, now: int) -> bool:
        """Say whether entries that rest at an exchange must be cancelled."""
        return halts.calls_off(self._facts(now))

    def is_waiting(self, order_id: str) -> bool:
        """Say whether an approved order has not been handed out for sending yet."""
        return self.desk.is_waiting(order_id)

    def findings(self) -> sentinel.Findings:
        """Return what the account's losses mean now."""
        return watch.findings(self.desk)

    def largest(self, intent: OrderIntent, now: int) -> Decimal:
        """Return the largest amount (base) of *intent* that would pass the gate now; 0: none."""
        standing = self.standings.standing(intent.market, max(self.desk.now, now))
        return gate.largest(intent, standing)

    def max_exposure(self) -> Decimal:
        """Return the largest notional of everything under the present risk mode."""
        return max_exposure(self.state.parameters, self.state.mode)

    def working_entries(self) -> tuple[Order, ...]:
        """Return the orders that may still enlarge a position."""
        return tuple(o for o in self.state.orders.values() if not o.reduce_only)

    def _facts(self, now: int) -> halts.Facts:
        state, at = self.state, max(self.desk.now, now)
        return halts.Facts(at, state.kill_switch, state.pauses, self.standings.equity())

    def _is_killed(self, order: Order) -> bool:
        return self.state.kill_switch is not None and not order.reduce_only

    def _ended(self, order_id: str, status: OrderStatus, evidence: str, now: int) -> Entries:
        self.desk.advance(now)
        self.desk.end(order_id, status, evidence)
        return self.desk.take()

    def _watched(self) -> Entries:
        watch.keep_watch(self.desk)
        protection.protect(self.desk)
        return self.desk.take()
