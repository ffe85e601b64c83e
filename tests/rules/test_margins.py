"""Where a leveraged position is liquidated: against others' numbers, and the definition itself."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.rules.margins import liquidation_price, return_pct

BESIDE_CHECKOUT = Path(__file__).parents[3] / "shared" / "real"
CASES = Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE_CHECKOUT)) / "metrics"
MAINTENANCE, TAKER = 0.01, 0.0006


@pytest.mark.skipif(
    not CASES.is_dir(), reason="real data is absent: set TRADING_MCP_REAL_DATA to its folder"
)
def test_it_agrees_with_isolated_margin_as_exchanges_publish_it():
    found = json.loads((CASES / "futures_cases.json").read_text())["liquidation"]["cases"]
    cases = [case for case in found if case["formula"] == "gate_okx"]
    assert len(cases) >= 4
    for case in cases:
        cost = case["entry"] * case["qty"]
        side = 1 if case["side"] == "long" else -1
        price = liquidation_price(
            side, case["qty"], cost, cost / case["leverage"], MAINTENANCE + TAKER
        )
        assert price == pytest.approx(case["expected"], rel=1e-12)


@given(
    side=st.sampled_from([1, -1]),
    size=st.floats(1e-6, 1e6),
    entry=st.floats(1e-4, 1e5),
    leverage=st.integers(1, 100),
    kept=st.floats(0, 0.02),
)
def test_at_that_price_margin_and_loss_leave_what_must_be_kept(side, size, entry, leverage, kept):
    cost = size * entry
    price = liquidation_price(side, size, cost, cost / leverage, kept)
    if price == 0.0:
        assert side > 0
        assert leverage == 1
        return
    left = cost / leverage + side * (size * price - cost)
    assert left == pytest.approx(kept * size * price, rel=1e-6, abs=cost * 1e-9)


def test_nothing_held_is_never_liquidated_and_earns_nothing():
    assert liquidation_price(1, 0.0, 0.0, 0.0, 0.01) == 0.0
    assert return_pct(5.0, 0.0) == 0.0
    assert return_pct(5.0, 20.0) == 25.0
