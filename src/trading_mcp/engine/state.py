"""The engine's state: a fold over the journal."""

from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Asset, Booked, Flow, Worth, asset_key
from trading_mcp.domain.limits import Alert, KillSwitch, RiskMode, RiskParameters
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import EXTERNAL, Order
from trading_mcp.domain.others import OthersTrade
from trading_mcp.domain.positions import Position
from trading_mcp.domain.times import DAY_MS, HOUR_MS
from trading_mcp.engine.execution import Execution
from trading_mcp.engine.ids import adopted_id, order_id_of
from trading_mcp.portfolio.earnings import Account
from trading_mcp.portfolio.performance import Tally
from trading_mcp.risk.standing import Pause

FOLD = 5
"""Raised whenever the fold keeps something else: older snapshots are then folded anew."""
REMEMBERED = 1_000
"""How many ended orders, closed positions and outside trades are kept at hand at least."""
ENDED_MS, MOST_ENDED = HOUR_MS, 20_000
"""How long ended orders are remembered at least, up to the second number: an exchange that is
asked for its newest fills tells of them again."""
OUTSIDE_MS = 2 * DAY_MS
"""How long funding, liquidations and trades that are not ours are remembered at least."""
ANSWERS, MOST_ANSWERS = 10_000, 50_000
"""How many answers to requests with an idempotency key are kept at least; those of the last day are
kept up to the second number."""
ALL = ""
"""The key of the record of all owners, or of all exchanges, together."""
FOUNDING = "founding"
"""The name of the period that began with the first day and does not end."""


_Noted = e.Founded | e.ExchangeJoined | e.PeriodOpened | e.Answered | e.AlertRaised
_Compared = e.OthersTraded | e.OthersCompared | e.TradingHalted | e.TradingResumed


class StrategyState(msgspec.Struct, frozen=True):
    """Whether and how a strategy trades. *fault* says why it was stopped, if it was."""

    active: bool
    weight: float
    params: dict[str, Any]
    fault: str = ""


class PeriodStart(msgspec.Struct, frozen=True, kw_only=True):
    """When a period began (UTC ms), what all was worth then (quote), and each exchange's account.

    The worths move with deposits and withdrawals.
    """

    start: int
    equity: Decimal
    accounts: dict[str, Account]


class Joined(msgspec.Struct, frozen=True):
    """Since when (UTC ms) an account's books are kept here, and what the exchange is."""

    at: int
    source: str


