"""Attempts with one strategy, noted as they are made."""

from collections.abc import Iterable, Sequence

from trading_mcp.backtest.honesty.digests import attempt_digest, past_of
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.trials import Tried
from trading_mcp.ports import TrialLedger
from trading_mcp.strategy.base import Params, Strategy

Attempt = tuple[Params, Terms, float | None]
"""What was run, with the exits of those parameters in the terms, and its yearly Sharpe ratio."""


class Attempts:
    """Notes what is tried with *cls*, whose source has the digest that `proof.prove` returns.

    *source* tells where the candles came from, such as an exchange or a file.
    """

    def __init__(self, ledger: TrialLedger, cls: type[Strategy], digest: str, source: str):
        self._ledger, self._name, self._digest, self._source = ledger, cls.name, digest, source

    def note(self, data: Sequence[Data], made: Iterable[Attempt]) -> Tried:
        """Remember what was *made* on *data*; return what has ever been tried on it."""
        past = past_of(data, self._source)
        self._ledger.note(
            [
                past.trial(self._name, attempt_digest(self._digest, params, terms), sharpe)
                for params, terms, sharpe in made
            ]
        )
        return self._ledger.tried(
            data=past.data, market=past.market, start=past.start, end=past.end
        )
