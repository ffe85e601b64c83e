"""Backtests: what is asked for, how far one is, and what came of it."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.common import Cursor, Exchange, Id, Interval, Mutation, Pair

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Date = Annotated[str, Meta(min_length=4, max_length=40)]
PAGE = 20
MOST = 1000
Rows = Annotated[int, Meta(ge=1, le=MOST)]


class RunBacktest(Request, frozen=True, kw_only=True):
    """A strategy over the candles that opened from *start_date* on and before *end_date*.

    *config* changes parameters of the strategy, *risk* some of the account's limits, both for this
    run alone. *size_percent* of the equity is the margin of an entry; left out, sizes follow the
    risk per trade, as they do live. Fees are the market's own unless *fee_percent* is given.
    *wait_seconds*: how long to wait for the end before an answer says that it runs.
    """

    unlisted: ClassVar = (
        "wait_seconds",
        "limit",
        "risk",
        "size_percent",
        "fee_percent",
        "slippage_percent",
    )
    """What agents are not told of: they seldom need it."""

    exchange: Exchange = None
    symbol: Pair
    strategy: Id
    start_date: Date
    end_date: Date
    interval: Interval | None = None
    initial_capital: Annotated[float, Meta(ge=1, le=1e12)] = 10_000.0
    config: Annotated[dict[str, Any] | None, Meta(description="strategy parameters")] = None
    risk: dict[str, Any] | None = None
    size_percent: Annotated[float, Meta(ge=0.01, le=100)] | None = None
    fee_percent: Annotated[float, Meta(ge=0, le=10)] | None = None
    slippage_percent: Annotated[float, Meta(ge=0, le=10)] = 0.05
    wait_seconds: Annotated[float, Meta(ge=0, le=55)] = 25.0
    limit: Annotated[Rows | None, Meta(description="trades told, 20")] = None
    cursor: Cursor | None = None


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was opened and left. *size* is in base, *pnl* in quote after all costs,
    *pnl_pct* in percent of the notional; times are of the candles' opens."""

    symbol: str
    side: Literal["long", "short"]
    size: float
    entry_time: str
    entry_price: float
    exit_time: str
    exit_price: float
    reason: str
    pnl: float
    pnl_pct: float
    fees: float
    funding: float
    candles: int


class EquityPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The account's equity at a candle's close, and what buying and holding had come to."""

    timestamp: str
    equity: float
    buy_and_hold: float


class BacktestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A run. Its figures are there once it is completed.

    Money in quote, percent is percent; null: no value, as a profit factor without a loss. *metrics*
    has all figures, *trades* the first of them (as in `BacktestResult`), *next_cursor* asks for
    more, and *warnings* tell what the figures leave out. *findings* speak against the result.
    *progress* is 0 to 1.
    """

    unlisted: ClassVar = (
        "progress",
        "winning_trades",
        "losing_trades",
        "avg_win",
        "avg_loss",
        "win_rate",
        "total_pnl",
        "profit_factor",
        "max_drawdown",
    )
    """What agents find in `message` and `metrics` too."""

    id: str
    status: Status
    message: str
    progress: float
    total_trades: int | UnsetType = UNSET
    winning_trades: int | UnsetType = UNSET
    losing_trades: int | UnsetType = UNSET
    win_rate: float | UnsetType = UNSET
    total_pnl: float | UnsetType = UNSET
    avg_win: float | UnsetType = UNSET
    avg_loss: float | UnsetType = UNSET
    profit_factor: float | UnsetType | None = UNSET
    sharpe_ratio: float | UnsetType | None = UNSET
    max_drawdown: float | UnsetType = UNSET
    max_drawdown_pct: float | UnsetType = UNSET
    metrics: dict[str, Any] | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
    findings: list[dict[str, Any]] | UnsetType = UNSET
    trades: list[dict[str, Any]] | UnsetType = UNSET
    next_cursor: str | None = None


HEADLINE = (
    "total_trades",
    "winning_trades",
    "losing_trades",
    "win_rate",
    "total_pnl",
    "avg_win",
    "avg_loss",
    "profit_factor",
    "sharpe_ratio",
    "max_drawdown",
    "max_drawdown_pct",
)
"""The figures that the reference names."""


class OfBacktest(Request, frozen=True, kw_only=True):
    """One run, and a page of its trades."""

    backtest_id: Id
    limit: Rows = MOST
    cursor: Cursor | None = None


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """A run with everything that is kept of it.

    *inputs* are all that decides what comes out: the same inputs give the same *result_hash*.
    *pairs*, *months* and *reasons* break the figures down; *seconds* is what each part took.
    *honesty* has how often these candles were tried, findings, and what luck explains.
    *error* and *code* say why it failed.
    """

    id: str
    status: Status
    progress: float
    doing: str
    created_at: str
    error: str
    code: str
    inputs: dict[str, Any]
    metrics: dict[str, Any]
    warnings: list[str]
    pairs: list[dict[str, Any]]
    months: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    seconds: dict[str, float]
    result_hash: str
    honesty: dict[str, Any]
    trades: list[TradeRow]
    next_cursor: str | None
    equity_curve: list[EquityPoint]


class BacktestListRequest(Request, frozen=True, kw_only=True):
    """Runs, the newest first."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class BacktestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list; figures are null unless it is completed."""

    id: str
    status: Status
    created_at: str
    exchange: str
    symbol: str
    strategy: str
    interval: str
    start_date: str
    end_date: str
    total_trades: int | None
    total_pnl: float | None
    sharpe_ratio: float | None
    max_drawdown_pct: float | None


class Backtests(msgspec.Struct, frozen=True, kw_only=True):
    """Runs; *next_cursor* asks for older ones."""

    backtests: list[BacktestRow]
    count: int
    next_cursor: str | None


class CancelBacktest(Mutation, frozen=True, kw_only=True):
    """Which run to end."""

    backtest_id: Id