class State(msgspec.Struct, kw_only=True):
    """Everything the engine knows that prices alone do not tell.

    Only `apply` changes it. *cash* holds every asset's balance by `exchange:asset`; a perpetual
    is an asset under its symbol, paid for from the quote like a coin. *others* are the trades not
    ours since the positions in an asset were last compared with what there is.
    """

    fold: int = FOLD
    seq: int = 0
    now: int = 0
    installation: str = ""
    running: bool = False
    pairs: tuple[MarketKey, ...] = ()
    strategies: dict[str, StrategyState] = {}
    proven: dict[str, str] = {}
    parameters: RiskParameters = msgspec.field(default_factory=RiskParameters)
    mode: RiskMode = "Normal"
    kill_switch: KillSwitch | None = None
    pauses: dict[str, Pause] = {}
    consecutive_losses: int = 0
    cash: dict[Asset, Decimal] = {}
    orders: dict[str, Order] = {}
    ended: dict[str, Order] = {}
    positions: dict[str, Position] = {}
    closed: dict[str, Position] = {}
    tallies: dict[str, Tally] = {}
    booked: dict[str, Booked] = {}
    execution: dict[str, Execution] = {}
    periods: dict[str, PeriodStart] = {}
    outside_trades: dict[str, int] = {}
    answers: dict[str, e.Answered] = {}
    alerts: dict[str, Alert] = {}
    joined: dict[str, Joined] = {}
    halted: dict[Asset, str] = {}
    others: dict[Asset, tuple[OthersTrade, ...]] = {}

    def order(self, order_id: str) -> Order | None:
        """Return a working or recently ended order."""
        return self.orders.get(order_id) or self.ended.get(order_id)

    def order_of(self, client_id: str) -> Order | None:
        """Return the order with this client id: ours has our order id and the installation's tag,
        one that was adopted is called by the client id itself."""
        order = self.order(order_id_of(client_id))
        # Another installation's order may have the same id as ours, but never the same tag.
        ours = order is not None and order.client_id == client_id
        return order if ours else self.order(adopted_id(client_id))

    def position(self, position_id: str) -> Position | None:
        """Return an open or recently closed position."""
        return self.positions.get(position_id) or self.closed.get(position_id)

    def knows(self, exchange: str, name: str) -> bool:
        """Say whether a trade, transfer or the like that is no order's of ours was booked."""
        return asset_key(exchange, name) in self.outside_trades

    def tally(self, owner: str = ALL) -> Tally:
        """Return the record of *owner*, or of all together."""
        return self.tallies.get(owner) or Tally(capital=self.founding_equity)

    @property
    def founding_equity(self) -> Decimal:
        """What the account was worth when its first day was opened, in quote."""
        return self.periods[FOUNDING].equity if FOUNDING in self.periods else ZERO

    def realized(self, period: str) -> Decimal:
        """Return what the positions earned that closed in the present day, week or month (quote).

        The same as their `realized_pnl` summed up.
        """
        began = self.periods[period].accounts if period in self.periods else {}
        before = sum((account.booked.realized for account in began.values()), ZERO)
        return sum((booked.realized for booked in self.booked.values()), ZERO) - before

    def executed(self, exchange: str = ALL) -> Execution:
        """Return how orders fared at *exchange*, or at all together."""
        return self.execution.get(exchange) or Execution()

    def apply(self, entry: e.AnyEntry) -> None:
        """Take in one entry. The only way anything changes."""
        self.seq += 1
        self.now = max(self.now, entry.at)
        match entry:
            case e.OrderApproved() | e.OrderChanged() | e.OrderAdopted():
                self._keep_order(entry.order)
            case e.PositionChanged():
                self._keep_position(entry.position, entry.at)
            case e.FundsMoved() | e.FillBooked() | e.FundingBooked():
                self._book(entry)
            case (
                e.Founded() | e.ExchangeJoined() | e.PeriodOpened() | e.Answered() | e.AlertRaised()
            ):
                self._note(entry)
            case e.OthersTraded() | e.OthersCompared() | e.TradingHalted() | e.TradingResumed():
                self._compare(entry)
            case e.OrderRefused():
                pass
            case _:
                self._switch(entry)

    def _book(self, entry: e.FundsMoved | e.FillBooked | e.FundingBooked) -> None:
        match entry:
            case e.FundsMoved():
                self._move(entry.flow)
                self._note_outside(entry.flow, entry.why, entry.at)
                self._move_starts(entry.flow.asset.partition(":")[0], entry.worth)
            case e.FillBooked():
                before = self.order(entry.order.id)
                self._keep_order(entry.order)
                for record in self._executions(entry.order):
                    record.note_fill(entry.fill)
                fees = entry.order.fees - (before.fees if before is not None else ZERO)
                self._add(entry.fill.exchange, fees=fees)
                for flow in entry.flows:
                    self._move(flow)
                if entry.position is not None:
                    self._keep_position(entry.position, entry.at)
            case e.FundingBooked():
                self._move(entry.flow)
                self._add(entry.flow.asset.partition(":")[0], funding=entry.flow.amount)
                self._note_outside(entry.flow, entry.funding_id, entry.at)
                for position in entry.positions:
                    self._keep_position(position, entry.at)

    def _note(self, entry: _Noted) -> None:
        match entry:
            case e.Founded():
                self.installation = entry.installation
            case e.ExchangeJoined():
                self.joined[entry.exchange] = Joined(entry.at, entry.source)
            case e.PeriodOpened():
                began = self._begun(entry)
                self.periods[entry.period] = began
                self.periods.setdefault(FOUNDING, began)
            case e.Answered():
                self._remember_answer(entry)
            case e.AlertRaised():
                self._remember(self.alerts, entry.alert.id, entry.alert)

    def _compare(self, entry: _Compared) -> None:
        match entry:
            case e.OthersTraded():
                self.others[entry.asset] = (*self.others.get(entry.asset, ()), entry.trade)
            case e.OthersCompared():
                self.others.pop(entry.asset, None)
            case e.TradingHalted():
                self.halted[entry.asset] = entry.reason
            case e.TradingResumed():
                self.halted.pop(entry.asset, None)

    def _switch(self, entry: e.AnyEntry) -> None:
        match entry:
            case e.ParametersChanged():
                self.parameters = entry.parameters
            case e.ModeChanged():
                self.mode = entry.mode
            case e.KillSwitchChanged():
                self.kill_switch = entry.switch
            case e.EntriesPaused():
                self.pauses[entry.rule] = Pause(entry.reason, entry.until)
            case e.LossesForgiven():
                self.consecutive_losses = 0
                self.pauses.pop("max_consecutive_losses", None)
            case e.EngineSwitched():
                self.running = entry.running
            case e.StrategyChanged():
                fault = "" if entry.active else entry.why
                self.strategies[entry.name] = StrategyState(
                    entry.active, entry.weight, entry.params, fault
                )
            case e.StrategyProven():
                self.proven[entry.name] = entry.digest
            case e.PairsChanged():
                self.pairs = entry.pairs
            case _:
                raise TypeError(f"no fold for {type(entry).__name__}")

    def _move(self, flow: Flow) -> None:
        self.cash[flow.asset] = self.cash.get(flow.asset, ZERO) + flow.amount

    def _begun(self, entry: e.PeriodOpened) -> PeriodStart:
        worths = entry.worths
        owners = {asset.partition(":")[0] for asset in self.cash}
        if not worths and len(owners) == 1:  # version 0.1 did not tell exchanges apart
            worths = {owner: Worth(equity=entry.equity) for owner in owners}
        accounts = {
            name: Account(worth=worth, booked=self.booked.get(name, Booked()))
            for name, worth in worths.items()
        }
        return PeriodStart(start=entry.start, equity=entry.equity, accounts=accounts)

    def _move_starts(self, exchange: str, worth: Decimal) -> None:
        for name, period in self.periods.items():
            account = period.accounts.get(exchange, Account())
            moved = msgspec.structs.replace(account.worth, equity=account.worth.equity + worth)
            account = msgspec.structs.replace(account, worth=moved)
            self.periods[name] = PeriodStart(
                start=period.start,
                equity=period.equity + worth,
                accounts={**period.accounts, exchange: account},
            )

    def _add(self, exchange: str, **sums: Decimal | int) -> None:
        """Add to what has been booked on *exchange*."""
        booked = self.booked.get(exchange, Booked())
        added = {name: getattr(booked, name) + more for name, more in sums.items()}
        self.booked[exchange] = msgspec.structs.replace(booked, **added)

    def _executions(self, order: Order) -> tuple[Execution, ...]:
        """Return the records that *order* counts in: others' orders in none."""
        names = () if order.owner == EXTERNAL else (ALL, order.exchange)
        return tuple(self.execution.setdefault(name, Execution()) for name in names)

    def _keep_order(self, order: Order) -> None:
        before = self.order(order.id)
        for record in self._executions(order):
            record.note_order(before, order)
        if order.working:
            self.ended.pop(order.id, None)
            self.orders[order.id] = order
            return
        self.orders.pop(order.id, None)
        oldest = next(iter(self.ended.values()), order)
        most = REMEMBERED if order.updated_at - oldest.updated_at > ENDED_MS else MOST_ENDED
        self._remember(self.ended, order.id, order, most)

    def _keep_position(self, position: Position, at: int) -> None:
        if position.is_open:
            self.closed.pop(position.id, None)
            self.positions[position.id] = position
            return
        self.positions.pop(position.id, None)
        if position.entered > 0:
            position = self._tallied(position, at)
        self._remember(self.closed, position.id, position)

    def _tallied(self, position: Position, at: int) -> Position:
        # A late fill can reopen and close a position again: count it once, book the difference.
        earned, known = position.realized_pnl, position.tallied
        for owner in (ALL, position.owner):
            tally = self.tally(owner)
            self.tallies[owner] = (
                tally.after(earned, at) if known is None else tally.corrected(earned - known, at)
            )
        more = earned - (known or ZERO)
        first = known is None
        self._add(position.exchange, realized=more, trades=first, wins=first and earned > 0)
        if known is None:
            self.consecutive_losses = self.consecutive_losses + 1 if earned < 0 else 0
        return msgspec.structs.replace(position, tallied=earned)

    def _note_outside(self, flow: Flow, what: str, at: int) -> None:
        # With its exchange: two of them may call different things the same.
        name = asset_key(flow.asset.partition(":")[0], what)
        shelf = self.outside_trades
        shelf.pop(name, None)
        shelf[name] = at
        # What an exchange may be asked for again must still be known.
        oldest = next(iter(shelf))
        while len(shelf) > REMEMBERED and shelf[oldest] < at - OUTSIDE_MS:
            del shelf[oldest]
            oldest = next(iter(shelf))

    def _remember_answer(self, entry: e.Answered) -> None:
        # A repeated request must find its answer for a day, however busy others are.
        oldest = next(iter(self.answers.values()), entry)
        most = ANSWERS if entry.at - oldest.at > DAY_MS else MOST_ANSWERS
        self._remember(self.answers, f"{entry.principal}:{entry.key}", entry, most)

    @staticmethod
    def _remember(shelf: dict[str, Any], key: str, value: Any, most: int = REMEMBERED) -> None:
        shelf.pop(key, None)
        shelf[key] = value
        if len(shelf) > most:
            del shelf[next(iter(shelf))]


def encoded(state: State) -> bytes:
    """Return the state as bytes: equal states give equal bytes."""
    return msgspec.json.encode(state)


def decoded(data: bytes) -> State | None:
    """Read back what `encoded` wrote; None when a version with another fold wrote it."""
    if msgspec.json.decode(data, type=_Written).fold != FOLD:
        return None
    return msgspec.json.decode(data, type=State)


class _Written(msgspec.Struct):
    """What every version's snapshot can be read as."""

    fold: int = 0
