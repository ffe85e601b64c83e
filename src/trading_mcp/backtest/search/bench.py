"""A data set laid out once, on which combinations are tried one after the other."""

import threading
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.histories import History
from trading_mcp.backtest.kernel.layout import ACCOUNT, TRADE, Memory, Wishes
from trading_mcp.backtest.merging import bars_of, finer_of, funding_of, places_of, wishes_of
from trading_mcp.backtest.metrics import Metrics, metrics_of
from trading_mcp.backtest.runs import Data, average_range, needs_atr
from trading_mcp.backtest.search.readings import Read, signals_and_read
from trading_mcp.backtest.simulation import Outcome, check, entries_of, memory_of, plan_of
from trading_mcp.backtest.terms import Exits, Terms
from trading_mcp.backtest.warmed import since
from trading_mcp.domain.candles import Column
from trading_mcp.domain.signals import Signals
from trading_mcp.strategy.base import Params, Strategy

MOST_KEPT_BYTES = 256 * 1024 * 1024
"""Of wishes that may be asked for again; the oldest go first."""
_NO_EXITS = Exits()
_ACCOUNT = ACCOUNT.names or ()
Asked = tuple[type[Strategy], int, bool]
"""Of whom, with how many candles to warm up, and whether the average true range is needed."""


class Bench:
    """Runs combinations over the same data; threads may share it.

    A run comes to what `runs.run_strategy` would come to, to the bit: it is the same loop on the
    same columns, only that columns are not worked out twice. Of the first *before* candles of each
    market as many warm a strategy up as it asks for, as in `warmed.run_warmed`.
    """

    def __init__(self, data: Sequence[Data], loop: Loop, before: int = 0):
        self._data, self._loop, self._before = tuple(data), loop, before
        self._bare = [since(_history(market, _never(market)), before) for market in self._data]
        check(self._bare)
        self._places = places_of(self._bare)
        self._bars = bars_of(self._bare, self._places)
        self._finer = finer_of(self._bare, self._places)
        self._funding = funding_of(self._bare, self._places)
        self._wishes = _Kept()
        self._markets = tuple(market.market for market in self._data)
        alone = len(self._data) == 1
        self._times = self._bars.time if alone else np.unique(self._bars.time)
        self._of_thread = threading.local()

    def try_params(self, strategy: type[Strategy], params: Params, terms: Terms) -> Metrics:
        """Return what *params* come to.

        Raises:
            ValueError: the strategy answers rubbish. What it raises itself goes through.
        """
        return metrics_of(self.outcome(strategy, params, terms))

    def outcome(self, strategy: type[Strategy], params: Params, terms: Terms) -> Outcome:
        """Return the run of *params*; its equity is overwritten by this thread's next one."""
        wishes = self._wishes_of(strategy, params, needs_atr(terms))
        memory = self._memory(terms, wishes)
        moments = self._loop(self._bars, wishes, self._finer, self._funding, memory)
        record = memory.account[0]
        return Outcome(
            markets=self._markets,
            interval=self._data[0].interval,
            capital=terms.capital,
            bars=self._bars,
            time=self._times,
            equity=memory.equity[:moments],
            trades=memory.trades[: int(record["closed"])],
            account=dict(zip(_ACCOUNT, record.tolist(), strict=True)),
        )

    def _memory(self, terms: Terms, wishes: Wishes) -> Memory:
        """Return the records of a run: copies of those before, but for what exits change.

        To fill them field by field takes longer than many a run.
        """
        bare = msgspec.structs.replace(terms, exits=_NO_EXITS)
        kept: tuple[Terms, Memory] | None = getattr(self._of_thread, "memory", None)
        if kept is None or kept[0] != bare:
            equity = np.empty(len(self._bars.time))
            kept = bare, memory_of(self._bare, bare, self._bars, wishes, equity)
            self._of_thread.memory = kept
        fresh = kept[1]
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

    def _wishes_of(self, strategy: type[Strategy], params: Params, ranged: bool) -> Wishes:
        lead = min(self._before, strategy(params).warmup) if self._before else 0
        kept = self._wishes.found((strategy, lead, ranged), params)
        if kept is not None:
            return kept
        skipped = self._before - lead
        histories, read = [], set[str]()
        for market in self._data:
            candles = market.candles[skipped:]
            signals, names = signals_and_read(strategy, params, candles)
            atr = average_range(candles) if ranged else None
            known = _history(msgspec.structs.replace(market, candles=candles), signals, atr)
            histories.append(since(known, lead))
            read |= set(names)
        wishes = wishes_of(histories, self._places)
        self._wishes.keep((strategy, lead, ranged), params, read, wishes)
        return wishes


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

    def keep(self, asked: Asked, params: Params, names: set[str], wishes: Wishes) -> None:
        read = tuple(name for name in params.__struct_fields__ if name in names)
        key = asked, read, _values(params, read)
        with self._lock:
            if key in self._wishes:
                return
            self._reads.setdefault(asked, set()).add(read)
            self._wishes[key] = wishes
            self._bytes += _size(wishes)
            while self._bytes > MOST_KEPT_BYTES and len(self._wishes) > 1:
                self._bytes -= _size(self._wishes.pop(next(iter(self._wishes))))


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
