"""Trades and figures that other programs have recorded, where their rules are the same."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from backtest_markets import history_of, told

from trading_mcp.backtest.histories import History, Settlements
from trading_mcp.backtest.metrics import metrics_of, sums_of
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Costs, Exits, Ground, Terms
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import DAY_MS, HOUR_MS, MINUTE_MS
from trading_mcp.indicators.series import sma

BESIDE = Path(__file__).parents[3] / "shared" / "real"
REAL = Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE))
pytestmark = pytest.mark.skipif(
    not (REAL / "backtest").is_dir(), reason="real data is absent: set TRADING_MCP_REAL_DATA"
)
FREE = Costs(taker_fee=0.0, maker_fee=0.0, slippage=0.0)
REASONS = {"roi": "take_profit", "trailing_stop_loss": "trailing_stop"}


def scenarios():
    path = REAL / "backtest" / "freqtrade_scenarios_dev.json"
    cases = json.loads(path.read_text())["cases"] if path.is_file() else []
    return [case for case in cases if case["neutral_rules_reproduce"]]


@pytest.mark.parametrize("case", scenarios(), ids=lambda case: case["id"])
def test_freqtrades_scenarios_end_as_they_are_written_down(loop, case):
    trailing = case["trailing"] or {}
    if trailing.get("only_after_offset"):
        trailing = {}  # the price never comes that far: it is a plain stop
    wishes = {"enter_long": [], "exit_long": []}
    for signal in case["signals"]:
        for name, rows in wishes.items():
            if signal.get(name) and (name != "exit_long" or case["use_exit_signal"]):
                rows.append(signal["bar"])
    exits = Exits(
        stop_loss_pct=case["stop_loss"] * 100,
        take_profit_pct=case["take_profit_by_bar_minutes"]["0"] * 100,
        trailing_stop_pct=trailing.get("distance", 0.0) * 100,
    )
    rows = [bar[:4] for bar in case["bars"]]

    outcome = simulate(
        [history_of(rows, step=HOUR_MS, **wishes)],
        Terms(capital=1_000.0, size_percent=100.0, costs=FREE, exits=exits),
        loop,
    )

    expected = case["expected"]
    assert [(row[1], row[3]) for row in told(outcome)] == [
        (trade["open_bar"], trade["close_bar"]) for trade in expected["trades"]
    ]
    profit = sum(float(t.exit_price / t.entry_price - 1) for t in outcome.trades)
    assert round(profit, 3) == expected["sum_profit_ratio_3_decimals"]
    if not case["trailing"]:
        whys = [REASONS.get(t["exit_reason"], t["exit_reason"]) for t in expected["trades"]]
        assert [row[5] for row in told(outcome)] == whys


def recorded(name):
    with gzip.open(REAL / "backtest" / "backtesting_py_runs_dev.json.gz") as file:
        runs = {run["name"]: run for run in json.load(file)["runs"]}
    return runs[name]


def test_every_reversal_of_backtesting_py_on_nine_years_of_google(loop):
    run = recorded("goog_sma_cross")
    table = pl.read_csv(REAL / "market" / "ohlcv" / "goog_daily.csv", try_parse_dates=True)
    prices = [table[name].cast(pl.Float64).to_numpy() for name in table.columns[1:6]]
    days = table[table.columns[0]].cast(pl.Date).to_physical().cast(pl.Int64).to_numpy()
    candles = Candles(days * DAY_MS, *prices)
    history = History(
        market="GOOG",
        interval=DAY_MS,
        candles=candles,
        signals=crosses(candles, 10, 30),
        ground=Ground(step=1),
    )

    outcome = simulate([history], Terms(capital=10_000.0, size_percent=100.0, costs=FREE), loop)

    ours = outcome.trades[
        :-1
    ]  # they close the last at the open of the last candle, we at its close
    theirs = run["trades"][: len(ours)]
    assert len(ours) == len(run["trades"]) - 1
    assert (ours.side * ours.amount).tolist() == [trade["size"] for trade in theirs]
    assert ours.entry_row.tolist() == [trade["entry_bar"] for trade in theirs]
    assert ours.exit_row.tolist() == [trade["exit_bar"] for trade in theirs]
    assert ours.entry_price == pytest.approx([trade["entry_price"] for trade in theirs])
    assert ours.pnl == pytest.approx([trade["pnl"] for trade in theirs], rel=1e-9, abs=1e-9)
    figures = metrics_of(outcome)
    assert figures.total_trades == run["stats"]["# Trades"]
    assert figures.win_rate == pytest.approx(run["stats"]["Win Rate [%]"])
    assert figures.max_drawdown == pytest.approx(run["stats"]["Max. Drawdown [%]"], rel=1e-9)
    assert figures.exposure_time_pct == pytest.approx(run["stats"]["Exposure Time [%]"], abs=0.1)


def test_every_reversal_of_backtesting_py_on_real_minutes_with_fees(loop):
    run = recorded("btc_sma_cross_unit")
    table = pl.read_parquet(REAL / run["data"]["file"]).slice(*run["data"]["slice"])
    names = ("open", "high", "low", "close", "volume")
    times = table["timestamp"].to_numpy()
    candles = Candles(times, *(table[name].to_numpy() for name in names))
    history = History(
        market="BTC-USDT",
        interval=MINUTE_MS,
        candles=candles,
        signals=crosses(candles, 10, 30),
    )
    costs = Costs(taker_fee=run["broker"]["commission"], slippage=0.0)

    outcome = simulate([history], Terms(capital=1e7, size_percent=50.0, costs=costs), loop)

    theirs = {trade["entry_bar"]: trade for trade in run["trades"]}
    ours = {int(trade.entry_row): trade for trade in outcome.trades[:-1]}
    shared = sorted(ours.keys() & theirs.keys())
    assert len(shared) >= len(theirs) - 2  # one tie of averages falls to either side
    for row in shared:
        mine, its = ours[row], theirs[row]
        if mine.exit_row == its["exit_bar"]:
            assert mine.entry_price == pytest.approx(its["entry_price"])
            assert mine.exit_price == pytest.approx(its["exit_price"])
            gained = mine.pnl / (mine.amount * mine.entry_price)
            assert gained == pytest.approx(its["pnl"] / its["entry_price"], rel=1e-9)


@pytest.mark.parametrize("number", range(6))
def test_the_sums_are_leans(number):
    cases = json.loads((REAL / "metrics" / "lean_trade_statistics.json").read_text())["cases"]
    case = cases[number]
    sums = sums_of(np.array([trade["profit_loss"] for trade in case["trades"]]))
    expected = case["expected"]
    assert sums.total_trades == expected["TotalNumberOfTrades"]
    assert sums.winning_trades == expected["NumberOfWinningTrades"]
    assert sums.losing_trades == expected["NumberOfLosingTrades"]
    assert sums.win_rate == pytest.approx(100 * expected["WinRate"])
    assert sums.total_pnl == pytest.approx(expected["TotalProfitLoss"])
    assert sums.avg_win == pytest.approx(expected["AverageProfit"])
    assert sums.avg_loss == pytest.approx(expected["AverageLoss"])
    assert sums.expectancy == pytest.approx(expected["AverageProfitLoss"])
    assert max(sums.best_trade, 0.0) == pytest.approx(expected["LargestProfit"])
    if sums.losing_trades:  # LEAN says 10 where there is no loser to divide by
        assert sums.profit_factor == pytest.approx(expected["ProfitFactor"])
    else:
        assert sums.profit_factor is None


def test_funding_is_what_freqtrade_works_out(loop):
    """But for the mark: their settlements have one, here it is the candle's open."""
    found = json.loads((REAL / "metrics" / "futures_cases.json").read_text())["funding"]
    settled = found["settlements"]
    mark = settled[0]["mark"]
    times = [milliseconds(settlement["time"]) for settlement in settled]
    rates = np.array([settlement["rate"] for settlement in settled])
    for case in found["cases"]:
        opened, closed = milliseconds(case["open"]), milliseconds(case["close"])
        step = 1_000
        enter, leave = (opened - times[0]) // step + 1_000, (closed - times[0]) // step + 1_000
        start = times[0] - 1_000 * step
        rows = [(mark,) * 4] * (leave + 2)
        history = history_of(
            rows,
            start=start,
            step=step,
            more={"settlements": Settlements(np.array(times), rates)},
            enter_short=[enter - 1],
            exit_short=[leave - 1],
        )
        terms = Terms(capital=case["qty"] * mark, size_percent=100.0, costs=FREE)
        outcome = simulate([history], terms, loop)
        (trade,) = outcome.trades
        assert trade.funding == pytest.approx(case["short_receives"], rel=1e-6, abs=1e-12)


def crosses(candles, fast, slow):
    quick, late = sma(candles.close, fast), sma(candles.close, slow)
    over, under = quick > late, quick < late
    up, down = np.zeros(len(candles), bool), np.zeros(len(candles), bool)
    up[1:], down[1:] = over[1:] & under[:-1], under[1:] & over[:-1]
    return Signals(up, down, down, up, np.ones(len(candles)))


def milliseconds(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
