"""What combinations share makes them faster and nothing else: each is as it is alone."""

import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_parts import ODD, TERMS, AsAWhole, ByExit, ByHash, ByProperty, Plain, data_of, shipped

from trading_mcp.backtest.histories import Settlements
from trading_mcp.backtest.metrics import metrics_of
from trading_mcp.backtest.runs import exits_of, run_strategy
from trading_mcp.backtest.search.bench import Bench
from trading_mcp.backtest.search.readings import signals_and_read
from trading_mcp.backtest.terms import Ground, Limits, Terms
from trading_mcp.backtest.warmed import run_warmed
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.indicators import series
from trading_mcp.strategy.params import build_params
from trading_mcp.strategy.sample_markets import walk

STEPS = {int: (-3, 0, 4), float: (-1.0, 0.0, 0.3, 2.0)}


def changed(params, chance):
    """Some parameters of a strategy, each a little beside its default where that is allowed."""
    while True:
        moved = {
            name: value + chance.choice(STEPS[type(value)])
            for name, value in msgspec.structs.asdict(params).items()
            if type(value) in STEPS
        }
        moved["direction"] = chance.choice(["long", "short", "both"])
        try:
            return msgspec.convert(moved, type(params))
        except msgspec.ValidationError:
            continue


def run_alone(cls, params, data, terms, loop):
    return run_strategy(cls(params), data, terms, loop).outcome


def assert_same(bench, cls, params, data, terms, loop):
    terms = msgspec.structs.replace(terms, exits=exits_of(params))
    alone = run_alone(cls, params, data, terms, loop)
    found = bench.outcome(cls, params, terms)
    assert np.array_equal(found.trades, alone.trades)
    assert np.array_equal(found.equity, alone.equity)
    assert bench.try_all(cls, [params], terms) == [metrics_of(alone)]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_no_combination_differs_by_a_trade_from_running_it_alone(loop, many, name):
    cls, data, chance = shipped()[name], [data_of()], random.Random(name)
    bench = Bench(data, loop, many=many)

    for _ in range(25):
        assert_same(bench, cls, changed(cls.params_type(), chance), data, TERMS, loop)


@pytest.mark.parametrize("cls", ODD)
def test_however_a_strategy_reads_its_parameters(loop, many, cls):
    data, chance = [data_of(500)], random.Random(1)
    bench = Bench(data, loop, many=many)

    for _ in range(25):
        assert_same(bench, cls, changed(cls.params_type(), chance), data, TERMS, loop)


def test_nor_does_one_of_several_markets_with_funding_finer_candles_and_limits(loop, many):
    settled = Settlements(walk(3_000).time[::480], np.full(7, 0.0001))
    perpetual = Ground(is_margined=True, maintenance=0.01)
    data = [
        data_of(seed=1, market="BTC-USDT-PERP", ground=perpetual, settlements=settled),
        data_of(2_500, seed=2),
    ]
    limits = Limits(parameters=RiskParameters(volatility_multiplier=2.0))
    terms = Terms(capital=1_000.0, limits=limits, leverage=3)
    cls, chance = shipped()["rsi_scalping"], random.Random(2)
    bench = Bench(data, loop, many=many)

    for _ in range(15):
        assert_same(bench, cls, changed(cls.params_type(), chance), data, terms, loop)


@pytest.mark.parametrize("multiplier", [0.0, 2.0])
def test_nor_does_one_that_older_candles_warm_up(loop, many, multiplier):
    """As many as it asks for, and no more: an average never quite forgets where it began."""
    cls, data, chance = shipped()["ema_crossover"], data_of(1_500), random.Random(3)
    limits = Limits(parameters=RiskParameters(volatility_multiplier=multiplier))
    bench = Bench([data], loop, before=900, many=many)

    for _ in range(10):
        params = changed(cls.params_type(), chance)
        terms = Terms(capital=1_000.0, limits=limits, exits=exits_of(params))
        lead = cls(params).warmup
        late = msgspec.structs.replace(data, candles=data.candles[900 - lead :])
        alone = run_warmed(cls(params), late, lead, terms, loop)
        assert np.array_equal(bench.outcome(cls, params, terms).equity, alone.outcome.equity)
        assert bench.try_all(cls, [params], terms) == [alone.metrics]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9), st.sampled_from([2, 7, 14]), st.sampled_from([0.0, 0.4, 3.0]))
def test_whatever_the_market(loop, many, seed, period, stop):
    cls, data = shipped()["rsi_scalping"], [data_of(400, seed=seed)]
    bench = Bench(data, loop, many=many)

    for target in (0.2, 0.8):
        params = cls.params_type(rsi_period=period, stop_loss_pct=stop, take_profit_pct=target)
        assert_same(bench, cls, params, data, TERMS, loop)


@pytest.mark.parametrize(
    ("cls", "read"),
    [
        (Plain, ("every",)),
        (ByExit, ("stop_loss_pct", "every")),
        (ByProperty, "all"),
        (AsAWhole, "all"),
        (ByHash, "all"),
    ],
)
def test_signals_depend_on_what_was_read_for_them(cls, read):
    params = cls.params_type(every=30)

    _, found = signals_and_read(cls, params, walk(100))

    assert found == (params.__struct_fields__ if read == "all" else read)


def test_signals_are_worked_out_once_for_all_that_differ_in_exits(loop, many):
    asked = []

    class Counting(Plain):
        def signals(self, candles):
            asked.append(self.params.every)
            return super().signals(candles)

    bench = Bench([data_of(300)], loop, many=many)
    for every in (5, 6):
        for stop in (0.1, 0.2, 0.3):
            params = Counting.params_type(every=every, stop_loss_pct=stop, unused=7)
            bench.try_all(Counting, [params], TERMS)

    assert asked == [5, 6]


def test_an_indicator_is_worked_out_once_for_all_that_differ_in_something_else(
    loop, many, monkeypatch
):
    worked, answer = [], series._answer

    def noted(function, columns, parameters):
        worked.append(parameters)
        return answer(function, columns, parameters)

    monkeypatch.setattr(series, "_answer", noted)
    cls, bench = shipped()["rsi_scalping"], Bench([data_of()], loop, many=many)
    asked = [
        build_params(cls, {"rsi_period": period, "rsi_oversold": level})
        for period in (7, 14)
        for level in (20.0, 25.0, 30.0)
    ]

    bench.try_all(cls, asked, TERMS)

    assert worked == [{"timeperiod": 7}, {"timeperiod": 14}]
