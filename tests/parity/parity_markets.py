"""Random markets and settings, drawn by hypothesis: a seed, and what the market is like."""

from decimal import Decimal

import numpy as np
from hypothesis import strategies as st
from parity_sides import Case, market

from trading_mcp.domain.candles import Candles
from trading_mcp.strategy.loader import discover

START = 1_767_225_600_000  # 2026-01-01
QUICK = {
    "bollinger_scalping": {"bollinger_period": 10, "bollinger_deviations": 1.5},
    "ema_crossover": {"ema_fast": 3, "ema_slow": 8},
    "macd_scalping": {"macd_fast": 3, "macd_slow": 6, "macd_signal": 3},
    "rsi_macd_bollinger": {
        "rsi_period": 4,
        "macd_fast": 3,
        "macd_slow": 6,
        "macd_signal": 3,
        "bollinger_period": 10,
        "bollinger_deviations": 1.5,
    },
    "rsi_scalping": {"rsi_period": 4},
    "stochastic_scalping": {"stochastic_k": 8},
}
"""Parameters under which each shipped strategy trades often."""
PLUGINS = ("bollinger", "ema", "macd", "rsi", "rsi_macd_bollinger", "stochastic")


def shipped():
    """The classes of all shipped strategies, by name."""
    return {name: info.cls for name, info in discover(PLUGINS).strategies.items()}


def random_candles(count, seed, *, wild=1.0, gaps=0.2, tick=0.01, step=60_000, start=START):
    """Candles on the tick: heights and gaps of all sizes, stretches without any, crashes."""
    rng = np.random.default_rng(seed)
    calm = np.repeat(rng.random(count // 20 + 1) < 0.1, 20)[:count]
    moves = rng.normal(0, 0.003 * wild, count) * (1 + 4 * (rng.random(count) < 0.03))
    jumps = rng.normal(0, 0.004 * wild, count) * (rng.random(count) < gaps)
    moves[calm], jumps[calm] = 0.0, 0.0
    close = 100 * np.exp(np.cumsum(moves + jumps))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(jumps)
    reach = np.abs(rng.normal(0, 0.002 * wild, (2, count))) * ~calm
    high = np.maximum(open_, close) * (1 + reach[0])
    low = np.minimum(open_, close) * (1 - reach[1])
    ticks = (np.round(column / tick) for column in (open_, high, low, close))
    scale = round(1 / tick)
    prices = [np.maximum(column, 1) / scale for column in ticks]
    times = start + step * np.arange(count, dtype=np.int64)
    return Candles(times, *prices, rng.random(count) * 10)


EXITS = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["long", "short", "both", "both"]),
        "stop_loss_pct": st.sampled_from([0.0, 0.2, 0.4, 1.0]),
        "take_profit_pct": st.sampled_from([0.0, 0.3, 0.8, 2.0]),
        "trailing_stop_pct": st.sampled_from([0.0, 0.0, 0.3, 0.7]),
        "breakeven_pct": st.sampled_from([0.0, 0.0, 0.3]),
    }
)
LIMITS = st.fixed_dictionaries(
    {
        "volatility_multiplier": st.sampled_from([0.0, 1.0, 2.0]),
        "kelly_fraction": st.sampled_from([0.0, 0.25]),
        "max_consecutive_losses": st.sampled_from([2, 5, 1000]),
        "loss_cooldown_minutes": st.sampled_from([0.0, 10.0, 60.0]),
        "max_position_size_usd": st.sampled_from([3_000.0, 1e9]),
        "max_total_exposure_usd": st.sampled_from([5_000.0, 1e9]),
        "max_open_positions": st.sampled_from([1, 100]),
        "confidence_threshold": st.sampled_from([0.0, 0.6]),
        "risk_per_trade_percent": st.sampled_from([0.1, 0.5, 2.0]),
        "max_leverage": st.sampled_from([1, 3, 10]),
    }
)


@st.composite
def cases(draw, cls, *, markets=1, played=120, limits=None):
    """A case for *cls*; *limits* are those that are not drawn."""
    params = {**QUICK[cls.name], **draw(EXITS)}
    # The average true range too must have forgotten where its history began.
    first = max(cls(cls.params_type(**params)).warmup, 500)
    interval = draw(st.sampled_from([60_000, 300_000, 3_600_000]))
    tick = draw(st.sampled_from(["0.01", "0.1", "0.001", "0.25"]))
    kind = draw(st.sampled_from(["-PERP", "-PERP", ""]))
    seed, wild = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.3, 1.0, 3.0]))
    candles = {}
    for nth, symbol in enumerate(("BTC-USDT", "DOGE-USDT", "ETH-USDT")[:markets]):
        traded = market(
            f"{symbol}{kind}",
            tick=Decimal(tick),
            step=Decimal(draw(st.sampled_from(["0.001", "0.1", "1"]))),
            taker_fee=Decimal(draw(st.sampled_from(["0", "0.0006", "0.001"]))),
        )
        candles[traded] = random_candles(
            first + played, seed + nth, wild=wild, tick=float(tick), step=interval
        )
    return Case(
        cls=cls,
        params=params,
        candles=candles,
        first=first,
        interval=interval,
        limits={**draw(LIMITS), **(limits or {})},
        mode=draw(st.sampled_from(["Normal", "Conservative", "ControlledCrazy"])),
        weight=draw(st.sampled_from([1.0, 0.5])),
        leverage=draw(st.sampled_from([1, 3])),
        slippage=draw(st.sampled_from([0.0, 0.0005, 0.003])),
        spread=draw(st.sampled_from([0.0, 0.0004])),
    )
