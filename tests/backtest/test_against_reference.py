"""The loop trades as a plain Python implementation does, trade by trade, whatever the market."""

from decimal import Decimal

import numpy as np
import pytest
from backtest_markets import candles_of, history_of, markets, told, wishes
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import backtest, rsi_wishes

from trading_mcp.backtest.histories import History, Settlements
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Costs, Exits, Ground, Terms
from trading_mcp.strategy.loader import discover
from trading_mcp.strategy.params import build_params
from trading_mcp.strategy.sample_markets import walk

PERCENTS = st.sampled_from([0.0, 0.2, 0.4, 0.5, 0.8, 1.0, 2.0])
GRIDS = [
    (None, None),
    ("0.1", None),
    *[(tick, step) for tick in ("0.1", "0.05", "0.25", "0.001") for step in ("0.0001", "0.01")],
]
EXITS = st.tuples(PERCENTS, PERCENTS, PERCENTS, PERCENTS, st.sampled_from([0, 0, 0, 1, 2, 5]))


@st.composite
def cases(draw):
    rows = draw(markets())
    return (
        rows,
        draw(wishes(len(rows))),
        draw(EXITS),
        draw(st.sampled_from([0.0, 0.001, 0.0006])),
        draw(st.sampled_from([0.0, 0.0005, 0.003])),
        draw(st.sampled_from([100.0, 50.0, 7.5])),
        *draw(st.sampled_from(GRIDS)),
    )


@settings(max_examples=200, deadline=None)
@given(cases())
def test_any_market_is_traded_as_the_reference_trades_it(loop, case):
    rows, wished, exits, fee, slippage, percent, tick, step = case
    trades, equity = backtest(
        rows,
        wished,
        capital=1_000.0,
        percent=percent,
        fee=fee,
        slippage=slippage,
        exits=exits,
        tick=tick and Decimal(tick),
        step=step and Decimal(step),
    )

    outcome = simulate(
        [history_of(rows, more={"ground": ground(tick, step)}, **wished)],
        terms_of(exits, fee, slippage, percent),
        loop,
    )

    assert told(outcome) == [
        (side, entered, round(entry, 9), left, round(exit_, 9), why)
        for side, entered, entry, left, exit_, why, _, _ in trades
    ]
    assert outcome.trades.amount == pytest.approx([t[6] for t in trades], rel=1e-12)
    assert outcome.trades.pnl == pytest.approx([t[7] for t in trades], rel=1e-9, abs=1e-9)
    assert outcome.equity == pytest.approx(equity, rel=1e-12)


@pytest.mark.parametrize("direction", ["long", "short", "both"])
@pytest.mark.parametrize("seed", range(3))
def test_the_benchmarks_strategy_is_traded_as_it_is_defined(loop, direction, seed):
    candles = walk(4_000, seed=seed)
    strategy = discover(["rsi"]).strategies["rsi_scalping"].cls
    rows = list(zip(candles.open, candles.high, candles.low, candles.close, strict=True))
    wished = rsi_wishes(candles.close.tolist(), 14, 30, 70, direction)
    trades, equity = backtest(
        rows,
        wished,
        capital=1_000.0,
        percent=100.0,
        fee=0.001,
        slippage=0.0,
        exits=(0.4, 0.8, 0.0, 0.0, 0),
    )

    params = build_params(strategy, {"rsi_period": 14, "direction": direction})
    signals = strategy(params).signals(candles)
    history = History(market="x", interval=60_000, candles=candles, signals=signals)
    outcome = simulate([history], terms_of((0.4, 0.8, 0.0, 0.0, 0), 0.001, 0.0, 100.0), loop)

    assert len(trades) > 20
    assert told(outcome) == [(*t[:2], round(t[2], 9), t[3], round(t[4], 9), t[5]) for t in trades]
    assert outcome.trades.pnl == pytest.approx([t[7] for t in trades], rel=1e-9)
    assert outcome.equity == pytest.approx(equity, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(markets(), st.data())
def test_what_is_passed_over_at_once_comes_to_the_same_candle_by_candle(loop, rows, data):
    """With a settlement at a rate of 0 every candle is looked at."""
    wished = data.draw(wishes(len(rows)))
    terms = terms_of((0.5, 1.0, 0.0, 0.0, 0), 0.001, 0.0005, 100.0)
    quick = simulate([history_of(rows, **wished)], terms, loop)

    slow = simulate([unhurried(rows, wished)], terms, loop)

    assert told(slow) == told(quick)
    assert np.array_equal(slow.equity, quick.equity)
    assert slow.account == quick.account


def unhurried(rows, wished):
    first = candles_of(rows).time[:1]
    return history_of(rows, more={"settlements": Settlements(first, np.zeros(1))}, **wished)


def ground(tick, step):
    return Ground(tick=Decimal(tick or 0), step=Decimal(step or 0))


def terms_of(exits, fee, slippage, percent):
    stop, target, trailing, breakeven, most = exits
    return Terms(
        capital=1_000.0,
        size_percent=percent,
        exits=Exits(
            stop_loss_pct=stop,
            take_profit_pct=target,
            trailing_stop_pct=trailing,
            breakeven_pct=breakeven,
            max_candles=most,
        ),
        costs=Costs(taker_fee=fee, maker_fee=fee, slippage=slippage),
    )
