"""Attempts made by commands, noted where the server's are."""

from collections.abc import Sequence
from pathlib import Path

from trading_mcp.adapters.sqlite.trials import FILE, SqliteTrialLedger
from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.backtest.runs import Data
from trading_mcp.backtest.search.searches import Search, Searched, attempts_of


def count_attempts(
    directory: Path, wanted: Search, data: Sequence[Data], source: str, found: Searched
) -> int:
    """Note what was tried in the ledger of *directory*; return what ever was on this data.

    Raises:
        NotProven: the strategy fails the proof, so that what was found means nothing.
    """
    ledger, cls = SqliteTrialLedger(directory / FILE), wanted.space.strategy
    try:
        made = attempts_of(found, wanted.space, wanted.terms, wanted.max_candles)
        return Attempts(ledger, cls, prove(cls, ledger), source).note(data, made).count
    finally:
        ledger.close()
