"""The same candles on both sides: run by the backtest, played through the engine."""

from decimal import Decimal

import msgspec
import pytest

from trading_mcp.adapters.replay.past import Past
from trading_mcp.app.replay import Terms as ReplayTerms
from trading_mcp.app.replay import replayed
from trading_mcp.backtest.parity import END, trades_of_engine, trades_of_run
from trading_mcp.backtest.runs import Data, exits_of, wished
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Costs, Limits, Terms, ground_of
from trading_mcp.backtest.warmed import since
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.strategy.params import build_params

WIDE = {
    "max_position_size_usd": 1e9,
    "max_total_exposure_usd": 1e9,
    "max_daily_loss_usd": 1e9,
    "max_consecutive_losses": 1000,
    "max_open_positions": 100,
    "confidence_threshold": 0.0,
    "volatility_multiplier": 0.0,
    "kelly_fraction": 0.0,
    "max_daily_drawdown_percent": 100.0,
    "max_weekly_drawdown_percent": 100.0,
    "max_monthly_drawdown_percent": 100.0,
}
"""Limits that are never met."""


def market(symbol="BTC-USDT-PERP", **changes):
    return Market(
        **{
            "exchange": "sim",
            "symbol": symbol,
            "base": symbol.partition("-")[0],
            "quote": "USDT",
            "type": "perpetual" if symbol.endswith("-PERP") else "spot",
            "tick": Decimal("0.01"),
            "step": Decimal("0.001"),
            "min_amount": Decimal("0.001"),
            "min_notional": Decimal(1),
            "maker_fee": Decimal("0.0004"),
            "taker_fee": Decimal("0.001"),
            "max_leverage": 20 if symbol.endswith("-PERP") else 1,
            "maintenance_margin": Decimal("0.005") if symbol.endswith("-PERP") else Decimal(0),
            **changes,
        }
    )


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides are run with."""

    cls: type
    params: dict = {}
    candles: dict
    first: int
    limits: dict = {}
    mode: str = "Normal"
    weight: float = 1.0
    leverage: int = 1
    capital: float = 10_000.0
    slippage: float = 0.0005
    spread: float = 0.0
    interval: int = 60_000

    @property
    def parameters(self):
        return RiskParameters(**{**WIDE, **self.limits})


def backtested(case, loop):
    """The backtest's trades, from the first candle on that is played."""
    params = build_params(case.cls, case.params)
    terms = Terms(
        capital=case.capital,
        exits=exits_of(params),
        costs=Costs(slippage=case.slippage, spread=case.spread),
        limits=Limits(parameters=case.parameters, mode=case.mode, weight=case.weight),
        leverage=case.leverage,
    )
    histories = []
    for traded, candles in case.candles.items():
        data = Data(
            market=traded.symbol,
            interval=case.interval,
            candles=candles,
            ground=ground_of(traded),
        )
        histories.append(since(wished(case.cls(params), data, terms), case.first))
    return trades_of_run(simulate(histories, terms, loop))


async def played(case):
    """The engine's trades, and what it still holds at the end."""
    pasts = [
        Past(
            market=traded,
            interval=case.interval,
            candles=candles,
            first=case.first,
            slippage=case.slippage,
            spread=case.spread,
        )
        for traded, candles in case.candles.items()
    ]
    terms = ReplayTerms(
        strategy=case.cls,
        params=case.params,
        capital=Decimal(str(case.capital)),
        parameters=case.parameters,
        mode=case.mode,
        weight=case.weight,
        leverage=case.leverage,
        proven=True,
    )
    result = await replayed(pasts, terms)
    return (
        trades_of_engine(result.closed, case.interval),
        trades_of_engine(result.open, case.interval),
    )


async def both(case, loop):
    """Each side's trades, those still open at the end as they began."""
    closed, still_open = await played(case)
    run = backtested(case, loop)
    # They end all at once, each side in an order of its own.
    began = sorted(begun(t) for t in run if t.reason == END)
    return [t for t in run if t.reason != END], began, closed, sorted(map(begun, still_open))


def begun(trade):
    return trade.market, trade.side, trade.amount, trade.entry_at, trade.entry_price


def assert_same(played, ended):
    """Every trade is the same; sums of money, which the loop has in floats, to a billionth."""
    assert [unpriced(trade) for trade in played] == [unpriced(trade) for trade in ended]
    for sums in ("pnl", "fees"):
        told = [getattr(trade, sums) for trade in ended]
        assert [getattr(trade, sums) for trade in played] == pytest.approx(told, rel=1e-9, abs=1e-7)


def unpriced(trade):
    return msgspec.structs.replace(trade, pnl=0.0, fees=0.0)
