"""A data set laid out once, on which combinations are tried one after the other."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from trading_mcp.backtest.compiling import Loop, Many
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel.layout import ACCOUNT, TRADE, Memory, Wishes
from trading_mcp.backtest.merging import bars_of, finer_of, funding_of, places_of, wishes_of
from trading_mcp.backtest.metrics import Metrics, figures_of, ground_of, metrics_of
from trading_mcp.backtest.runs import Data, average_range, exits_of, needs_atr
from trading_mcp.backtest.search.readings import Read, signals_and_read
from trading_mcp.backtest.side_by_side import Ended, reach_of, run_all
from trading_mcp.backtest.simulation import Outcome, check, entries_of, memory_of, plan_of
from trading_mcp.backtest.terms import Exits, Terms
from trading_mcp.backtest.warmed import since
from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Signals
from trading_mcp.indicators.sharing import Shelf
from trading_mcp.strategy.base import Params, Strategy

MOST_KEPT_BYTES = 256 * 1024 * 1024
"""Of wishes, and of indicators, that may be asked for again; the oldest go first."""
_NO_EXITS = Exits()
_NO_WISHES = Wishes(*(np.empty(0, kind) for kind in ("i8", "i8", "f8", "f8")))
_ACCOUNT = ACCOUNT.names or ()
Asked = tuple[type[Strategy], int, bool]
"""Of whom, with how many candles to warm up, and whether the average true range is needed."""


class Bench:
    """Runs combinations over the same data; threads may share it.

    A run comes to what `runs.run_strategy` would come to, to the bit: it is the same loop on the
    same columns, only that columns are not worked out twice. Of the first *before* candles of each
    market as many warm a strategy up as it asks for, as in `warmed.run_warmed`. With *many*, what
    is asked for together is run together where that can be.
    """

    def __init__(self, data: Sequence[Data], loop: Loop, before: int = 0, many: Many | None = None):
        self._data, self._loop, self._before, self._many = tuple(data), loop, before, many
        self._bare = [since(_history(market, _never(market)), before) for market in self._data]
        check(self._bare)
        self._places = places_of(self._bare)
        self._bars = bars_of(self._bare, self._places)
        self._finer = finer_of(self._bare, self._places)
        self._funding = funding_of(self._bare, self._places)
        self._wishes = _Kept()
        self._reach = reach_of(self._bars)
        self._markets = tuple(market.market for market in self._data)
        alone = len(self._data) == 1
        self._times = self._bars.time if alone else np.unique(self._bars.time)
        self._shelf = Shelf(self._columns(), most_bytes=MOST_KEPT_BYTES)
        self._of_thread = threading.local()

    def try_all(
        self,
        strategy: type[Strategy],
        asked: Sequence[Params],
        terms: Terms,
        max_candles: int = 0,
    ) -> list[Metrics | Exception]:
        """Return what each of *asked* comes to, with exits of its own, or what it raised."""
        found: dict[int, Metrics | Exception] = {}
        together: dict[int, tuple[Wishes, list[int]]] = {}
        for place, params in enumerate(asked):
            try:
                wishes = self._wishes_for(strategy, params, needs_atr(terms))
            except Exception as error:  # a strategy may raise anything at all, and the others go on
                found[place] = error
            else:
                together.setdefault(id(wishes), (wishes, []))[1].append(place)
        for wishes, places in together.values():
            exits = [exits_of(asked[place], max_candles) for place in places]
            try:
                found.update(zip(places, self._figures(wishes, terms, exits), strict=True))
            except Exception as error:  # none of these, then, and the rest of the search goes on
                found.update(dict.fromkeys(places, error))
        return [found[place] for place in range(len(asked))]

    def _figures(self, wishes: Wishes, terms: Terms, exits: Sequence[Exits]) -> list[Metrics]:
        fresh = self._fresh(terms)
        if self._many is None or not self._may_leap(fresh):
            return [
                metrics_of(self._run(wishes, msgspec.structs.replace(terms, exits=one)))
                for one in exits
            ]
        ended = run_all(self._many, self._bars, wishes, self._reach, fresh, exits)
        return self._told(ended, terms)

    def _may_leap(self, fresh: Memory) -> bool:
        """Say whether there is nothing to look after between wishes and exits."""
        alone = len(self._data) == 1 and not len(self._finer.first) and not len(self._funding.row)
        return alone and not fresh.limits[0].watched

    def _told(self, ended: Ended, terms: Terms) -> list[Metrics]:
        ground = ground_of(self._outcome(terms, self._bars.close, None, {}))
        account = {name: ended.account[name] for name in _ACCOUNT}
        return figures_of(ground, account, account["wallet"], ended.daily_moments)

    def outcome(self, strategy: type[Strategy], params: Params, terms: Terms) -> Outcome:
        """Return the run of *params*; its equity is overwritten by this thread's next one.

        Raises:
            ValueError: the strategy answers rubbish. What it raises itself goes through.
        """
        return self._run(self._wishes_for(strategy, params, needs_atr(terms)), terms)

    def _run(self, wishes: Wishes, terms: Terms) -> Outcome:
        memory = self._memory(terms, wishes)
        moments = self._loop(self._bars, wishes, self._finer, self._funding, memory)
        record = memory.account[0]
        account = dict(zip(_ACCOUNT, record.tolist(), strict=True))
        trades = memory.trades[: int(record["closed"])]
        return self._outcome(terms, memory.equity[:moments], trades, account)

    def _outcome(
        self, terms: Terms, equity: Column, trades: Any, account: dict[str, float]
    ) -> Outcome:
        return Outcome(
            markets=self._markets,
            interval=self._data[0].interval,
            capital=terms.capital,
            bars=self._bars,
            time=self._times,
            equity=equity,
            trades=trades,
            account=account,
        )

    def _memory(self, terms: Terms, wishes: Wishes) -> Memory:
        """Return the records of a run: copies of those before, but for what exits change.

        To fill them field by field takes longer than many a run.
        """
        fresh = self._fresh(terms)
        return Memory(
            plan=plan_of(terms.exits),
            sizing=fresh.sizing,
            limits=fresh.limits,
            terms=fresh.terms,
            held=fresh.held.copy(),
            account=fresh.account.copy(),
            trades=np.empty(entries_of(wishes) + 1, TRADE).view(np.recarray),
            equity=fresh.equity,
        )

    def _fresh(self, terms: Terms) -> Memory:
        """Return the records of a run that is to begin, but for its exits: this thread's."""
        bare = msgspec.structs.replace(terms, exits=_NO_EXITS)
        kept: tuple[Terms, Memory] | None = getattr(self._of_thread, "memory", None)
        if kept is None or kept[0] != bare:
            equity = np.empty(len(self._bars.time))
            kept = bare, memory_of(self._bare, bare, self._bars, _NO_WISHES, equity)
            self._of_thread.memory = kept
        return kept[1]

    def _columns(self) -> Iterator[Column]:
        for market in self._data:
            candles = market.candles
            yield from (candles.open, candles.high, candles.low, candles.close, candles.volume)

    def _wishes_for(self, strategy: type[Strategy], params: Params, ranged: bool) -> Wishes:
        lead = min(self._before, strategy(params).warmup) if self._before else 0
        kept = self._wishes.found((strategy, lead, ranged), params)
        if kept is not None:
            return kept
        skipped = self._before - lead
        histories, read = [], set[str]()
        for market in self._data:
            candles = market.candles[skipped:]
            with self._shelf.in_use():
                signals, names = signals_and_read(strategy, params, candles)
                atr = average_range(candles) if ranged else None
            known = _history(msgspec.structs.replace(market, candles=candles), signals, atr)
            histories.append(since(known, lead))
            read |= set(names)
        wishes = wishes_of(histories, self._places)
        return self._wishes.keep((strategy, lead, ranged), params, read, wishes)


