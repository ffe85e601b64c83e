"""Numbers from outside, and the grid."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.markets import Market, symbol_of
from trading_mcp.domain.numbers import down_to, exact, nearest, up_to

VALUES = st.decimals("0.00000001", "1000000", places=8)
GRIDS = st.sampled_from([Decimal(g) for g in ("1", "0.5", "0.1", "0.05", "0.00001", "0.25")])


@given(VALUES, GRIDS)
def test_rounding_is_on_the_grid_and_never_worse_than_asked(value, grid):
    low, high, near = down_to(value, grid), up_to(value, grid), nearest(value, grid)
    assert low <= value <= high
    assert high - low in (0, grid)
    assert near in (low, high)
    assert all(number % grid == 0 for number in (low, high, near))


@given(VALUES, GRIDS, st.sampled_from(["buy", "sell"]))
def test_a_limit_price_is_never_worse_than_asked(value, grid, side):
    market = Market(
        exchange="x",
        symbol="A-B",
        base="A",
        quote="B",
        type="spot",
        tick=grid,
        step=grid,
        min_amount=grid,
        min_notional=Decimal(0),
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
    )
    price = market.limit_price(value, side)
    assert price <= value if side == "buy" else price >= value
    assert market.amount(value) <= value


@pytest.mark.parametrize(
    "bad",
    ["NaN", "sNaN", "Infinity", "-inf", "1E+9999999", "1_000", "١٢", " 1", "", "abc", "1e19"],
)
def test_a_number_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match=r"number|digits"):
        exact(bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), True, 1e300])
def test_a_float_that_is_no_amount_is_refused(bad):
    with pytest.raises(ValueError, match="number"):
        exact(bad)


def test_a_float_means_what_it_prints():
    assert exact(0.1) == Decimal("0.1")


@pytest.mark.parametrize(
    ("pair", "market_type", "symbol"),
    [
        ("BTC-USDT", None, "BTC-USDT"),
        ("btc/usdt", None, "BTC-USDT"),
        ("BTC-USDT", "perpetual", "BTC-USDT-PERP"),
        ("BTC-USDT-PERP", None, "BTC-USDT-PERP"),
        ("BTC-USDT-PERP", "perpetual", "BTC-USDT-PERP"),
    ],
)
def test_a_pair_has_one_symbol_however_it_is_written(pair, market_type, symbol):
    assert symbol_of(pair, market_type) == symbol


@pytest.mark.parametrize(
    ("pair", "market_type"),
    [("BTC", None), ("", None), ("BTC-USDT-X", None), ("BTC-USDT-PERP", "spot"), ("ß-USDT", None)],
)
def test_what_is_no_pair_is_refused(pair, market_type):
    with pytest.raises(ValueError, match=r"pair|perpetual"):
        symbol_of(pair, market_type)
