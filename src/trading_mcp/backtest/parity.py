"""The backtest's trades beside the engine's: what both must tell, and where they part."""

from collections.abc import Iterable, Iterator, Sequence
from math import isclose

import msgspec

from trading_mcp.backtest.kernel.layout import REASONS
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.domain.positions import Position

END = "end_of_data"
"""Why the backtest leaves what is held at the end, and the engine goes on holding it."""
_RELATIVE, _ABSOLUTE = 1e-9, 1e-7
_SUMS = ("pnl", "fees")


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as both sides must tell it; the times are the opens (UTC ms) of the candles in which
    it began and ended. Of one that is still held nothing is known of its end."""

    market: str
    side: int
    amount: float
    entry_at: int
    entry_price: float
    exit_at: int
    exit_price: float
    reason: str
    pnl: float
    fees: float

    @property
    def is_held(self) -> bool:
        """Whether it was held when the candles ended."""
        return self.reason == END

    @property
    def begun(self) -> "Trade":
        """What is known of it when it has begun."""
        return msgspec.structs.replace(
            self, exit_at=0, exit_price=0.0, reason=END, pnl=0.0, fees=0.0
        )


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of which the sides tell different things, or one of them nothing.

    *fields* names what differs: nothing where one side does not have the trade.
    """

    backtest: Trade | None
    engine: Trade | None
    fields: tuple[str, ...] = ()


def trades_of_run(outcome: Outcome) -> list[Trade]:
    """Return the backtest's trades, in the order in which they ended."""
    times = outcome.bars.time
    return [
        Trade(
            market=outcome.markets[trade.market],
            side=int(trade.side),
            amount=float(trade.amount),
            entry_at=int(times[trade.entry_row]),
            entry_price=float(trade.entry_price),
            exit_at=int(trade.exit_at),
            exit_price=float(trade.exit_price),
            reason=REASONS[trade.reason],
            pnl=float(trade.pnl),
            fees=float(trade.fees),
        )
        for trade in outcome.trades
    ]


def trades_of_engine(positions: Iterable[Position], interval: int) -> list[Trade]:
    """Return the engine's trades over candles of *interval* ms, in the order of *positions*."""
    return [_trade(position, interval) for position in positions]


def _trade(position: Position, interval: int) -> Trade:
    ended = position.closed_at
    return Trade(
        market=position.symbol,
        side=position.sign,
        amount=float(position.entered),
        entry_at=position.opened_at,
        entry_price=float(position.entry_price),
        exit_at=0 if ended is None else ended // interval * interval,
        exit_price=0.0 if ended is None else float(position.exit_price or 0),
        reason=END if ended is None else position.close_reason,
        pnl=float(position.realized_pnl),
        fees=float(position.fees),
    )


def differences(run: Sequence[Trade], played: Sequence[Trade]) -> Iterator[Difference]:
    """Yield where the backtest's trades are not the engine's, in the order of their entries.

    Times, sides, amounts, prices and reasons must be equal; sums of money, which the loop has in
    floats, to a billionth. What is held at the end need only have begun alike.
    """
    ours, theirs = _by_entry(run), _by_entry(played)
    for key in sorted(ours.keys() | theirs.keys(), key=lambda key: key[::-1]):
        ran, traded = ours.get(key), theirs.get(key)
        if ran is None or traded is None:
            yield Difference(backtest=ran, engine=traded)
        elif fields := tuple(_differing(ran, traded)):
            yield Difference(backtest=ran, engine=traded, fields=fields)


def _by_entry(trades: Sequence[Trade]) -> dict[tuple[str, int], Trade]:
    return {(trade.market, trade.entry_at): trade for trade in trades}


def _differing(ran: Trade, traded: Trade) -> Iterator[str]:
    if ran.is_held and traded.is_held:
        ran, traded = ran.begun, traded.begun
    for name in Trade.__struct_fields__:
        one, other = getattr(ran, name), getattr(traded, name)
        near = name in _SUMS and isclose(one, other, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
        if one != other and not near:
            yield name
