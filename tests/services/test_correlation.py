"""How much pairs move together: against numpy on known prices, with gaps, and as an operation."""

import math

import msgspec
import numpy as np
import pytest

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.services.pairs import correlations

HOUR = 3_600_000
START = 1_790_000_000_000 // HOUR * HOUR


def candles(closes, hours=None) -> Candles:
    """Return hourly candles that close at *closes*; *hours* after the start, or one by one."""
    close = np.asarray(closes, dtype=np.float64)
    hours = range(len(close)) if hours is None else hours
    time = START + np.array(list(hours), dtype=np.int64) * HOUR
    return Candles(time, close, close, close, close, np.ones(len(close)))


@pytest.fixture
def walks() -> np.ndarray:
    """Closes of three pairs over 300 hours that move together more and less."""
    rng = np.random.default_rng(3)
    common, own = rng.normal(0, 0.01, 300), rng.normal(0, 0.01, (3, 300))
    return 100 * np.exp(np.cumsum(common * [[1.0], [0.5], [-0.8]] + own, axis=1))


def expected(one, other) -> float:
    return np.corrcoef(np.diff(np.log(one)), np.diff(np.log(other)))[0, 1]


def test_it_is_numpy_s_correlation_of_log_returns(walks):
    names = ["A-USDT", "B-USDT", "C-USDT"]

    matrix, times = correlations(dict(zip(names, map(candles, walks), strict=True)), HOUR)

    assert list(matrix) == names
    for name, one in zip(names, walks, strict=True):
        assert list(matrix[name]) == [other for other in names if other != name]
        for other, prices in zip(names, walks, strict=True):
            if other != name:
                assert matrix[name][other] == pytest.approx(expected(one, prices), abs=1e-6)
                assert matrix[name][other] == matrix[other][name]
    assert times == [START + n * HOUR for n in range(1, 300)]


def test_a_gap_leaves_out_its_candles_and_shifts_nothing(walks):
    a, b = walks[:2]
    here, there = (
        [n for n in range(300) if n not in missing]
        for missing in ({50, 51, 52, 200}, {0, 1, 120, 299})
    )

    matrix, times = correlations({"A": candles(a[here], here), "B": candles(b[there], there)}, HOUR)

    # The hours at which both pairs, and one hour before, were there.
    both = set(here) & set(there)
    kept = [n for n in sorted(both) if n - 1 in both]
    gains = [np.log(x[kept] / x[np.array(kept) - 1]) for x in (a, b)]
    assert times == [START + n * HOUR for n in kept]
    assert matrix["A"]["B"] == pytest.approx(np.corrcoef(*gains)[0, 1], abs=1e-6)


def test_a_market_that_began_later_is_compared_over_what_there_is(walks):
    a, b = walks[:2]

    matrix, times = correlations({"A": candles(a), "B": candles(b[250:], range(250, 300))}, HOUR)

    assert len(times) == 49
    assert matrix["A"]["B"] == pytest.approx(expected(a[250:], b[250:]), abs=1e-6)


def test_a_pair_that_does_not_move_has_no_correlation(walks):
    still, steady = [5.0] * 300, [100 * 1.01**n for n in range(300)]

    matrix, _ = correlations(
        {"A": candles(walks[0]), "B": candles(still), "C": candles(steady), "D": candles(walks[1])},
        HOUR,
    )

    assert matrix["B"] == {"A": None, "C": None, "D": None}
    assert (matrix["A"]["B"], matrix["A"]["C"]) == (None, None)
    assert matrix["A"]["D"] is not None


def test_the_extremes_are_one_and_minus_one(walks):
    a = walks[0]

    matrix, _ = correlations({"A": candles(a), "B": candles(a * 7), "C": candles(1 / a)}, HOUR)

    assert (matrix["A"]["B"], matrix["A"]["C"]) == (1.0, -1.0)


def test_prices_that_cannot_be_are_left_out(walks):
    a, b = walks[:2].copy()
    a[[10, 60, 110]] = 0.0, math.nan, math.inf

    matrix, times = correlations({"A": candles(a), "B": candles(b)}, HOUR)

    assert len(times) == 299 - 6
    assert -1 <= matrix["A"]["B"] <= 1


@pytest.mark.parametrize("hours", [range(0, 600, 2), range(1000, 1300)])
def test_too_little_in_common_is_refused_with_what_was_found(walks, hours):
    with pytest.raises(InvalidParameter, match="only 0 candles") as refused:
        correlations({"A": candles(walks[0]), "B": candles(walks[1], hours)}, HOUR)

    assert (refused.value.details["found"], refused.value.details["expected"]) == (0, 10)


async def test_left_out_the_traded_pairs_are_compared(desk):
    told = await desk.ask("get_correlation")

    pairs = {"BTC-USDT", "ETH-USDT", "DOGE-USDT"}
    assert set(told.matrix) == pairs
    assert all(set(row) == pairs - {pair} for pair, row in told.matrix.items())
    assert (told.exchange, told.source) == ("sim", "simulated")
    assert (told.interval, told.window, told.samples) == ("1h", 200, 200)
    assert 0 <= told.age_ms < HOUR


async def test_a_perpetual_moves_with_its_spot(desk):
    told = await desk.ask(
        "get_correlation",
        pairs=["sol/usdt", "SOL-USDT-PERP", "XRP-USDT"],
        interval="15m",
        window=100,
    )

    assert told.matrix["SOL-USDT"]["SOL-USDT-PERP"] > 0.98
    assert abs(told.matrix["SOL-USDT"]["XRP-USDT"]) < 0.5
    closes = [
        [
            c.close
            for c in (await desk.ask("get_candles", pair=pair, interval="15m", limit=101)).candles
        ]
        for pair in ("SOL-USDT", "XRP-USDT")
    ]
    assert told.matrix["SOL-USDT"]["XRP-USDT"] == pytest.approx(expected(*closes), abs=1e-6)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"pairs": ["BTC-USDT", "btc/usdt"]}, "pairs"),
        ({"pairs": ["BTC-USDT", "NOPE-USDT"]}, "pair"),
        ({"pairs": ["BTC-USDT", "ETH-USDT"], "interval": "7m"}, "interval"),
        ({"pairs": ["BTC-USDT", "ETH-USDT"], "exchange": "kucoin"}, "exchange"),
    ],
)
async def test_what_cannot_be_compared_is_refused(desk, given, field):
    with pytest.raises(InvalidParameter) as refused:
        await desk.ask("get_correlation", **given)

    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    "given",
    [
        {"pairs": ["BTC-USDT"]},
        {"pairs": [f"A{n}-USDT" for n in range(21)]},
        {"window": 9},
        {"window": 1001},
    ],
)
async def test_how_much_may_be_compared_is_bounded(desk, given):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, desk.server.operations["get_correlation"].request)


async def test_one_traded_pair_alone_has_nothing_to_be_compared_with(desk):
    await desk.ask("remove_pair", pair="ETH-USDT")
    await desk.ask("remove_pair", pair="DOGE-USDT")

    with pytest.raises(InvalidParameter, match="2 to 20 different pairs are needed, got BTC-USDT"):
        await desk.ask("get_correlation")
