"""A timeframe's indicators make a side, alike for a market and for its mirror image."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.indicators.outlook import Bands, Indicators, Macd, Outlook, outlook

UP = Indicators(
    close=101.0,
    rsi=50.0,
    macd=Macd(macd=0.5, signal=0.25, histogram=0.25),
    bands=Bands(upper=102.0, middle=100.0, lower=98.0),
)
OPPOSITE = {"long": "short", "short": "long", "neutral": "neutral"}
MIRRORED = {"up": "down", "down": "up", "sideways": "sideways", None: None}

prices = st.floats(1, 1_000)
sizes = st.floats(-50, 50)
some_macd = st.none() | st.builds(Macd, macd=sizes, signal=sizes, histogram=sizes)
some_bands = st.none() | st.builds(
    lambda middle, half: Bands(upper=middle + half, middle=middle, lower=middle - half),
    prices,
    st.floats(0, 100),
)
seen = st.builds(
    Indicators,
    close=prices,
    rsi=st.none() | st.floats(0, 100),
    macd=some_macd,
    bands=some_bands,
)


def test_a_market_that_rises_with_momentum_is_long() -> None:
    # The trend gives 0.3, and the histogram of an eighth of the half width the other 0.3.
    assert outlook(UP) == Outlook("up", "long", pytest.approx(0.6))


def test_an_oversold_market_adds_to_long_and_an_overbought_one_takes_away() -> None:
    def strength(rsi: float) -> float:
        return outlook(msgspec.structs.replace(UP, rsi=rsi)).strength

    assert strength(30) == pytest.approx(0.7)
    assert strength(20) == strength(5) == pytest.approx(0.8)
    assert strength(70) == pytest.approx(0.5)
    assert strength(41) == strength(59) == pytest.approx(0.6)


def test_a_price_at_its_band_counts_against_going_on() -> None:
    at_upper = msgspec.structs.replace(UP, close=102.0)
    beyond = msgspec.structs.replace(UP, close=103.0)
    assert outlook(at_upper).strength == pytest.approx(0.5)
    assert outlook(beyond).strength == pytest.approx(0.4)


def test_little_that_is_said_is_no_side() -> None:
    quiet = msgspec.structs.replace(UP, macd=Macd(macd=-0.1, signal=-0.2, histogram=0.1))
    assert outlook(quiet) == Outlook("sideways", "neutral", 0.0)


def test_a_falling_knife_is_not_bought_for_being_oversold() -> None:
    knife = Indicators(
        close=98.0,
        rsi=20.0,
        macd=Macd(macd=-1.0, signal=-0.5, histogram=-0.5),
        bands=Bands(upper=102.0, middle=100.0, lower=98.0),
    )
    assert outlook(knife).signal != "long"


def test_what_is_not_known_makes_no_trend_and_no_strength() -> None:
    assert outlook(Indicators(close=100.0)) == Outlook(None, "neutral", 0.0)
    without_macd = msgspec.structs.replace(UP, macd=None)
    assert outlook(without_macd) == Outlook(None, "neutral", 0.0)


def test_a_market_that_stands_still_is_sideways() -> None:
    flat = Indicators(
        close=27.0,
        rsi=50.0,
        macd=Macd(macd=0.0, signal=0.0, histogram=0.0),
        bands=Bands(upper=27.0, middle=27.0, lower=27.0),
    )
    assert outlook(flat) == Outlook("sideways", "neutral", 0.0)


@given(seen)
def test_strength_is_a_share_and_nothing_without_a_side(one: Indicators) -> None:
    said = outlook(one)
    assert 0 <= said.strength <= 1
    assert (said.signal == "neutral") == (said.strength == 0)


@given(seen)
def test_a_mirrored_market_gives_the_mirrored_answer(one: Indicators) -> None:
    said, mirrored = outlook(one), outlook(mirror(one))
    if abs(said.strength - 0.25) < 1e-6 or abs(mirrored.strength - 0.25) < 1e-6:
        return  # on the edge the last digit decides
    assert mirrored.trend == MIRRORED[said.trend]
    assert mirrored.signal == OPPOSITE[said.signal]
    assert mirrored.strength == pytest.approx(said.strength, abs=1e-6)


def mirror(one: Indicators) -> Indicators:
    """Turn the price axis over: what rose falls."""
    macd, bands = one.macd, one.bands
    return Indicators(
        close=-one.close,
        rsi=None if one.rsi is None else 100 - one.rsi,
        macd=macd and Macd(macd=-macd.macd, signal=-macd.signal, histogram=-macd.histogram),
        bands=bands and Bands(upper=-bands.lower, middle=-bands.middle, lower=-bands.upper),
    )
