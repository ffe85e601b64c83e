"""What the engine and the exchange each have on disk, read without either's help, and compared."""

import asyncio
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from trading_mcp.adapters.simulated import ledger as exchange
from trading_mcp.adapters.sqlite import database
from trading_mcp.adapters.sqlite.checks import check
from trading_mcp.adapters.sqlite.ledger import decoded, decoder
from trading_mcp.app import running
from trading_mcp.config import load
from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.positions import Position
from trading_mcp.engine import state as engine

sys.path.insert(0, str(Path(__file__).parents[2]))

from torture.nursery import Child, Nursery

T = TypeVar("T")

NURSERY = Nursery()
SHIPPED = Path(__file__).parents[3] / "config.toml"
HEALED = {"balance_mismatch", "outside_trade", "overfill"}
"""Alerts that say that the books had to be put right."""
SAME_ENDS = {("filled", "filled"), ("cancelled", "cancelled")}


class Books:
    """A copy of a data directory, so that reading it leaves no trace for the next start."""

    def __init__(self, directory: Path):
        self._directory = directory
        self.entries: list[e.AnyEntry] = self._read("engine.sqlite", e.AnyEntry)
        self.facts: list[exchange.LedgerEntry] = self._read("sim.sqlite", exchange.LedgerEntry)

    def objections(self) -> list[str]:
        """Return all that is lost, doubled, made up or counted wrong.

        What an order under way has traded and we have not heard of yet is none of these.
        """
        return [
            *self._orders_made_up(),
            *self._orders_that_ended_otherwise(),
            *self._fills_made_up_or_doubled(),
            *self._fills_lost(),
            *self._money_that_differs(),
            *self._positions_that_differ(),
            *self._profits_that_do_not_add_up(),
            *self._corrections(),
            *self._periods_opened_twice(),
            *self._views_that_lag(),
        ]

    @property
    def under_way(self) -> list[str]:
        """The orders of which the engine does not know the end."""
        return [order.id for order in self.orders.values() if order.working]

    def traded(self, symbol: str) -> Decimal:
        """Return the signed sum of what traded at the exchange, in base."""
        return sum((_signed(fill) for fill in self.trades.values() if fill.symbol == symbol), ZERO)

    @cached_property
    def state(self) -> engine.State:
        """What the engine's journal adds up to."""
        state = engine.State()
        for entry in self.entries:
            state.apply(entry)
        return state

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Every order there ever was, by its client id, as the engine last knew it."""
        kinds = e.OrderApproved | e.OrderChanged | e.FillBooked
        orders = (entry.order for entry in self.entries if isinstance(entry, kinds))
        return {order.client_id: order for order in orders}

    @cached_property
    def positions(self) -> dict[str, Position]:
        """Every position there ever was, as the engine last knew it."""
        return {position.id: position for entry in self.entries for position in _in(entry)}

    @cached_property
    def booked(self) -> list[Fill]:
        return [entry.fill for entry in self.entries if isinstance(entry, e.FillBooked)]

    @cached_property
    def accepted(self) -> dict[str, exchange.VenueOrder]:
        """Every order that the exchange has accepted, by its client id, as it was then."""
        facts = (fact.order for fact in self.facts if isinstance(fact, exchange.Accepted))
        return {order.client_id: order for order in facts}

    @cached_property
    def ends(self) -> dict[str, str]:
        ended = (fact for fact in self.facts if isinstance(fact, exchange.Ended))
        return {fact.client_id: fact.status for fact in ended}

    @cached_property
    def trades(self) -> dict[str, Fill]:
        fills = (fact.fill for fact in self.facts if isinstance(fact, exchange.Traded))
        return {fill.trade_id: fill for fill in fills}

    @cached_property
    def unheard(self) -> list[Fill]:
        """What has traded and is not in the engine's books."""
        booked = {fill.trade_id for fill in self.booked}
        return [fill for name, fill in self.trades.items() if name not in booked]

    def _orders_made_up(self) -> Iterator[str]:
        for client_id, theirs in self.accepted.items():
            ours = self.orders.get(client_id)
            if ours is None:
                yield f"{client_id} is at the exchange and was never journaled"
            elif _terms(ours) != _terms(theirs):
                yield f"{client_id} was approved as {_terms(ours)} and sent as {_terms(theirs)}"
        for order in self.orders.values():
            if "duplicate" in order.evidence:
                yield f"{order.id} was sent twice: {order.evidence}"

    def _orders_that_ended_otherwise(self) -> Iterator[str]:
        for order in self.orders.values():
            if order.working:
                continue
            theirs = self.ends.get(order.client_id)
            known = order.client_id in self.accepted
            fits = (order.status, theirs) in SAME_ENDS if known else order.filled == 0
            if not fits or (known and order.status in ("rejected", "abandoned")):
                yield f"{order.id} is {order.status} ({order.evidence}) and {theirs} there"

    def _fills_made_up_or_doubled(self) -> Iterator[str]:
        for name, times in Counter(fill.trade_id for fill in self.booked).items():
            if times > 1:
                yield f"trade {name} is booked {times} times"
        for fill in self.booked:
            if self.trades.get(fill.trade_id) != fill:
                yield f"trade {fill.trade_id} is booked otherwise than it happened"

    def _fills_lost(self) -> Iterator[str]:
        for fill in self.unheard:
            if not self.orders[fill.client_id].working:
                yield f"trade {fill.trade_id} is lost: {fill.client_id} counts as ended"

    def _money_that_differs(self) -> Iterator[str]:
        ours = Counter({_name(asset): amount for asset, amount in self.state.cash.items()})
        for flow in self._flows_unheard():
            ours[flow.asset] += flow.amount
        theirs = Counter(self._account.cash)
        for stake in self._account.stakes.values():
            theirs[stake.symbol] += stake.sign * stake.size
        for name in sorted(ours.keys() | theirs.keys()):
            if ours[name] != theirs[name]:
                yield f"we have {ours[name]} {name}, the exchange has {theirs[name]}"

    def _flows_unheard(self) -> Iterator[Flow]:
        for fill in self.unheard:
            base, _, quote = fill.symbol.partition("-")
            held = base if quote == "USDT" else fill.symbol
            yield Flow(held, _signed(fill))
            yield Flow("USDT", -_signed(fill) * fill.price - fill.fee)
        booked = {entry.funding_id for entry in self.entries if isinstance(entry, e.FundingBooked)}
        for fact in self.facts:
            if isinstance(fact, exchange.Funded) and fact.paid.funding_id not in booked:
                yield Flow("USDT", fact.paid.amount)

    def _positions_that_differ(self) -> Iterator[str]:
        held = Counter({_name(asset): amount for asset, amount in self.state.cash.items()})
        for position in self.positions.values():
            if position.size < 0:
                yield f"{position.id} was left more than once: {position.size}"
            base, _, quote = position.symbol.partition("-")
            held[base if quote == "USDT" else position.symbol] -= position.sign * position.size
        for name, rest in held.items():
            if rest != 0 and name != "USDT":
                yield f"{rest} {name} belong to no position"

    def _profits_that_do_not_add_up(self) -> Iterator[str]:
        opening = [x for x in self.entries if isinstance(x, e.FundsMoved)]
        expected = sum((entry.flow.amount for entry in opening), ZERO)
        for position in self.positions.values():
            gained = position.exited_value - position.entered_value
            expected += position.sign * gained - position.fees + position.funding
        if self.state.cash and self.state.cash["sim:USDT"] != expected:
            yield f"positions add up to {expected} USDT, we have {self.state.cash['sim:USDT']}"
        closed = [p for p in self.positions.values() if p.closed_at is not None]
        earned = sum((position.realized_pnl for position in closed), ZERO)
        tally = self.state.tally()
        if (tally.trades, tally.pnl) != (len(closed), earned):
            yield f"{tally.trades} trades earned {tally.pnl}; it was {len(closed)} and {earned}"

    def _corrections(self) -> Iterator[str]:
        for entry in self.entries:
            match entry:
                case e.FundsMoved(why=why) if not why.startswith("opening balance"):
                    yield f"a balance was put right: {why}"
                case e.AlertRaised(alert=alert) if alert.trigger in HEALED:
                    yield f"{alert.trigger}: {alert.message}"

    def _periods_opened_twice(self) -> Iterator[str]:
        opened = [(x.period, x.start) for x in self.entries if isinstance(x, e.PeriodOpened)]
        for (period, start), times in Counter(opened).items():
            if times > 1:
                yield f"the {period} of {start} was opened {times} times"

    def _views_that_lag(self) -> Iterator[str]:
        with closing(database.reader(self._directory / "engine.sqlite")) as connection:
            orders = _rows(connection, "orders", Order)
            past = _rows(connection, "positions", Position)
            kept = connection.execute("SELECT seq, state FROM snapshots").fetchall()
        if {order.client_id: order for order in orders} != self.orders:
            yield "the table of orders is not what the journal says"
        closed = {p.id: p for p in self.positions.values() if p.closed_at and not p.is_open}
        if {position.id: position for position in past} != closed:
            yield "the table of closed positions is not what the journal says"
        for seq, data in kept:
            state = engine.decoded(data)
            for entry in self.entries[seq:]:
                state.apply(entry)
            if engine.encoded(state) != engine.encoded(self.state):
                yield f"the snapshot at entry {seq} leads to another state"

    @cached_property
    def _account(self) -> exchange.State:
        from trading_mcp.adapters.simulated.build import MARKETS

        account = exchange.State()
        markets = {market.symbol: market for market in MARKETS}
        for fact in self.facts:
            account.apply(fact, markets)
        return account

    def _read(self, name: str, kind: Any) -> list[Any]:
        path = self._directory / name
        check(path)
        with closing(database.reader(path)) as connection:
            return [entry for _, entry in decoded(connection, 0, decoder(kind))]


