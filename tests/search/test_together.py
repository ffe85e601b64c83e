"""Combinations that are run together in leaps come to what each comes to alone, to the last bit."""

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from search_parts import TERMS, Plain, data_of

from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel.layout import ACCOUNT as LAYOUT
from trading_mcp.backtest.merging import bars_of, wishes_of
from trading_mcp.backtest.metrics import figures_of, ground_of, metrics_of
from trading_mcp.backtest.runs import exits_of, run_strategy
from trading_mcp.backtest.search.bench import Bench
from trading_mcp.backtest.side_by_side import reach_of, run_all
from trading_mcp.backtest.simulation import memory_of, simulate
from trading_mcp.backtest.terms import Costs, Exits, Ground, Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import HOUR_MS, MINUTE_MS
from trading_mcp.strategy.sample_markets import walk

NOT_KEPT = {"gain", "exposure"}
"""What a run together does not keep up between one event and the next."""
PERCENTS = st.sampled_from([0.0, 0.1, 0.3, 0.8, 2.0, 10.0])
EXITS = st.builds(
    Exits,
    stop_loss_pct=PERCENTS,
    take_profit_pct=PERCENTS,
    trailing_stop_pct=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    breakeven_pct=st.sampled_from([0.0, 0.0, 0.2]),
    max_candles=st.sampled_from([0, 0, 1, 7, 40]),
)
GROUNDS = (
    Ground(),
    Ground(tick=Decimal("0.01"), step=Decimal("0.001")),
    Ground(is_margined=True, maintenance=0.01, can_short=False),
)


@st.composite
def histories(draw):
    """Minutes, or hours with many days, that rise or fall or stand still, some of them missing."""
    length, seed = draw(st.integers(2, 400)), draw(st.integers(0, 2**16))
    chance, drift = np.random.default_rng(seed), draw(st.sampled_from([0.0, 0.002, -0.002]))
    made, span = walk(length, seed=seed), draw(st.sampled_from([MINUTE_MS, HOUR_MS]))
    grown = np.exp(drift * np.arange(length))
    kept = chance.random(length) >= draw(st.sampled_from([0.0, 0.3]))
    kept[:2] = True
    prices = (getattr(made, name) * grown for name in ("open", "high", "low", "close"))
    columns = (made.time[0] + span * np.arange(length), *prices, made.volume)
    candles = Candles(*(np.ascontiguousarray(column[kept]) for column in columns))
    often = draw(st.sampled_from([0.02, 0.2, 0.7]))
    wished = [chance.random(len(candles)) < often for _ in range(4)]
    return History(
        market="X",
        interval=span,
        candles=candles,
        signals=Signals(*wished, chance.random(len(candles))),
        ground=draw(st.sampled_from(GROUNDS)),
    )


TERMS_DRAWN = st.builds(
    Terms,
    capital=st.just(1_000.0),
    size_percent=st.sampled_from([100.0, 40.0]),
    leverage=st.sampled_from([1, 1, 20]),
    costs=st.builds(
        Costs,
        taker_fee=st.sampled_from([0.0, 0.001]),
        slippage=st.sampled_from([0.0, 0.0005]),
        target_rests=st.booleans(),
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    histories(),
    TERMS_DRAWN,
    st.lists(EXITS, min_size=1, max_size=4),
    st.sampled_from([1, 7, 100, 10_000]),
)
def test_whatever_the_market_the_exits_and_the_costs(loop, many, history, terms, exits, stretch):
    bars, wishes = bars_of([history], None), wishes_of([history], None)
    fresh = memory_of([history], terms, bars, wishes, np.empty(0))

    found = run_all(many, bars, wishes, reach_of(bars), fresh, exits, stretch)

    runs = [simulate([history], _with(terms, one), loop) for one in exits]
    columns = {name: found.account[name] for name in LAYOUT.names}
    figures = figures_of(ground_of(runs[0]), columns, columns["wallet"], found.daily_moments)
    assert figures == [metrics_of(alone) for alone in runs]
    for name in set(LAYOUT.names) - NOT_KEPT:
        assert columns[name].tolist() == [alone.account[name] for alone in runs]


def _with(terms, exits):
    return Terms(
        capital=terms.capital,
        size_percent=terms.size_percent,
        leverage=terms.leverage,
        costs=terms.costs,
        exits=exits,
    )


def test_combinations_are_told_in_the_order_in_which_they_were_asked(loop, many):
    data = [data_of(2_000)]
    asked = [
        Plain.params_type(every=every, stop_loss_pct=stop)
        for stop in (0.1, 0.5, 2.0)
        for every in (5, 50)
    ]

    found = Bench(data, loop, many=many).try_all(Plain, asked, TERMS)

    for params, metrics in zip(asked, found, strict=True):
        terms = _with(TERMS, exits_of(params))
        assert metrics == run_strategy(Plain(params), data, terms, loop).metrics
    assert len({metrics.total_pnl for metrics in found}) == len(asked)
