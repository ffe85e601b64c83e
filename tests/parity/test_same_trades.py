"""The backtest's trades are the engine's: times, sides, amounts, prices, reasons and profits."""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from parity_markets import cases, shipped
from parity_sides import assert_same, both

STRATEGIES = shipped()
modest = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a market takes minutes
)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@modest
@given(st.data())
def test_any_market_is_traded_live_as_in_the_backtest(loop, name, data):
    case = data.draw(cases(STRATEGIES[name]))

    ended, held, played, still_held = asyncio.run(both(case, loop))

    assert_same(played, ended)
    assert still_held == held


@settings(modest, max_examples=6)
@given(st.data())
def test_markets_that_share_an_account_are_traded_live_as_in_the_backtest(loop, data):
    name = data.draw(st.sampled_from(sorted(STRATEGIES)))
    # What one market leaves of a shared limit may be a whole number of steps but for a float's last
    # bits: then the loop buys one step less (docs/replay.md).
    roomy = {"max_total_exposure_usd": 1e9}
    case = data.draw(cases(STRATEGIES[name], markets=3, played=60, limits=roomy))

    ended, held, played, still_held = asyncio.run(both(case, loop))

    assert_same(played, ended)
    assert still_held == held
