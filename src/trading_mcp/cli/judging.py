"""A strategy proven before its run, and its run judged afterwards."""

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from trading_mcp.backtest.honesty.attempts import Attempts
from trading_mcp.backtest.honesty.examining import examined
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.backtest.metrics import Metrics
from trading_mcp.backtest.report.words import measure
from trading_mcp.backtest.runs import Data, Result
from trading_mcp.backtest.terms import Terms
from trading_mcp.cli.data_words import counted
from trading_mcp.config import Config
from trading_mcp.domain.trials import Tried
from trading_mcp.services.backtest_rows import curve_of
from trading_mcp.strategy.base import Strategy

_MARKS = {"critical": "!!", "warning": "! ", "info": "i "}


class Judge:
    """Knows what was ever tried. Opens the ledger, and proves *strategy*, if its code is new.

    Raises:
        NotProven: it looks ahead, or breaks another rule of strategies.
    """

    def __init__(self, arguments: argparse.Namespace, config: Config, strategy: Strategy):
        from trading_mcp.app.trials import trial_ledger

        self._params, cls = strategy.params, type(strategy)
        with contextlib.closing(trial_ledger(config)) as ledger:
            digest = prove(cls, ledger, strategy.params)
        self._arguments, self._config, self._of = arguments, config, (cls, digest)

    def note(self, data: Sequence[Data], terms: Terms, metrics: Metrics) -> Tried:
        """Note a run as an attempt; return what was ever tried on its candles."""
        from trading_mcp.app.trials import trial_ledger

        made = (self._params, terms, metrics.sharpe_ratio)
        with contextlib.closing(trial_ledger(self._config)) as ledger:
            return Attempts(ledger, *self._of, source_of(self._arguments)).note(data, [made])

    def judged(self, found: Any, terms: Terms, result: Result) -> dict[str, Any]:
        """Note a run as an attempt; return as JSON how far it can be trusted, and its equity."""
        tried = self.note(found.data, terms, result.metrics)
        honesty = examined(result.outcome, result.metrics, terms, tried)
        return {
            "honesty": msgspec.to_builtins(honesty),
            "equity_curve": curve_of(result.outcome),
        }


def source_of(arguments: argparse.Namespace) -> str:
    """Return where candles come from: an exchange's name, or a file's path."""
    return str(arguments.exchange or arguments.candles.resolve())


def print_findings(honesty: Mapping[str, Any]) -> None:
    """Print what speaks against a result, the gravest first."""
    findings = honesty["findings"]
    print(f"\nFindings, after {counted(honesty['trials'], 'attempt')} on these candles:")
    if not findings:
        print("  nothing speaks against it")
    for finding in findings:
        found, limit = measure(finding["measured"], finding["unit"]), measure(finding["threshold"])
        print(f"  {_MARKS[finding['severity']]} {finding['code']}: {found}, threshold {limit}")
        print(f"     {finding['advice']}")
