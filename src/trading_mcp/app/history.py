"""The candle store, and exchanges that are asked for their past: opened for commands."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.config import NAME, Config
from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import PERPETUAL_SUFFIX
from trading_mcp.ports import CandleArchive, Clock, PastCandles
from trading_mcp.services.history.importing import impossible

_NO_PAUSE_S = 0.0


def candle_archive(config: Config) -> CandleArchive:
    """Open the candle store, whether or not a server runs on it."""
    from trading_mcp.adapters.parquet.archive import ParquetCandleArchive

    return ParquetCandleArchive(Path(config.storage.data_dir) / "candles")


def system_clock() -> Clock:
    """Return the clock that history goes by."""
    return SystemClock()


@contextlib.asynccontextmanager
async def past_candles(
    config: Config, exchange: str, symbol: str, clock: Clock
) -> AsyncIterator[PastCandles]:
    """Open *exchange* for questions about the past of *symbol*; it needs no section and no keys.

    Raises InvalidParameter: there is no such exchange.
    """
    if exchange == "sim":
        yield _simulated(config, clock)
        return
    from trading_mcp.adapters.ccxt.past import CcxtPast

    try:
        past = CcxtPast(exchange, _settings(config, exchange, symbol), clock=clock)
    except ValueError as error:
        raise InvalidParameter(
            f"--exchange: {error}; name a section of [exchanges], or an exchange as ccxt calls it"
        ) from None
    try:
        yield past
    finally:
        await past.close()


def _settings(config: Config, exchange: str, symbol: str) -> ExchangeSettings:
    if not NAME.fullmatch(exchange):
        raise InvalidParameter(
            f"--exchange: expected a name of small letters, digits and _, got {exchange[:40]!r}"
        )
    settings = config.exchanges.real.get(exchange, ExchangeSettings())
    quote = symbol.removesuffix(PERPETUAL_SUFFIX).partition("-")[2]
    # What is traded is a choice; what can be looked at is not.
    return msgspec.structs.replace(settings, market_types=("spot", "perpetual"), quotes=(quote,))


def _simulated(config: Config, clock: Clock) -> PastCandles:
    from trading_mcp.adapters.simulated.feed import SimulatedMarketData
    from trading_mcp.adapters.simulated.market import SeededMarket
    from trading_mcp.adapters.simulated.mishaps import Mishaps

    settings = config.exchanges.sim
    return SimulatedMarketData(
        SeededMarket(settings.seed),
        clock,
        interval_seconds=_NO_PAUSE_S,
        mishaps=Mishaps(settings.faults),
        on_advance=_nobody_trades,
    )


async def _nobody_trades(at: int) -> None:
    """Its past can be asked for without the exchange going on."""


def candles_from(
    path: Path, interval: str, *, columns: Mapping[str, str], times: Any, now: int
) -> Candles:
    """Read the candles of a file. Raises InvalidParameter, which names its bad rows."""
    from trading_mcp.adapters.candle_files.reading import SHOWN, Source, read_candles, refused

    rows = read_candles(Source(path=path, columns=columns, times=times), now)
    if bad := impossible(rows.candles, interval, now):
        named = [f"{rows.row(row)} {what}" for row, what in bad[:SHOWN]]
        raise refused(path, len(bad), named)
    return rows.candles
