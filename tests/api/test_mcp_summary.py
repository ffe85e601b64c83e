"""What an agent reads whose client shows it only the text."""

import pytest

from trading_mcp.api.mcp.summary import LONGEST, summary

ROWS = [
    {"id": f"pos_{n}", "side": "long", "size": n / 2, "note": "", "end": None} for n in range(9)
]


def test_the_message_comes_first_then_plain_values_then_the_rest() -> None:
    told = summary({"errors": [], "order": {"id": "ord_1"}, "done": True, "message": "Bought"})

    assert told == "Bought: done yes; no errors; order: id ord_1"


def test_of_a_list_the_first_rows_and_the_last_are_told() -> None:
    assert summary({"positions": ROWS, "count": 9}) == (
        "count 9; 9 positions; (id pos_0, side long, size 0); (id pos_1, side long, size 0.5); "
        "(id pos_8, side long, size 4)"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"pairs": ["BTC-USDT", "ETH-USDT"]}, "pairs: BTC-USDT, ETH-USDT"),
        ({"values": [n / 4 for n in range(100)]}, "values: 100, the last 24.25, 24.5, 24.75"),
        ({"bids": [[100.5, 2.0]]}, "1 bids; (100.5 2)"),
        ({"limits": {}}, "limits: none"),
        ({"by": {"1m": {"rsi": 30.5}, "5m": {"rsi": 60.0}}}, "by.1m: rsi 30.5; by.5m: rsi 60"),
        ({"stop": None, "reason": ""}, "stop unknown"),
        ({"count": 1, "next_cursor": None}, "count 1"),
        ({}, "Done"),
    ],
)
def test_each_kind_of_value_has_its_words(answer: dict[str, object], told: str) -> None:
    assert summary(answer) == told


@pytest.mark.parametrize(
    "answer",
    [
        {"message": "x" * 5000, "count": 1},
        {"reason": "x" * 5000},
        {f"field_{n}": n for n in range(500)},
        {"rows": [{f"field_{n}": "x" * 50 for n in range(50)}] * 50},
    ],
)
def test_it_stays_short_and_says_that_something_is_left_out(answer: dict[str, object]) -> None:
    told = summary(answer)

    assert len(told) <= LONGEST
    assert "…" in told


FINDING = {"code": "too_few_days", "severity": "critical", "measured": 3.0, "meaning": "Few days."}


def test_what_speaks_against_a_result_comes_before_its_figures() -> None:
    answer = {
        "message": "rsi on DOGE-USDT: 30 trades",
        "id": "bt_1",
        "total_trades": 30,
        "metrics": {"total_trades": 30, "fees": 1.5},
        "warnings": ["entries not made: 9"],
        "findings": [FINDING],
        "out_of_sample": None,
    }

    assert summary(answer) == (
        "rsi on DOGE-USDT: 30 trades. Warnings: entries not made: 9. Findings: critical: Few days. "
        "id bt_1; total_trades 30; metrics: fees 1.5"
    )


def test_of_many_findings_each_is_named_and_figures_have_room() -> None:
    findings = [{**FINDING, "code": f"code_{n}", "meaning": "x" * 90} for n in range(6)]
    answer = {"message": "m" * 180, "warnings": ["w" * 400], "findings": findings, "id": "bt_1"}

    told = summary(answer)

    assert len(told) <= LONGEST
    assert all(f"code_{n}" in told for n in range(2, 6))
    assert "id bt_1" in told
