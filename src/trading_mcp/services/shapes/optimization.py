"""Searches for parameters: what is asked for, how far one is, and what came of it."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, field

from trading_mcp.services.operations import Request
from trading_mcp.services.shapes.backtests import Date, Status
from trading_mcp.services.shapes.common import Cursor, Exchange, Id, Interval, Mutation, Pair

OptimizationMethod = Literal["grid_search", "random_search", "tpe", "nsga2"]
PAGE = 20
MOST = 1000
Rows = Annotated[int, Meta(ge=1, le=MOST)]


class OptimizeParameters(Request, frozen=True, kw_only=True):
    """Which parameters of a strategy are searched, over which candles, and for what.

    *parameters* has a list of values for each, or an object with min, max and step. *objective* is
    a figure of a backtest, such as sharpe_ratio, or fees:min where less is better; nsga2 takes up
    to three, with commas between. *trials* and *seed* mean nothing to a grid. *config* fixes other
    parameters. The rest is as in `RunBacktest`, whose run of the best parameters over the same
    candles comes to the same. Without *end_date* the candles end now, without *start_date* 30 days
    before that. *walk_forward*: that many searches on one part of the time, each tested on the
    next; *anchored*: each begins at the beginning. *wait_seconds*: how long to wait before an
    answer says that it runs.
    """

    unlisted: ClassVar = (
        "seed",
        "anchored",
        "config",
        "initial_capital",
        "risk",
        "size_percent",
        "fee_percent",
        "slippage_percent",
        "wait_seconds",
    )
    """What agents are not told of: they seldom need it."""

    exchange: Exchange = None
    symbol: Pair
    strategy: Id
    parameters: Annotated[dict[str, Any], Meta(description="lists, or {min,max,step}")]
    optimization_method: OptimizationMethod = "grid_search"
    objective: Annotated[str, Meta(min_length=1, max_length=200)] = "sharpe_ratio"
    trials: Annotated[int, Meta(ge=1, le=10_000)] = 100
    walk_forward: Annotated[int, Meta(ge=1, le=100)] | None = None
    anchored: bool = False
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    start_date: Date | None = None
    end_date: Date | None = None
    interval: Interval | None = None
    config: dict[str, Any] = field(default_factory=dict)
    initial_capital: Annotated[float, Meta(ge=1, le=1e12)] = 10_000.0
    risk: dict[str, Any] | None = None
    size_percent: Annotated[float, Meta(ge=0.01, le=100)] | None = None
    fee_percent: Annotated[float, Meta(ge=0, le=10)] | None = None
    slippage_percent: Annotated[float, Meta(ge=0, le=10)] = 0.05
    wait_seconds: Annotated[float, Meta(ge=0, le=55)] = 25.0


class FoldRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found in [*searched_from*, *tested_from*), and what that came to until
    *tested_until*; *tried* combinations were to choose from."""

    searched_from: str
    tested_from: str
    tested_until: str
    tried: int
    parameters: dict[str, Any]
    searched_sharpe: float | None
    sharpe_ratio: float | None
    total_return_pct: float
    max_drawdown_pct: float
    total_trades: int


class OutOfSample(msgspec.Struct, frozen=True, kw_only=True):
    """A walk-forward. *metrics* are those of all its tests as one run: no search had seen them.

    *kept* is what is left in them of *searched_sharpe*, the searches' mean Sharpe ratio; null: that
    was not above 0.
    """

    tests: int
    anchored: bool
    metrics: dict[str, Any]
    searched_sharpe: float | None
    kept: float | None
    folds: list[FoldRow]


class OptimizationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A search. What it found is there once it is completed.

    *out_of_sample*: what a walk-forward came to, and so what to believe; null without one.
    *estimated_time* is what all of it takes, such as 5m, measured from a sample; "" until that is
    known. *best_parameters* are those with the best *best_score* (null: none has a score), and
    *all_results* the best of all combinations, each with parameters, scores, trades and metrics.
    *warnings* and *findings* are of the best; the latter speak against it. *progress* is 0 to 1.
    """

    unlisted: ClassVar = ("progress", "estimated_time", "warnings", "findings")
    """What agents find in `message`, or seldom need."""

    optimization_id: str
    status: Status
    message: str
    estimated_time: str
    progress: float
    out_of_sample: OutOfSample | None = None
    best_parameters: dict[str, Any] = field(default_factory=dict)
    best_score: float | None = None
    warnings: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    all_results: list[dict[str, Any]] = field(default_factory=list)


class OfOptimization(Request, frozen=True, kw_only=True):
    """One search, and a page of its results."""

    optimization_id: Id
    limit: Rows = MOST
    cursor: Cursor | None = None


class CombinationResult(msgspec.Struct, frozen=True, kw_only=True):
    """A combination and what it came to; without metrics *error* says why.

    *scores* has one for each objective, null where the run has no such figure.
    """

    parameters: dict[str, Any]
    scores: list[float | None]
    total_trades: int | None
    metrics: dict[str, Any]
    error: str


class OptimizationResult(msgspec.Struct, frozen=True, kw_only=True):
    """A search with all that is kept of it.

    *out_of_sample* is what a walk-forward came to, null without one. *best_run* is the id of a
    backtest: the run of the best parameters, with its trades and all that speaks against it
    (*findings*); "" where none has a score. *warnings* are that run's, and say why there is no
    test out of sample, though one was asked for.
    *all_results* are in the order of the first score, best first; *next_cursor* asks for more.
    *front* has the combinations that none beats in every objective. *summary* counts combinations
    that were tried, refused by the strategy, asked for again, and that failed, and those that were
    ever tried on these candles, and has the *plateau* around the best; *inputs* are all that
    decides what comes out. *error* and *code* say why the search failed.
    """

    optimization_id: str
    status: Status
    progress: float
    doing: str
    estimated_time: str
    created_at: str
    error: str
    code: str
    inputs: dict[str, Any]
    out_of_sample: OutOfSample | None
    best_parameters: dict[str, Any]
    best_score: float | None
    best_run: str
    warnings: list[str]
    findings: list[dict[str, Any]]
    front: list[dict[str, Any]]
    summary: dict[str, Any]
    all_results: list[CombinationResult]
    next_cursor: str | None


class CancelOptimization(Mutation, frozen=True, kw_only=True):
    """Which search to end."""

    optimization_id: Id
