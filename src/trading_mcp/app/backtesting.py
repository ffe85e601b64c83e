"""What a backtest runs over, found for commands: in a file, in the store, or simulated."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from trading_mcp.backtest.histories import Settlements, misfit
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.soundness import (
    Flawed,
    GapFilling,
    flaws_of,
    interval_of,
    mended,
    repaired,
)
from trading_mcp.backtest.terms import Ground, ground_of
from trading_mcp.config import Config
from trading_mcp.domain.candles import Candles, interval_ms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import PERPETUAL_SUFFIX
from trading_mcp.ports import Clock
from trading_mcp.strategy.base import Strategy

SIMULATED = "sim"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The time that is asked for, [*since*, *until*) in UTC ms (None: all there is), the interval
    (None: what the file has), and what to do about candles that are missing or wrong (None: refuse
    them)."""

    since: int | None = None
    until: int | None = None
    interval: str | None = None
    gaps: GapFilling | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to run over, its interval, and what was wrong with it and has been repaired."""

    data: tuple[Data, ...]
    interval: str
    repairs: dict[str, tuple[Flawed, ...]]


def compile_folder(config: Config) -> Path:
    """Return where the compiled loop is kept: in the data directory, if there is one yet."""
    directory = Path(config.storage.data_dir)
    if directory.is_dir():
        return directory / "compiled"
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "trading-mcp" / "compiled"


def strategy_class(config: Config, name: str) -> type[Strategy]:
    """Return the strategy called *name*: of an enabled plugin, or else of any installed one."""
    from trading_mcp.strategy.loader import discover, installed

    catalogue = discover(config.strategies.enabled)
    if name not in catalogue.strategies:
        catalogue = discover(plugin.plugin for plugin in installed())
    if name not in catalogue.strategies:
        broken = "".join(f"; {plugin}: {why}" for plugin, why in catalogue.broken.items())
        known = ", ".join(sorted(catalogue.strategies)) or "none"
        raise InvalidParameter(
            f"--strategy: {name[:60]!r} is not installed; known: {known}{broken}"
        )
    return catalogue.strategies[name].cls


def from_file(
    path: Path,
    wanted: Wanted,
    *,
    name: str,
    ground: Ground,
    finer: Path | None,
    funding: Path | None,
) -> Found:
    """Read candles from a file. Raises InvalidParameter, which tells all that is wrong with it."""
    from trading_mcp.adapters.parquet.given import read_candles, read_rates

    candles = read_candles(path)
    interval = _interval_of(path, candles, wanted.interval)
    candles, repairs = _sound(f"{path}", candles, interval, wanted)
    smaller = _finer(finer, candles, interval, wanted) if finer else None
    settlements = Settlements(*read_rates(funding)) if funding else None
    data = Data(
        market=name,
        interval=interval_ms(interval),
        candles=candles,
        ground=ground,
        finer=smaller,
        settlements=settlements,
    )
    return Found(data=(data,), interval=interval, repairs={name: repairs} if repairs else {})


def _interval_of(path: Path, candles: Candles, asked: str | None) -> str:
    """Return the interval that a file has, which must be the one that is *asked* for."""
    if asked is not None and len(candles) == 1:
        return asked
    try:
        interval = interval_of(candles.time)
    except ValueError as error:
        raise InvalidParameter(f"{path}: {error}") from None
    if asked not in (None, interval):
        raise InvalidParameter(f"--interval {asked}: {path} holds {interval} candles")
    return interval


def from_exchange(
    config: Config,
    exchange: str,
    symbols: Sequence[str],
    wanted: Wanted,
    clock: Clock,
    *,
    ground: Ground,
) -> Found:
    """Read candles of several markets: from the store, or made by the simulated exchange.

    *ground* is what stored markets are like, of which the store knows nothing but the name.
    """
    if wanted.interval is None:
        raise InvalidParameter("--interval: expected one, such as 1m, with --exchange")
    repairs, data = {}, []
    for symbol in symbols:
        if exchange == SIMULATED:
            market = _simulated(config, symbol, wanted, clock)
        else:
            market = _stored(config, exchange, symbol, wanted, clock, ground)
        candles, found = _sound(f"{exchange} {symbol}", market.candles, wanted.interval, wanted)
        data.append(msgspec.structs.replace(market, candles=candles))
        if found:
            repairs[symbol] = found
    return Found(data=tuple(data), interval=wanted.interval, repairs=repairs)


def _simulated(config: Config, symbol: str, wanted: Wanted, clock: Clock) -> Data:
    from trading_mcp.adapters.simulated.lines import FUNDING_MS
    from trading_mcp.adapters.simulated.market import SeededMarket

    made, interval = SeededMarket(config.exchanges.sim.seed), wanted.interval or ""
    step = interval_ms(interval)
    end = min(clock.now() // step * step, wanted.until or clock.now())
    start = end - 100_000 * step if wanted.since is None else wanted.since
    try:
        market = made.market(symbol)
    except ValueError as error:
        raise InvalidParameter(f"--pair: {error}") from None
    times = np.arange(-(-start // FUNDING_MS), -(-end // FUNDING_MS)) * FUNDING_MS
    rates = np.array([made.funding_rate(symbol, int(at)) for at in times])
    return Data(
        market=symbol,
        interval=step,
        candles=made.candles(symbol, interval, -(-start // step) * step, end),
        ground=ground_of(market),
        settlements=Settlements(times, rates) if market.can_short else None,
    )


def _stored(
    config: Config, exchange: str, symbol: str, wanted: Wanted, clock: Clock, ground: Ground
) -> Data:
    from trading_mcp.app.history import candle_archive

    archive, interval = candle_archive(config), wanted.interval or ""
    start, end = wanted.since or 0, wanted.until or clock.now()
    is_perpetual = symbol.endswith(PERPETUAL_SUFFIX)
    try:
        candles = asyncio.run(archive.read(exchange, symbol, interval, start=start, end=end))
    except ValueError as error:
        raise InvalidParameter(str(error)) from None
    return Data(
        market=symbol,
        interval=interval_ms(interval),
        candles=candles,
        ground=msgspec.structs.replace(ground, can_short=is_perpetual, is_margined=is_perpetual),
    )


def _sound(
    where: str, candles: Candles, interval: str, wanted: Wanted
) -> tuple[Candles, tuple[Flawed, ...]]:
    step = interval_ms(interval)
    asked = _within(candles, wanted)
    if not len(asked):
        raise InvalidParameter(f"{where}: there are no {interval} candles in the time asked for")
    found = tuple(flaws_of(asked, step))
    if not found:
        return asked, ()
    if wanted.gaps is None:
        told = "\n  ".join(map(str, found))
        raise InvalidParameter(
            f"{where}: these candles can't be run over as they are:\n  {told}\n"
            "--fill-gaps=skip puts candles in order, takes the last of one time, leaves out what "
            "cannot be, and goes on after a gap; --fill-gaps=flat moreover puts candles at the "
            "last close, without volume, into the gaps"
        )
    sound = repaired(asked, step, wanted.gaps)
    if not len(sound):
        raise InvalidParameter(f"{where}: no candle is left that could be run over")
    return sound, mended(found, wanted.gaps)


def _within(candles: Candles, wanted: Wanted) -> Candles:
    if wanted.since is None and wanted.until is None:
        return candles
    late = candles.time >= (wanted.since or 0)
    early = candles.time < wanted.until if wanted.until is not None else True
    return candles[late & early]


def _finer(path: Path, candles: Candles, interval: str, wanted: Wanted) -> Candles:
    from trading_mcp.adapters.parquet.given import read_candles

    smaller = read_candles(path)
    try:
        step = interval_of(smaller.time)
    except ValueError as error:
        raise InvalidParameter(f"{path}: {error}") from None
    if interval_ms(step) >= interval_ms(interval):
        raise InvalidParameter(f"{path}: {step} candles are not finer than {interval} ones")
    sound, _ = _sound(f"{path}", smaller, step, wanted)
    if why := misfit(candles, sound, interval_ms(interval)):
        raise InvalidParameter(f"{path}: {why}")
    return sound
