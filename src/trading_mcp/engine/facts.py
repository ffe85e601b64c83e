"""Facts that listeners hear of but the journal does not keep."""

import msgspec


class PositionMarked(msgspec.Struct, frozen=True, kw_only=True):
    """An open position at a new price. *unrealized_pnl* in quote; *at* is UTC ms."""

    position_id: str
    symbol: str
    unrealized_pnl: float
    current_price: float
    at: int


class MetricsMeasured(msgspec.Struct, frozen=True, kw_only=True):
    """The results at one moment. Money in quote, win rate in percent; *at* is UTC ms."""

    total_pnl: float
    daily_pnl: float
    win_rate: float
    active_positions: int
    at: int
