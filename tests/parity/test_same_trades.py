"""The backtest's trades are the engine's: times, sides, amounts, prices, reasons and profits."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parity_markets import cases, shipped
from parity_sides import both

STRATEGIES = shipped()


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_market_is_traded_live_as_in_the_backtest(loop, name, data):
    case = data.draw(cases(STRATEGIES[name]))

    ended, held, played, still_held = asyncio.run(both(case, loop))

    assert played == ended
    assert still_held == held
