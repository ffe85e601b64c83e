"""Small candles put together are the candles that the exchange would have shown."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.domain.candles import MINUTE_MS, Candle, Candles
from trading_mcp.indicators.timeframes import aggregate
from trading_mcp.strategy.sample_markets import walk

FIVE = 5 * MINUTE_MS


def test_five_minutes_make_one_candle() -> None:
    minutes = [
        Candle(0, 10, 12, 9, 11, 1),
        Candle(1 * MINUTE_MS, 11, 15, 11, 14, 2),
        Candle(2 * MINUTE_MS, 14, 14, 8, 9, 3),
        Candle(3 * MINUTE_MS, 9, 10, 9, 10, 4),
        Candle(4 * MINUTE_MS, 10, 11, 10, 10.5, 5),
    ]
    assert aggregate(Candles.of(minutes), "1m", "5m").rows() == [Candle(0, 10, 15, 8, 10.5, 15)]


@pytest.mark.parametrize(("count", "complete"), [(4, 0), (5, 1), (9, 1), (10, 2)])
def test_the_last_one_is_dropped_until_it_is_complete(count: int, complete: int) -> None:
    minutes = Candles.of([Candle(i * MINUTE_MS, 1, 1, 1, 1, 1) for i in range(count)])
    assert len(aggregate(minutes, "1m", "5m")) == complete
    assert len(aggregate(minutes, "1m", "5m", keep_incomplete=True)) == -(-count // 5)


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), unique=True).map(sorted), st.sampled_from(["5m", "15m", "1h"]))
def test_they_are_aligned_to_utc_whatever_minutes_are_missing(
    minutes: list[int], larger: str
) -> None:
    candles = chosen(walk(401), minutes)
    step = {"5m": FIVE, "15m": 3 * FIVE, "1h": 12 * FIVE}[larger]

    found = aggregate(candles, "1m", larger, keep_incomplete=True)

    assert found.rows() == one_by_one(candles, step)


def test_an_interval_put_together_to_itself_stays_as_it_is() -> None:
    candles = walk(10)
    assert aggregate(candles, "1m", "1m").rows() == candles.rows()


def test_intervals_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="5m is not a multiple of 3m"):
        aggregate(walk(10), "3m", "5m")
    with pytest.raises(ValueError, match="unknown interval '7m'"):
        aggregate(walk(10), "1m", "7m")


def chosen(market: Candles, minutes: list[int]) -> Candles:
    """Volumes are whole numbers, so that the order in which they are summed does not matter."""
    prices = (getattr(market, name)[minutes] for name in ("time", "open", "high", "low", "close"))
    return Candles(*prices, np.ceil(market.volume[minutes]))


def one_by_one(candles: Candles, step: int) -> list[Candle]:
    larger = []
    for start, group in groupby(candles.rows(), lambda candle: candle.opened_at // step * step):
        rows = list(group)
        high, low = max(row.high for row in rows), min(row.low for row in rows)
        volume = sum(row.volume for row in rows)
        larger.append(Candle(start, rows[0].open, high, low, rows[-1].close, volume))
    return larger
