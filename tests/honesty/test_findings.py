"""Findings: each is there when it should be, and not when it should not."""

import msgspec
import pytest

from trading_mcp.backtest.honesty.deflated import Deflated
from trading_mcp.backtest.honesty.evidence import SEVERITIES, Evidence
from trading_mcp.backtest.honesty.examining import examined
from trading_mcp.backtest.honesty.findings import RULES, findings_of
from trading_mcp.backtest.honesty.plateaus import Plateau, Point
from trading_mcp.backtest.honesty.shuffles import MonteCarlo, Spread
from trading_mcp.backtest.honesty.walking import Walk
from trading_mcp.backtest.kernel.layout import LIQUIDATION
from trading_mcp.backtest.runs import exits_of, run_strategy
from trading_mcp.backtest.terms import Costs, Terms
from trading_mcp.domain.trials import NOTHING_TRIED
from trading_mcp_rsi import RsiScalping

PARAMS = RsiScalping.params_type(rsi_period=5)
TERMS = Terms(capital=1000.0, size_percent=100.0, exits=exits_of(PARAMS))
FREE = Costs(taker_fee=0.0, maker_fee=0.0, slippage=0.0)


@pytest.fixture(scope="session")
def ran(loop):
    def run(data, terms=TERMS):
        result = run_strategy(RsiScalping(PARAMS), [data], terms, loop)
        return Evidence(outcome=result.outcome, metrics=result.metrics, terms=terms)

    return run


@pytest.fixture
def good(market, ran):
    """Return evidence against which nothing is to be said: a long run that gained steadily."""
    evidence = ran(market(2400))
    figures = {
        "total_trades": 400,
        "total_pnl": 500.0,
        "best_trade": 20.0,
        "fees": 50.0,
        "turnover": 20.0,
        "total_return_pct": 50.0,
        "buy_and_hold_return_pct": 10.0,
    }
    luck = Deflated(
        probability=0.99,
        alone=0.99,
        sharpe=3.0,
        benchmark=1.0,
        trials=4,
        days=100,
        skewness=0.0,
        kurtosis=3.0,
    )
    walk = Walk(anchored=False, folds=(), tested=evidence.metrics, searched_sharpe=3.0, kept=0.9)
    return msgspec.structs.replace(
        evidence,
        metrics=msgspec.structs.replace(evidence.metrics, **figures),
        deflated=luck,
        walk=walk,
    )


def severities(evidence):
    return {finding.code: finding.severity for finding in findings_of(evidence)}


def test_nothing_is_found_where_nothing_is_wrong(good):
    assert findings_of(good) == ()


@pytest.mark.parametrize(
    ("code", "severity", "figures"),
    [
        ("too_few_trades", "warning", {"total_trades": 99}),
        ("too_few_trades", "critical", {"total_trades": 29}),
        ("one_trade_makes_the_profit", "warning", {"best_trade": 130.0}),
        ("one_trade_makes_the_profit", "critical", {"best_trade": 260.0}),
        ("costs_eat_the_edge", "warning", {"fees": 600.0}),
        ("costs_eat_the_edge", "critical", {"fees": 600.0, "total_pnl": -20.0}),
        ("it_loses", "warning", {"total_return_pct": -1.0, "buy_and_hold_return_pct": -5.0}),
        ("holding_was_better", "info", {"buy_and_hold_return_pct": 51.0}),
    ],
)
def test_figures_that_speak_against_a_run_are_found(good, code, severity, figures):
    metrics = msgspec.structs.replace(good.metrics, **figures)
    assert severities(msgspec.structs.replace(good, metrics=metrics)) == {code: severity}


@pytest.mark.parametrize(("small", "severity"), [(5, None), (60, "warning"), (500, "critical")])
def test_entries_below_the_markets_minimum_are_told_as_the_cause(good, small, severity):
    outcome = msgspec.structs.replace(
        good.outcome, account={**good.outcome.account, "blocked_small": small}
    )
    blocked = msgspec.structs.replace(good, outcome=outcome)
    assert severities(blocked).get("entries_too_small") == severity

    few = msgspec.structs.replace(good.metrics, total_trades=30)
    found = findings_of(msgspec.structs.replace(blocked, metrics=few))
    [advice] = [one.advice for one in found if one.code == "too_few_trades"]
    assert ("longer time adds none" in advice) is (small > 30)