class _Kept:
    """Wishes by what was asked for, and what was read for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: dict[Asked, set[Read]] = {}
        self._wishes: dict[tuple[Asked, Read, tuple[Any, ...]], Wishes] = {}
        self._bytes = 0

    def found(self, asked: Asked, params: Params) -> Wishes | None:
        with self._lock:
            for read in self._reads.get(asked, ()):
                wishes = self._wishes.get((asked, read, _values(params, read)))
                if wishes is not None:
                    return wishes
        return None

    def keep(self, asked: Asked, params: Params, names: set[str], wishes: Wishes) -> Wishes:
        read = tuple(name for name in params.__struct_fields__ if name in names)
        key = asked, read, _values(params, read)
        with self._lock:
            if key in self._wishes:
                return self._wishes[key]
            self._reads.setdefault(asked, set()).add(read)
            self._wishes[key] = wishes
            self._bytes += _size(wishes)
            while self._bytes > MOST_KEPT_BYTES and len(self._wishes) > 1:
                self._bytes -= _size(self._wishes.pop(next(iter(self._wishes))))
        return wishes


def _values(params: Params, read: Read) -> tuple[Any, ...]:
    # By their looks too: 1, 1.0 and True are equal, and need not be the same to a strategy.
    values = (getattr(params, name) for name in read)
    return tuple((type(value), repr(value)) for value in values)


def _size(wishes: Wishes) -> int:
    return sum(column.nbytes for column in wishes)


def _history(market: Data, signals: Signals, atr: Column | None = None) -> History:
    return History(
        market=market.market,
        interval=market.interval,
        candles=market.candles,
        signals=signals,
        ground=market.ground,
        finer=market.finer,
        settlements=market.settlements,
        atr=atr,
    )


def _never(market: Data) -> Signals:
    none = np.zeros(len(market.candles), dtype=np.bool_)
    return Signals(none, none, none, none, np.zeros(len(none)))
