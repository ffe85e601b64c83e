"""Pairs beside one another: how much their prices move together."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import Market
from trading_mcp.engine.session import Session
from trading_mcp.services.lookup import (
    closed_candles,
    market_named,
    must_be_interval,
    provenance_of_all,
)
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.pairs import CorrelationAnswer, CorrelationRequest

if TYPE_CHECKING:
    import polars as pl

FEWEST, MOST = 2, 20
FEWEST_SAMPLES = 10
_DIGITS = 6
_STILL = 1e-12
"""Returns that spread no further than this differ by rounding alone."""
Matrix = dict[str, dict[str, float | None]]


class PairService:
    """What may be asked about several pairs at once."""

    def __init__(self, session: Session):
        self._session = session

    @operation("analysis", rest_only="the reference names no tool for it")
    async def get_correlation(
        self, request: CorrelationRequest, caller: Caller
    ) -> CorrelationAnswer:
        """Return how much pairs move together: for each two, Pearson's correlation of the log
        returns of their candles, from -1 (against one another) over 0 (unrelated) to 1."""
        session, length = self._session, must_be_interval(request.interval)
        exchange = session.exchange(request.exchange).name
        markets = self._markets(exchange, request.pairs)
        # One more than asked for: a return lies between two candles.
        wanted = request.window + 1
        found = await asyncio.gather(
            *(closed_candles(session, market, request.interval, wanted) for market in markets)
        )
        candles = {m.symbol: rows for m, rows in zip(markets, found, strict=True)}
        # Polars takes a while to load, and the first time is as good as any.
        matrix, times = await asyncio.to_thread(correlations, candles, length)
        return CorrelationAnswer(
            **provenance_of_all(session, exchange, times[-1] + length),
            matrix=matrix,
            interval=request.interval,
            window=request.window,
            samples=len(times),
        )

    def _markets(self, exchange: str, pairs: Sequence[str] | None) -> list[Market]:
        if pairs is None:
            traded = [self._session.core.markets[key] for key in self._session.state.pairs]
            markets = [market for market in traded if market.exchange == exchange]
        else:
            markets = [market_named(self._session, exchange, pair) for pair in pairs]
        symbols = [market.symbol for market in markets]
        if len(set(symbols)) < len(symbols) or not FEWEST <= len(symbols) <= MOST:
            raise InvalidParameter(
                f"pairs: {FEWEST} to {MOST} different pairs are needed, got "
                f"{', '.join(symbols) or 'none'}",
                field="pairs",
                found=symbols,
            )
        return markets


def correlations(candles: Mapping[str, Candles], length: int) -> tuple[Matrix, list[int]]:
    """Return each pair's correlation with each other pair, and the candles it is made of.

    Of pairs *a* and *b* with log returns r = ln(close / close before), it is Pearson's
    cov(r_a, r_b) / (s_a s_b), over the candles (opening times, UTC ms) at which every pair has a
    return. *length* is a candle's, in milliseconds: a candle whose predecessor is missing has no
    return, so that a gap in one pair leaves those candles out of all and shifts nothing. None
    stands for a pair whose price did not move.

    Raises:
        InvalidParameter: fewer than ten such candles.
    """
    joined = _joined([_returns(rows, length, str(n)) for n, rows in enumerate(candles.values())])
    if len(joined) < FEWEST_SAMPLES:
        counts = ", ".join(f"{name} {len(rows)}" for name, rows in candles.items())
        raise InvalidParameter(
            f"window: only {len(joined)} candles follow upon another in all of these pairs, and "
            f"{FEWEST_SAMPLES} are needed; found: {counts}",
            hint="Ask for a larger window, a shorter interval, or other pairs.",
            field="window",
            found=len(joined),
            expected=FEWEST_SAMPLES,
        )
    return _matrix(list(candles), joined), joined["time"].to_list()


def _returns(candles: Candles, length: int, name: str) -> "pl.DataFrame":
    """Return a frame of *time* and, called *name*, the log return of each candle that has one."""
    import polars as pl  # heavy: not before it is needed

    time, close = pl.col("time"), pl.col("close")
    frame = pl.DataFrame({"time": candles.time, "close": candles.close})
    follows = (time - time.shift(1) == length) & (close > 0) & (close.shift(1) > 0)
    gain = (close / close.shift(1)).log().alias(name)
    return (
        frame.filter(close.is_finite())
        .select(time, pl.when(follows).then(gain).otherwise(None).alias(name))
        .drop_nulls()
    )


def _joined(frames: "Sequence[pl.DataFrame]") -> "pl.DataFrame":
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on="time", how="inner")
    return joined.sort("time")


def _matrix(names: Sequence[str], returns: "pl.DataFrame") -> Matrix:
    import polars as pl

    pairs = list(combinations(range(len(names)), 2))
    found = returns.select(pl.corr(str(a), str(b)).alias(f"{a}/{b}") for a, b in pairs).row(0)
    spreads = returns.select(pl.col(str(n)).std() for n in range(len(names))).row(0)
    matrix: Matrix = {name: {} for name in names}
    for (a, b), value in zip(pairs, found, strict=True):
        moved = spreads[a] > _STILL and spreads[b] > _STILL
        # Rounded, which also takes off the last digit beyond 1 that sums of squares may leave.
        told = round(value, _DIGITS) if moved else None
        matrix[names[a]][names[b]] = matrix[names[b]][names[a]] = told
    return matrix
