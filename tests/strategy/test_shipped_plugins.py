"""The shipped plugins: declared alike, documented as they are, and the same live as later."""

import importlib.util
import os
import re
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from trading_mcp.domain.candles import Candles
from trading_mcp.strategy.answers import FLAGS, validate
from trading_mcp.strategy.base import ENGINE_WINDOW, Strategy
from trading_mcp.strategy.conformance import check_strategy
from trading_mcp.strategy.loader import discover, installed
from trading_mcp.strategy.params import build_params, params_schema
from trading_mcp.strategy.sample_markets import walk

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("TRADING_MCP_REAL_DATA", ROOT.parent / "shared" / "real"))
MARKETS = ("kucoin_spot_DOGE-USDT_1m_2023", "kucoin_spot_USDC-USDT_1m_2023")
PROJECTS = {
    path.parent: tomllib.loads(path.read_text())["project"]
    for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))
}


def strategy_of(folder: Path) -> type[Strategy]:
    (path,) = folder.glob("trading_mcp_*.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (cls,) = module.register_strategies()
    return cls


STRATEGIES = {cls.name: cls for cls in map(strategy_of, PROJECTS)}
each_plugin = pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
each_strategy = pytest.mark.parametrize("cls", STRATEGIES.values(), ids=STRATEGIES)


def test_these_are_shipped() -> None:
    plugins = {name for p in PROJECTS.values() for name in p["entry-points"]["trading_mcp"]}
    assert plugins == {"rsi", "macd", "bollinger", "ema", "stochastic", "rsi_macd_bollinger"}
    assert STRATEGIES.keys() == {
        "rsi_scalping",
        "macd_scalping",
        "bollinger_scalping",
        "ema_crossover",
        "stochastic_scalping",
        "rsi_macd_bollinger",
    }


@each_plugin
def test_its_entry_point_is_its_module(folder: Path) -> None:
    project = PROJECTS[folder]
    ((plugin, module),) = project["entry-points"]["trading_mcp"].items()
    assert module == f"trading_mcp_{plugin}"
    assert (folder / f"{module}.py").is_file()
    assert project["name"] == folder.name == f"trading-mcp-{plugin.replace('_', '-')}"
    assert project["dependencies"] == ["trading-mcp"]


@each_plugin
def test_once_installed_it_is_found(folder: Path) -> None:
    (plugin,) = PROJECTS[folder]["entry-points"]["trading_mcp"]
    if plugin not in {found.plugin for found in installed()}:
        pytest.skip(f"{folder.name} is not installed here: make test installs it")
    found = discover([plugin], prove=True)
    assert found.broken == {}
    assert [info.distribution for info in found.strategies.values()] == [folder.name]


@each_plugin
def test_its_readme_tells_its_parameters(folder: Path) -> None:
    cls = strategy_of(folder)
    rows = re.findall(r"^\| `(\w+)` \| `?(\w[\w.]*)`? \| (.+?) \|", read_me(folder), re.MULTILINE)
    properties = params_schema(cls.params_type)["properties"]
    assert {name for name, _, _ in rows} == properties.keys()
    for name, default, bounds in rows:
        field = properties[name]
        if name == "direction":
            assert (default, bounds) == ("both", "`long`, `short`, `both`")
        else:
            assert float(default) == field["default"]
            assert bounds == f"{field['minimum']:g} to {field['maximum']:g}"


@each_plugin
def test_its_readme_shows_settings_that_work(folder: Path) -> None:
    cls = strategy_of(folder)
    (shown,) = re.findall(r"^```toml\n(.*?)^```", read_me(folder), re.MULTILINE | re.DOTALL)
    strategies = tomllib.loads(shown)["strategies"]
    assert strategies["enabled"] == list(PROJECTS[folder]["entry-points"]["trading_mcp"])
    assert strategies["settings"].keys() == {cls.name}
    assert build_params(cls, strategies["settings"][cls.name]["params"]) == cls.params_type()


@each_strategy
def test_an_ordinary_signal_is_acted_on_as_the_risk_core_is_shipped(cls: type[Strategy]) -> None:
    signals = cls(cls.params_type()).signals(walk(5_000))
    entered = signals.strength[signals.enter_long | signals.enter_short]
    assert len(entered) > 50
    assert entered.min() >= 0.5
    assert np.ptp(entered) > 0.2


@each_strategy
def test_it_is_quick(cls: type[Strategy]) -> None:
    assert check_strategy(cls).milliseconds < 25


@each_strategy
@pytest.mark.parametrize("direction", ["long", "short"])
def test_one_direction_alone_enters_only_there(cls: type[Strategy], direction: str) -> None:
    params = msgspec.structs.replace(cls.params_type(), direction=direction)
    signals = cls(params).signals(walk(2_000))
    assert signals.enter_long.any() == (direction == "long")
    assert signals.enter_short.any() == (direction == "short")
    assert signals.exit_long.any()
    assert signals.exit_short.any()


@each_strategy
def test_after_a_long_halt_it_answers_as_the_whole_history_does(cls: type[Strategy]) -> None:
    market = walk(3_000)
    since_halt = np.maximum(np.arange(3_000) - 600, 0)
    moves = np.diff(np.log(market.close), prepend=0.0)
    close = np.exp(np.cumsum(np.where((since_halt > 800) | (since_halt == 0), moves, 0.0)))
    candles = Candles(market.time, close, close, close, close, market.volume)
    assert_live_is_like_later(cls, candles, range(1_380, 1_480))


@each_strategy
@pytest.mark.parametrize("market", MARKETS)
def test_on_a_real_market_it_answers_live_as_later(cls: type[Strategy], market: str) -> None:
    path = REAL / "market" / "ohlcv" / f"{market}.parquet"
    if not path.is_file():
        pytest.skip("real data is absent: set TRADING_MCP_REAL_DATA to its folder")
    assert_live_is_like_later(cls, candles_of(path), range(5_000, 40_000, 61))


def assert_live_is_like_later(cls: type[Strategy], candles: Candles, rows: range) -> None:
    strategy = cls(cls.params_type())
    window = max(ENGINE_WINDOW, strategy.warmup)
    later = strategy.signals(candles)
    validate(later, len(candles))
    for row in rows:
        live = strategy.signals(candles[row + 1 - window : row + 1])
        wishes = {name: bool(getattr(live, name)[-1]) for name in FLAGS}
        assert wishes == {name: bool(getattr(later, name)[row]) for name in FLAGS}, row
        assert live.strength[-1] == pytest.approx(later.strength[row], abs=1e-6)


def candles_of(path: Path) -> Candles:
    table = pl.read_parquet(path)
    prices = (table[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))
    return Candles(table["timestamp"].to_numpy(), *prices)


def read_me(folder: Path) -> str:
    return (folder / "README.md").read_text()
