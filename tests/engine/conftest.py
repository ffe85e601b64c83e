"""A desk to try the core on: two markets, a funded account, prices, and shorthands."""

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import ExchangeTerms, Market
from trading_mcp.domain.orders import Fill, Order, OrderIntent, OrderStatus, Refused
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.domain.reports import OrderReport
from trading_mcp.engine.core import Core
from trading_mcp.engine.state import State, decoded, encoded

# Modules beside the tests cannot be imported in importlib mode without this.
sys.path.insert(0, str(Path(__file__).parent))

START = 1_763_287_200_000
SPOT = Market(
    exchange="sim",
    symbol="BTC-USDT",
    base="BTC",
    quote="USDT",
    type="spot",
    tick=Decimal("0.1"),
    step=Decimal("0.00001"),
    min_amount=Decimal("0.00001"),
    min_notional=Decimal(1),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
)
PERPETUAL = msgspec.structs.replace(SPOT, symbol="BTC-USDT-PERP", type="perpetual", max_leverage=20)
ROOMY = {
    "max_position_size_usd": 5_000,
    "max_total_exposure_usd": 8_000,
    "max_daily_loss_usd": 5_000,
    "max_consecutive_losses": 1_000,
    "max_open_positions": 20,
    "max_leverage": 10,
    "max_daily_drawdown_percent": 90,
    "max_weekly_drawdown_percent": 90,
    "max_monthly_drawdown_percent": 90,
    "max_orders_per_minute": 100_000,
    "volatility_multiplier": 0,
}


class Bench:
    """A core with its account, told of the world in short."""

    def __init__(
        self,
        *,
        terms: ExchangeTerms | None = None,
        markets: Sequence[Market] = (SPOT, PERPETUAL),
        **limits: Any,
    ):
        self.journal: list[e.AnyEntry] = []
        self.terms = {"sim": terms} if terms is not None else {}
        self.core = Core(State(), markets, terms=self.terms)
        self.now, self.trades = START, 0
        self.keep(
            self.core.record(
                e.Founded(at=START, installation="test"),
                e.FundsMoved(at=START, flow=Flow("sim:USDT", Decimal(10_000)), why="opening"),
                e.ParametersChanged(
                    at=START,
                    parameters=msgspec.convert({**ROOMY, **limits}, RiskParameters),
                    principal="test",
                ),
                e.EngineSwitched(at=START, running=True, principal="test"),
                e.StrategyChanged(
                    at=START,
                    name="wise",
                    active=True,
                    weight=1.0,
                    params={"stop_loss_pct": 1.0, "take_profit_pct": 2.0},
                    why="test",
                    principal="test",
                ),
            )
        )
        self.price(100.0)

    @property
    def state(self) -> State:
        return self.core.state

    def keep(self, made: list[e.AnyEntry]) -> list[e.AnyEntry]:
        self.journal += made
        return made

    def price(
        self, last: float, *, high: float | None = None, low: float | None = None
    ) -> list[e.AnyEntry]:
        """All markets move to *last*, perhaps over a high and a low."""
        self.now += 1_000
        made = []
        for market in self.core.markets.values():
            made += self.core.on_price(
                PriceMove(
                    market=market.key,
                    at=self.now,
                    open=last,
                    high=high or last,
                    low=low or last,
                    last=last,
                    bid=last,
                    ask=last,
                )
            )
        return self.keep(made)

    def submit(
        self, side: str, amount: str, *, market: Market = SPOT, **fields: Any
    ) -> Order | Refused:
        intent = OrderIntent(
            **{
                "market": market.key,
                "side": side,
                "type": "limit"
                if "price" in fields
                else "stop"
                if "stop_price" in fields
                else "market",
                "amount": Decimal(amount),
                "owner": "manual",
                "principal": "test",
                "reason": "manual",
                **fields,
            }
        )
        result, made = self.core.submit(intent, self.now)
        self.keep(made)
        return result

    def fill(
        self,
        order: Order,
        amount: str | None = None,
        price: str = "100",
        trade: str | None = None,
        fee: str = "0",
        **fields: Any,
    ) -> list[e.AnyEntry]:
        self.trades += 1
        return self.keep(
            self.core.on_fill(
                Fill(
                    exchange=order.exchange,
                    symbol=order.symbol,
                    trade_id=trade or f"t{self.trades}",
                    client_id=order.client_id,
                    side=order.side,
                    amount=Decimal(amount) if amount else order.amount,
                    price=Decimal(price),
                    fee=Decimal(fee),
                    **{"fee_currency": "USDT", "at": self.now, **fields},
                )
            )
        )

    @staticmethod
    def approved(entries: list[e.AnyEntry]) -> list[Order]:
        return [entry.order for entry in entries if isinstance(entry, e.OrderApproved)]

    @staticmethod
    def report_of(order: Order, status: OrderStatus, at: int) -> OrderReport:
        """Return what the exchange says of *order*, of which nothing has traded."""
        return OrderReport(
            exchange=order.exchange,
            symbol=order.symbol,
            client_id=order.client_id,
            venue_id="v",
            status=status,
            filled=Decimal(0),
            at=at,
        )

    def accept(self, order: Order) -> None:
        self.keep(self.core.on_accepted(order.id, f"v-{order.id}", 1.0, self.now))

    def refuse(self, order: Order) -> None:
        self.keep(self.core.on_refused(order.id, "exchange refused: test: no", self.now))

    def end(self, order: Order, status: OrderStatus = "cancelled") -> list[e.AnyEntry]:
        """The exchange says that nothing more of *order* will trade."""
        report = self.report_of(order, status, self.now)
        known = self.state.order(order.id)
        filled = known.filled if known is not None else Decimal(0)
        return self.keep(self.core.on_report(msgspec.structs.replace(report, filled=filled)))

    def wait(self, ms: int) -> list[e.AnyEntry]:
        """Time passes, and nothing happens."""
        self.now += ms
        return self.keep(self.core.on_time(self.now))

    def restart(self) -> None:
        """Go on from what is on disk, as after a crash."""
        state = decoded(encoded(self.state))
        assert state is not None
        self.core = Core(state, tuple(self.core.markets.values()), terms=self.terms)

    def open(self, side: str = "buy", amount: str = "1", **fields: Any) -> Order:
        """Open a manual position at 100 and return its entry order."""
        order = self.submit(side, amount, **fields)
        assert isinstance(order, Order), order
        self.accept(order)
        self.fill(order)
        return order


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def limited() -> Callable[..., Bench]:
    return Bench


@pytest.fixture
def spot() -> Market:
    return SPOT


@pytest.fixture
def perpetual() -> Market:
    return PERPETUAL
