"""The figures and tables of a run, worked out by hand."""

import numpy as np
import pytest
from backtest_markets import START, history_of

from trading_mcp.backtest.curves import buy_and_hold, daily_equity, daily_returns
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.metrics import Sums, metrics_of
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.tables import by_month, by_pair, by_reason
from trading_mcp.backtest.terms import Costs, Exits, Terms
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import DAY_MS, HOUR_MS, MINUTE_MS
from trading_mcp.strategy.sample_markets import walk

FREE = Costs(taker_fee=0.0, maker_fee=0.0, slippage=0.0)
DAYS = [100.0, 110.0, 99.0, 99.0, 108.9]


def days(loop, closes=DAYS, costs=FREE, **wishes):
    """A candle a day that opens where the last one closed; held from the second on."""
    opens = [closes[0], *closes[:-1]]
    rows = [(o, max(o, c), min(o, c), c) for o, c in zip(opens, closes, strict=True)]
    history = history_of(rows, step=DAY_MS, **({"enter_long": [0]} | wishes))
    return simulate([history], Terms(capital=1_000.0, size_percent=100.0, costs=costs), loop)


def test_the_equity_of_each_day_and_what_it_returned(loop):
    outcome = days(loop)
    numbers, equity = daily_equity(outcome)
    assert numbers.tolist() == [START // DAY_MS + n for n in range(5)]
    assert equity == pytest.approx([1_000.0, 1_100.0, 990.0, 990.0, 1_089.0])
    assert daily_returns(outcome) == pytest.approx([0.0, 0.1, -0.1, 0.0, 0.1])


def test_the_ratios_are_of_daily_returns_in_a_year_of_365_days(loop):
    figures = metrics_of(days(loop, [*DAYS, *[108.9] * 25]))
    returns = np.array([0.0, 0.1, -0.1, 0.0, 0.1, *[0.0] * 25])
    year = np.sqrt(365)
    assert figures.sharpe_ratio == pytest.approx(returns.mean() / returns.std(ddof=1) * year)
    downside = np.sqrt((np.minimum(returns, 0) ** 2).mean())
    assert figures.sortino_ratio == pytest.approx(returns.mean() / downside * year)
    assert figures.annual_return_pct == pytest.approx(100 * (1.089 ** (365 / 30) - 1))
    assert figures.calmar_ratio == pytest.approx(figures.annual_return_pct / 10)


def test_a_few_days_and_trades_are_too_little_for_ratios_and_a_year(loop):
    few, more = (
        metrics_of(days(loop, [*DAYS * times], enter_long=rows, exit_long=[n + 1 for n in rows]))
        for times, rows in ((5, [0]), (5, [*range(0, 24, 2)]))
    )
    assert (few.total_trades, few.sharpe_ratio, few.sortino_ratio) == (1, None, None)
    assert more.total_trades >= 10
    assert None not in (more.sharpe_ratio, more.sortino_ratio)
    for one in (few, more):
        assert one.annual_return_pct is one.calmar_ratio is None


def test_the_deepest_fall_is_from_a_peak_at_a_close_and_lasts_until_the_next(loop):
    figures = metrics_of(days(loop))
    assert figures.max_drawdown == figures.max_drawdown_pct == pytest.approx(-10.0)
    assert figures.max_drawdown_days == 3.0  # and is not over
    recovered = metrics_of(days(loop, [100.0, 110.0, 99.0, 120.0, 120.0]))
    assert recovered.max_drawdown_days == 2.0


def test_without_a_trade_there_is_nothing_to_tell(loop):
    figures = metrics_of(days(loop, enter_long=[]))
    assert (figures.total_trades, figures.total_pnl, figures.max_drawdown) == (0, 0.0, 0.0)
    assert (figures.exposure_time_pct, figures.turnover, figures.expectancy) == (0.0, 0.0, 0.0)
    assert figures.sharpe_ratio is figures.profit_factor is figures.calmar_ratio is None
    assert figures.final_equity == 1_000.0


def test_exposure_turnover_and_the_share_of_fees(loop):
    figures = metrics_of(days(loop, costs=Costs(taker_fee=0.01, slippage=0.0), exit_long=[2]))
    amount = 1_000 / 1.01 / 100  # entered at 100, left at 99
    assert figures.exposure_time_pct == 40.0
    assert figures.turnover == pytest.approx(amount * 199 / 1_000)
    assert figures.fees == pytest.approx(amount * 1.99)
    assert figures.fees_share_pct is None  # nothing was won
    won = metrics_of(days(loop, costs=Costs(taker_fee=0.01, slippage=0.0), exit_long=[1]))
    assert won.fees_share_pct == pytest.approx(100 * (amount * 2.1) / (amount * 10))


def test_buying_and_holding_is_told_beside_it(loop):
    outcome = days(loop)
    assert metrics_of(outcome).buy_and_hold_return_pct == pytest.approx(8.9)
    assert buy_and_hold(outcome) == pytest.approx([1.0, 1.1, 0.99, 0.99, 1.089])


def test_months_multiply_up_to_the_whole_and_their_trades_add_up(loop):
    rows = [(100.0 + n, 101.0 + n, 100.0 + n, 101.0 + n) for n in range(70)]
    history = history_of(rows, step=DAY_MS, enter_long=[0, 35], exit_long=[20, 60])
    outcome = simulate([history], Terms(capital=1_000.0, size_percent=50.0, costs=FREE), loop)

    months = by_month(outcome)

    assert [month.month for month in months] == ["2026-01", "2026-02", "2026-03"]
    growth = np.prod([1 + month.return_pct / 100 for month in months])
    assert growth == pytest.approx(outcome.equity[-1] / 1_000)
    assert sum(month.pnl for month in months) == pytest.approx(outcome.trades.pnl.sum())
    assert [month.total_trades for month in months] == [1, 0, 1]


def test_pairs_and_reasons_add_up_to_the_whole(loop):
    rows = [(100.0, 100.0, 100.0, 100.0), (100.0, 101.0, 97.0, 99.0), (99.0, 103.0, 99.0, 103.0)]
    pairs = [
        history_of(rows, market=name, step=HOUR_MS, enter_long=[0, 1], exit_long=[1])
        for name in ("A", "B")
    ]
    terms = Terms(capital=1_000.0, size_percent=40.0, costs=FREE, exits=Exits(stop_loss_pct=2.0))
    outcome = simulate(pairs, terms, loop)
    whole = metrics_of(outcome)

    assert [row.pair for row in by_pair(outcome)] == ["A", "B"]
    assert sum(row.total_pnl for row in by_pair(outcome)) == pytest.approx(whole.total_pnl)
    reasons = {row.reason: row.total_trades for row in by_reason(outcome)}
    assert reasons == {"stop_loss": 2, "end_of_data": 2}
    assert sum(row.total_pnl for row in by_reason(outcome)) == pytest.approx(whole.total_pnl)


def test_what_the_loop_has_added_up_is_the_sum_of_its_trades(loop):
    """In the same order, so to the last bit: a market's figures are those of the run."""
    candles, chance = walk(4_000, seed=3), np.random.default_rng(3)
    wished = [chance.random(len(candles)) < 0.03 for _ in range(4)]
    history = History(
        market="BTC-USDT",
        interval=MINUTE_MS,
        candles=candles,
        signals=Signals(*wished, np.ones(len(candles))),
    )
    terms = Terms(capital=1_000.0, size_percent=90.0, exits=Exits(stop_loss_pct=0.4))
    outcome = simulate([history], terms, loop)
    figures, trades = metrics_of(outcome), outcome.trades

    (pair,) = by_pair(outcome)

    assert {name: getattr(figures, name) for name in Sums.__struct_fields__} == {
        name: getattr(pair, name) for name in Sums.__struct_fields__
    }
    assert 0 < figures.long_trades == (trades.side > 0).sum() < len(trades)
    assert figures.avg_candles_held == trades.candles.mean()
    percents = 100 * trades.pnl / (trades.amount * trades.entry_price)
    assert figures.avg_trade_pct == pytest.approx(percents.mean(), rel=1e-12)
    made = np.maximum(trades.pnl + trades.fees, 0.0).sum()
    assert figures.fees_share_pct == pytest.approx(100 * trades.fees.sum() / made, rel=1e-12)


def test_the_figures_hold_together(loop):
    figures = metrics_of(days(loop, costs=Costs(taker_fee=0.001), exit_long=[1, 3]))
    assert figures.total_trades == figures.winning_trades + figures.losing_trades
    sums = (
        figures.avg_win * figures.winning_trades + figures.avg_loss * figures.losing_trades,
        figures.expectancy * figures.total_trades,
        figures.final_equity - figures.initial_capital,
    )
    assert sums == pytest.approx((figures.total_pnl,) * 3)
