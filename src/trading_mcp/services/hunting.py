"""The searches of one plan: made by one executor, over all of its past and over parts of it."""

import shutil
from collections.abc import Callable

from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.batches import Dataset, forget
from trading_mcp.backtest.search.choosing import params_of_best
from trading_mcp.backtest.search.searches import Progress, Search, Searched, attempts_of, search
from trading_mcp.domain.trials import Tried
from trading_mcp.services.optimizing import SearchPlan, SearchRoom

Tell = Callable[[Progress], None]


class Hunt:
    """Searches, and notes each combination as an attempt on the candles it was tried on.

    *source* is the digest of the strategy's source, *candles* how many there are. Whatever a
    listener raises ends a search.
    """

    def __init__(self, plan: SearchPlan, room: SearchRoom, source: str, candles: int):
        self.wanted = Search(
            space=plan.space,
            method=plan.method,
            objectives=plan.objectives,
            terms=plan.terms,
            trials=plan.trials,
            seed=plan.seed,
        )
        self._room, self._folder, self._count = room, room.folder / plan.id, 0
        self._attempts = Attempts(room.ledger, plan.strategy, source, plan.market.exchange)
        self._executor = room.executor(plan.candles_of(candles))

    def over(self, data: Data, before: int, tell: Tell) -> Searched:
        """Search *data*, whose first *before* candles are for warming up; return what was found.

        Raises:
            InvalidParameter: there is nothing to search, or the best fails the proof.
        """
        self._count += 1
        folder = self._folder / str(self._count)
        compiled = str(self._room.compiled)
        dataset = Dataset(path=str(folder), read=self._room.read, compiled=compiled, before=before)
        try:
            self._room.write(folder, [data])
            found = search(self.wanted, dataset, self._executor, tell)
        finally:
            forget(dataset)
            shutil.rmtree(folder, ignore_errors=True)
        space = self.wanted.space
        self._attempts.note([data], attempts_of(found, space, self.wanted.terms))
        if (best := params_of_best(self.wanted, found)) is not None:
            # Looking ahead can hide behind a parameter, and then that is what wins.
            prove(space.strategy, self._room.ledger, best)
        return found

    def ever_tried(self, data: Data) -> Tried:
        """Return what was ever tried on these candles, or on a part of them."""
        return self._attempts.note([data], ())

    def close(self) -> None:
        """Let the workers go; what they have begun is waited for."""
        self._executor.close()
        shutil.rmtree(self._folder, ignore_errors=True)