def test_no_longer_time_is_advised_where_a_limit_ended_all_entries(good):
    account = {**good.outcome.account, "killed_at": 1.0}
    outcome = msgspec.structs.replace(good.outcome, account=account)
    few = msgspec.structs.replace(good.metrics, total_trades=20)
    [found] = findings_of(msgspec.structs.replace(good, outcome=outcome, metrics=few))
    assert "drawdown limit" in found.advice


@pytest.mark.parametrize(("kept", "severity"), [(0.4, "warning"), (-0.1, "critical")])
def test_what_the_tests_do_not_keep_is_overfit(good, kept, severity):
    walk = msgspec.structs.replace(good.walk, kept=kept)
    assert severities(msgspec.structs.replace(good, walk=walk)) == {"overfit": severity}


@pytest.mark.parametrize(("probability", "severity"), [(0.9, "warning"), (0.4, "critical")])
def test_a_low_deflated_sharpe_ratio_is_luck(good, probability, severity):
    luck = msgspec.structs.replace(good.deflated, probability=probability)
    evidence = msgspec.structs.replace(good, deflated=luck)
    assert severities(evidence) == {"luck_explains_it": severity}
    assert "4 attempts" in findings_of(evidence)[0].meaning


def test_a_result_without_a_test_is_in_sample_only(good):
    assert severities(msgspec.structs.replace(good, walk=None)) == {"in_sample_only": "warning"}
    first = msgspec.structs.replace(good, walk=None, deflated=None)
    assert severities(first) == {"in_sample_only": "info"}


def test_a_lone_peak_at_the_edge_is_both(good):
    around = Plateau(
        best=Point(params={"a": 1}, score=2.0),
        tried=9,
        neighbours=(),
        neighbour_mean=0.2,
        neighbour_worst=0.0,
        flatness=0.1,
        at_edge=("a",),
        map=None,
    )
    assert severities(msgspec.structs.replace(good, plateau=around)) == {
        "lone_peak": "critical",
        "parameters_at_the_edge": "warning",
    }


def test_a_lucky_order_of_trades_is_told(good):
    fall = Spread(p5=-30.0, p25=-25.0, p50=-20.0, p75=-15.0, p95=-10.0)
    drawn = MonteCarlo(
        runs=100,
        seed=0,
        trades=400,
        drawdown_pct=fall,
        measured_drawdown_pct=-12.0,
        final_equity=Spread(p5=1.0, p25=1.0, p50=1.0, p75=1.0, p95=1.0),
        losing_pct=0.0,
    )
    evidence = msgspec.structs.replace(good, monte_carlo=drawn)
    assert severities(evidence) == {"worse_falls_are_likely": "info"}


def test_a_liquidation_is_critical(good):
    trades = good.outcome.trades.copy()
    trades["reason"][0] = LIQUIDATION
    outcome = msgspec.structs.replace(good.outcome, trades=trades)
    found = severities(msgspec.structs.replace(good, outcome=outcome))
    assert found == {"positions_were_liquidated": "critical"}


def test_a_run_without_costs_is_no_evidence(market, ran):
    free = ran(market(), msgspec.structs.replace(TERMS, costs=FREE))
    assert severities(free)["costs_are_left_out"] == "critical"
    assert "costs_are_left_out" not in severities(ran(market()))


def test_a_few_days_are_no_evidence(market, ran):
    assert severities(ran(market(200)))["too_few_days"] == "critical"


def test_findings_come_by_how_grave_they_are_and_as_json(market, ran):
    evidence = ran(market(200))
    whole = examined(evidence.outcome, evidence.metrics, TERMS, NOTHING_TRIED)
    grades = [SEVERITIES.index(finding.severity) for finding in whole.findings]
    assert len(grades) > 2
    assert grades == sorted(grades)
    assert msgspec.json.decode(msgspec.json.encode(whole))["findings"][0]["code"]
    assert {finding.code for finding in whole.findings} <= {rule.__name__ for rule in RULES}


def test_the_same_run_is_judged_the_same(market, ran):
    first, second = (ran(market()) for _ in range(2))
    judged = [examined(e.outcome, e.metrics, TERMS, NOTHING_TRIED) for e in (first, second)]
    assert judged[0] == judged[1]
