"""Small searches, and strategies that read their parameters in odd ways."""

from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from trading_mcp.app.datasets import read_dataset, write_dataset
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.batches import Dataset
from trading_mcp.backtest.search.objectives import objectives_of
from trading_mcp.backtest.search.searches import Search
from trading_mcp.backtest.search.spaces import space_of
from trading_mcp.backtest.terms import Costs, Terms
from trading_mcp.domain.signals import Signals
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.loader import discover
from trading_mcp.strategy.sample_markets import walk

PLUGINS = ("rsi", "macd", "bollinger", "ema", "stochastic", "rsi_macd_bollinger")
RSI_SPACE = {"rsi_period": [7, 14, 21], "rsi_oversold": [20, 30], "take_profit_pct": [0.4, 0.8]}
TERMS = Terms(capital=1_000.0, size_percent=100.0, costs=Costs(slippage=0.0005))


def shipped():
    return {name: info.cls for name, info in discover(PLUGINS).strategies.items()}


def rsi_scalping():
    return shipped()["rsi_scalping"]


def data_of(length=3_000, *, seed=0, market="DOGE-USDT", **more):
    candles = walk(length, seed=seed)
    return Data(market=market, interval=MINUTE_MS, candles=candles, **more)


def written(folder, compiled, *data):
    write_dataset(folder, data or [data_of()])
    return Dataset(path=str(folder), read=read_dataset, compiled=str(compiled))


def search_of(method="grid", *, space=None, fixed=None, objectives=("sharpe_ratio",), **more):
    return Search(
        space=space_of(rsi_scalping(), space or RSI_SPACE, fixed or {}),
        method=method,
        objectives=objectives_of(objectives, most=3),
        terms=more.pop("terms", TERMS),
        **more,
    )


class OddParams(Params, frozen=True, kw_only=True):
    every: Annotated[int, Meta(ge=2, le=100)] = 10
    unused: int = 0

    @property
    def doubled(self) -> int:
        return 2 * self.every


def every(candles, count):
    rows = np.arange(len(candles)) % count == 0
    never = np.zeros(len(candles), dtype=np.bool_)
    return Signals(rows, never, never, never, np.ones(len(candles)))


class _Odd(Strategy):
    params_type = OddParams
    warmup = 0


class Plain(_Odd):
    name = "plain"

    def signals(self, candles):
        return every(candles, self.params.every)


class ByExit(_Odd):
    """Its signals depend on an exit, for some values of another parameter only."""

    name = "by_exit"

    def signals(self, candles):
        count = self.params.every
        return every(candles, count if count < 20 else round(10 * self.params.stop_loss_pct) + 2)


class ByProperty(_Odd):
    name = "by_property"

    def signals(self, candles):
        return every(candles, self.params.doubled)


class AsAWhole(_Odd):
    name = "as_a_whole"

    def signals(self, candles):
        return every(candles, 2 + int(sum(msgspec.structs.asdict(self.params)[n] for n in NUMBERS)))


class ByHash(_Odd):
    name = "by_hash"

    def signals(self, candles):
        return every(candles, 2 + hash(self.params) % 50)


class Rude(_Odd):
    """It fails for some parameters."""

    name = "rude"

    def signals(self, candles):
        if self.params.every == 13:
            raise RuntimeError("thirteen")
        return every(candles, self.params.every)


NUMBERS = ("every", "stop_loss_pct", "take_profit_pct")
ODD = (Plain, ByExit, ByProperty, AsAWhole, ByHash)
