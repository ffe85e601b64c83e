"""The page says under which terms a run was made, and what is of the searched candles."""

import re

import pytest

from trading_mcp.backtest.report.page import page
from trading_mcp.backtest.report.words import measure

COSTS = {
    "taker_fee": 0.001,
    "maker_fee": None,
    "slippage": 0.0005,
    "spread": 0,
    "target_rests": False,
}
TERMS = {"capital": 5000.0, "costs": COSTS, "size_percent": 50.0, "limits": None, "leverage": 3,
         "rounded": True}  # fmt: skip
PARAMETERS = {"max_position_size_usd": 50.0, "risk_per_trade_percent": 0.5}


def result(**fields):
    """A result with a trade, and as little else as there may be."""
    trade = {"pair": "BTC-USDT", "side": "long", "reason": "take_profit", "pnl": 1.0,
             "entry_time": "2026-01-02T00:00:00Z", "entry_price": 100.0,
             "exit_time": "2026-01-02T06:00:00Z", "exit_price": 101.0}  # fmt: skip
    told = {"strategy": "rsi_scalping", "pairs": ["BTC-USDT"], "interval": "1h",
            "from": "2026-01-01T00:00:00Z", "to": "2026-01-31T00:00:00Z",
            "metrics": {"initial_capital": 1000.0}, "trades": [trade],
            "by_month": [{"month": "2026-01", "return_pct": 1.5}]}  # fmt: skip
    return told | fields


def without_plotly(text):
    """Return the page but for plotly's own script."""
    scripts = text.split("<script>")
    return scripts[0] + scripts[2]


def text_of(told):
    return re.sub(r"<[^>]+>", " ", without_plotly(page(told))).replace(
        "\N{NARROW NO-BREAK SPACE}", ""
    )


def test_a_page_says_under_which_terms_it_was_made():
    shown = text_of(
        result(terms=TERMS, blocked_entries={"paused": 3, "full": 0}, entries_ended_at="2026-01-09")
    )
    for said in ("5,000.00", "0.1%", "0.05%", "none rest", "50% of the equity", "3 paused"):
        assert said in shown
    assert re.search("Entries ended by a drawdown *2026-01-09", shown)
    assert re.search("Limits *none", shown)


def test_a_size_by_risk_is_told_with_its_limits():
    limits = {"parameters": PARAMETERS, "mode": "Normal"}
    shown = text_of(result(terms=TERMS | {"limits": limits, "size_percent": None}))
    assert "what loses 0.5% of the equity at its stop" in shown
    assert "mode Normal, a position 50" in shown


def test_headings_say_what_is_in_sample():
    tested = {"total_return_pct": -1.0}
    fold = {"window": {"start": 0, "split": 1, "end": 2}, "params": {"rsi_period": 7},
            "searched": {}, "tested": tested}  # fmt: skip
    walk = {"tested": tested, "folds": [fold]}
    honesty = {"walk_forward": walk, "findings": []}
    headings = re.findall("<h2>(.*?)</h2>", page(result(honesty=honesty)))
    assert headings[:3] == ["Out of sample", "Out of sample, test by test", "Figures, in sample"]
    assert {"Months, in sample", "Findings, in sample"} <= set(headings)
    assert "Trades on BTC-USDT, in sample" in headings
    assert not any("in sample" in each for each in re.findall("<h2>(.*?)</h2>", page(result())))


@pytest.mark.parametrize(("held", "hidden"), [(1040.0, False), (9000.0, True)])
def test_holding_is_hidden_where_the_equity_would_look_flat(held, hidden):
    curve = [
        {"timestamp": f"2026-01-0{day}T00:00:00Z", "equity": equity, "buy_and_hold": beside}
        for day, equity, beside in ((1, 1000.0, 1000.0), (2, 1020.0, held))
    ]
    assert ("would look flat" in text_of(result(equity_curve=curve))) == hidden


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (1, "tests out of sample", "1 test out of sample"),
        (2, "trades", "2 trades"),
        (1.11e-14, "percent", "0 percent"),
        (0.00012, "percent", "0.00012 percent"),
        (1234567.0, "quote", "1,234,567 quote"),
        (-48.8123, "percent", "-48.81 percent"),
    ],
)
def test_what_was_measured_is_told_in_plain_numbers(value, unit, told):
    assert measure(value, unit) == told


def test_a_test_shows_what_was_searched_before_it_and_nothing_else():
    params = {"rsi_period": 7, "direction": "long"}
    fold = {"window": {"start": 0, "split": 1, "end": 2}, "params": params, "searched": {},
            "tested": {}}  # fmt: skip
    plateau = {"best": {"params": {"rsi_period": 9}, "score": 1.0}, "tried": 2, "neighbours": [{}],
               "neighbour_mean": 0.5, "map": None}  # fmt: skip
    walk = {"tested": {"total_return_pct": 1.0}, "folds": [fold, fold]}
    text = page(result(honesty={"walk_forward": walk, "plateau": plateau}))
    assert '<td class="wide">rsi_period 7</td>' in text
    assert "Its only neighbour scored 0.5." in text
