"""Attempts made by commands, noted where the server's are."""

import contextlib
from collections.abc import Sequence

from trading_mcp.app.trials import trial_ledger
from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.searches import Search, Searched, attempts_of
from trading_mcp.config import Config
from trading_mcp.domain.trials import Tried
from trading_mcp.strategy.base import Params, Strategy


def proven(config: Config, cls: type[Strategy], params: Params | None = None) -> str:
    """Return the digest of a strategy's code, once it has passed the proof with *params*.

    Raises:
        NotProven: it fails, so that whatever it comes to means nothing.
    """
    with contextlib.closing(trial_ledger(config)) as ledger:
        return prove(cls, ledger, params)


def count_attempts(
    config: Config, wanted: Search, data: Sequence[Data], source: str, found: Searched
) -> Tried:
    """Note what was tried; return what ever was on this data. Raises NotProven."""
    cls, made = (
        wanted.space.strategy,
        attempts_of(found, wanted.space, wanted.terms, wanted.max_candles),
    )
    with contextlib.closing(trial_ledger(config)) as ledger:
        return Attempts(ledger, cls, prove(cls, ledger), source).note(data, made)