@pytest.fixture
def books(tmp_path: Path, data_dir: Path) -> Callable[[], Books]:
    """A function that reads what is on disk now, and checks that both journals are whole."""
    count = iter(range(10_000))

    def reading() -> Books:
        return Books(shutil.copytree(data_dir, tmp_path / f"copy-{next(count)}"))

    return reading


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose first entries are written."""
    directory = tmp_path_factory.mktemp("founded") / "data"
    roomy = ["risk.max_position_size_usd=1000", "risk.max_total_exposure_usd=5000"]
    settings = [f"storage.data_dir={directory}", "strategies.enabled=[]", *roomy]
    config = load(SHIPPED, settings)

    async def found() -> None:
        async with running(config):
            pass

    asyncio.run(found())
    return directory


@pytest.fixture
def begun(founded: Path, data_dir: Path) -> Path:
    """The test's data directory, begun already: the next entries are those of its orders."""
    return shutil.copytree(founded, data_dir)


def _terms(order: Order | exchange.VenueOrder) -> tuple[Any, ...]:
    kind = (order.symbol, order.side, order.type, order.reduce_only, order.leverage)
    return (*kind, order.amount, order.price, order.stop_price)


def _in(entry: e.AnyEntry) -> Iterable[Position]:
    match entry:
        case e.FillBooked(position=Position() as position) | e.PositionChanged(position=position):
            return (position,)
        case e.FundingBooked(positions=positions):
            return positions
        case _:
            return ()


def _rows(connection: sqlite3.Connection, table: str, kind: type[T]) -> list[T]:
    rows = connection.execute(f"SELECT json FROM {table}")  # a name of our own
    return [msgspec.json.decode(json, type=kind) for (json,) in rows]


def _signed(fill: Fill) -> Decimal:
    return fill.amount if fill.side == "buy" else -fill.amount


def _name(asset: str) -> str:
    return asset.rpartition(":")[2]


@pytest.fixture
def begin(environment: dict[str, str]) -> Callable[..., Child]:
    """A function that begins a server of which only the imports were done before."""

    def beginning(words: list[str], log: Path, **more: str) -> Child:
        return NURSERY.bear(words, {**environment, **more}, log)

    return beginning
