"""A search from beginning to end: combinations chosen, sent out, taken in, and ranked."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Literal

import msgspec

from trading_mcp.backtest.honesty.attempts import Attempt
from trading_mcp.backtest.runs import exits_of
from trading_mcp.backtest.search.batches import Batch, Dataset, Done, Tried, try_batch
from trading_mcp.backtest.search.drawing import all_of, some_of
from trading_mcp.backtest.search.guiding import Guide
from trading_mcp.backtest.search.objectives import Objective, Scores, front
from trading_mcp.backtest.search.spaces import Combination, Space
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import Executor

Method = Literal["grid", "random", "tpe", "nsga2"]
METHODS: tuple[Method, ...] = ("grid", "random", "tpe", "nsga2")
DEFAULT_TRIALS = 100
ASKED_AT_ONCE = 16
"""By a guided search. Not by the number of workers, or another machine would find another best."""
SAMPLE = 8
"""Combinations in the first batches, whose time soon tells that of the others."""
_LEAST, _MOST = 8, 64
"""Combinations in a batch: enough to be worth the way, few enough to see progress."""
_EVERY_S = 0.2


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched, how, and for what; *trials* and *seed* mean nothing to a grid."""

    space: Space
    method: Method
    objectives: tuple[Objective, ...]
    terms: Terms
    max_candles: int = 0
    trials: int = DEFAULT_TRIALS
    seed: int = 0


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A combination and what came of it, with its scores."""

    tried: Tried
    scores: Scores


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a search is. *seconds_left* is None until a batch has been timed."""

    done: int
    of: int
    seconds_left: float | None
    best_score: float | None


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a search.

    *all* has every combination that was tried, in the order in which they were chosen; *best* is
    the first of those with the highest merit, and *front* those that none beats in everything, by
    their places in *all*. *refused* counts combinations of a grid that the strategy does not
    accept, *repeated* those that a guided search asked for again. *estimated* is what the sample
    said that all would take, in seconds.
    """

    all: tuple[Ranked, ...]
    best: int | None
    front: tuple[int, ...]
    refused: int
    repeated: int
    cancelled: bool
    estimated: float | None
    seconds: float

    @property
    def best_one(self) -> Ranked | None:
        """The best, if any has a score at all."""
        return None if self.best is None else self.all[self.best]


Note = Callable[[Progress], None]
Stop = Callable[[], bool]
"""Asked again and again: says whether the search is to end with what it has."""


def search(
    wanted: Search,
    dataset: Dataset,
    executor: Executor,
    note: Note = lambda progress: None,
    stop: Stop = lambda: False,
) -> Searched:
    """Search. The same search over the same data finds the same, wherever it is run.

    Raises:
        InvalidParameter: the space cannot be searched so, or has nothing in it.
    """
    run = _Run(wanted, dataset, executor, note, stop)
    match wanted.method:
        case "grid":
            chosen = all_of(wanted.space)
            refused = (wanted.space.size or 0) - len(chosen)
            run.all_at_once(chosen)
            return run.ended(refused=refused, repeated=0)
        case "random":
            run.all_at_once(some_of(wanted.space, wanted.trials, wanted.seed))
            return run.ended(refused=0, repeated=0)
        case "tpe" | "nsga2":
            refused, repeated = run.guided()
            return run.ended(refused=refused, repeated=repeated)


def attempts_of(found: Searched, space: Space, terms: Terms, max_candles: int = 0) -> list[Attempt]:
    """Return what was run, each as a run of it alone would be known."""
    attempts: list[Attempt] = []
    for ranked in found.all:
        params, metrics = space.params(ranked.tried.parameters), ranked.tried.metrics
        if params is not None and metrics is not None:
            held = msgspec.structs.replace(terms, exits=exits_of(params, max_candles))
            attempts.append((params, held, metrics.sharpe_ratio))
    return attempts


class _Run:
    """A search that is going on."""

    def __init__(
        self, wanted: Search, dataset: Dataset, executor: Executor, note: Note, stop: Stop
    ):
        self._wanted, self._dataset, self._executor = wanted, dataset, executor
        self._note, self._stop = note, stop
        self._began = time.perf_counter()
        self._found: dict[int, Ranked] = {}
        self._of = 0
        self._best: float | None = None
        self._each_s: float | None = None
        self._cancelled = False

    def all_at_once(self, chosen: Sequence[Combination]) -> None:
        if not chosen:
            raise InvalidParameter(
                "the strategy accepts none of these combinations", field="parameters"
            )
        self._of = len(chosen)
        self._send({place: chosen[place] for place in _together(chosen)})

    def guided(self) -> tuple[int, int]:
        wanted, known = self._wanted, dict[str, int]()
        guide = Guide(wanted.method, wanted.space, wanted.objectives, wanted.seed)
        self._of, asked, refused = wanted.trials, 0, 0
        while asked < wanted.trials and not self._stopped():
            trials = guide.ask(min(ASKED_AT_ONCE, wanted.trials - asked))
            fresh = {}
            for _, combination in trials:
                name = repr(combination)
                if name not in known and wanted.space.params(combination) is not None:
                    known[name] = len(known)
                    fresh[known[name]] = combination
            self._send(fresh)
            for trial, combination in trials:
                ranked = self._found.get(known.get(repr(combination), -1))
                guide.tell(trial, ranked.scores if ranked else None)
                refused += wanted.space.params(combination) is None
            asked += len(trials)
        return refused, asked - refused - len(known)

    def ended(self, *, refused: int, repeated: int) -> Searched:
        every = [self._found[place] for place in sorted(self._found)]
        merits = [self._merits(ranked.scores) for ranked in every]
        scored = [place for place, merit in enumerate(merits) if -float("inf") not in merit]
        best = max(scored, key=lambda place: merits[place][0], default=None)
        ahead = front([merits[place] for place in scored])
        return Searched(
            all=tuple(every),
            best=best,
            front=tuple(scored[place] for place in ahead),
            refused=refused,
            repeated=repeated,
            cancelled=self._cancelled,
            estimated=None if self._each_s is None else self._each_s * self._of,
            seconds=time.perf_counter() - self._began,
        )

    def _send(self, chosen: dict[int, Combination]) -> None:
        """Have combinations tried, and wait until all are, or the search is to end."""
        waiting: dict[Future[Done], list[int]] = {}
        shares = list(_shares(list(chosen), self._executor.workers))
        for places in shares:
            batch = Batch(
                dataset=self._dataset,
                strategy=self._wanted.space.strategy,
                terms=self._wanted.terms,
                max_candles=self._wanted.max_candles,
                combinations=tuple(chosen[place] for place in places),
            )
            waiting[self._executor.submit(try_batch, batch)] = places
        while waiting:
            if self._stopped():
                for future in waiting:
                    future.cancel()
                return
            done, _ = wait(waiting, timeout=_EVERY_S, return_when=FIRST_COMPLETED)
            for future in done:
                places, came = waiting.pop(future), future.result()
                self._time(came, min(len(shares), self._executor.workers))
                self._take(places, came.tried)

    def _time(self, done: Done, at_once: int) -> None:
        """Note the time of the first batch, of which so many went on *at_once*."""
        if self._each_s is None:
            self._each_s = done.seconds / len(done.tried) / at_once

    def _take(self, places: Iterable[int], found: Iterable[Tried]) -> None:
        for place, tried in zip(places, found, strict=True):
            metrics = tried.metrics
            scores = tuple(
                None if metrics is None else one.score(metrics) for one in self._wanted.objectives
            )
            self._found[place] = Ranked(tried=tried, scores=scores)
            self._keep_best(scores[0])
        self._tell()

    def _keep_best(self, score: float | None) -> None:
        merit = self._wanted.objectives[0].merit
        if score is not None and (self._best is None or merit(score) > merit(self._best)):
            self._best = score

    def _merits(self, scores: Scores) -> tuple[float, ...]:
        pairs = zip(self._wanted.objectives, scores, strict=True)
        return tuple(objective.merit(score) for objective, score in pairs)

    def _tell(self) -> None:
        left = self._of - len(self._found)
        seconds = None if self._each_s is None else self._each_s * left
        self._note(
            Progress(
                done=len(self._found), of=self._of, seconds_left=seconds, best_score=self._best
            )
        )

    def _stopped(self) -> bool:
        self._cancelled = self._cancelled or self._stop()
        return self._cancelled


def _together(chosen: Sequence[Combination]) -> list[int]:
    """Put combinations side by side that differ in exits alone: they have their signals in common.

    This is for speed. What is shared is decided where they are tried, by what was read.
    """
    exits = {"stop_loss_pct", "take_profit_pct", "trailing_stop_pct", "breakeven_pct"}

    def others(place: int) -> list[Any]:
        return [repr(value) for name, value in chosen[place].items() if name not in exits]

    return sorted(range(len(chosen)), key=others)


def _shares(places: list[int], workers: int) -> Iterator[list[int]]:
    """Yield what goes out together: at first a few for each worker, from places far apart, and what
    they leave at the end."""
    count = max(1, min(max(len(places) // (workers * 4), _LEAST), _MOST))
    shares = [places[start : start + count] for start in range(0, len(places), count)]
    yield from (share[:SAMPLE] for share in shares[:workers])
    yield from shares[workers:]
    yield from (share[SAMPLE:] for share in shares[:workers] if len(share) > SAMPLE)
