"""The proof before a run: a strategy that peeps is not believed, one that has passed is not asked
again until its source changes."""

import importlib
import sys

import pytest

from trading_mcp.adapters.sqlite.trials import SqliteTrialLedger
from trading_mcp.backtest.honesty import proof
from trading_mcp.backtest.honesty.digests import source_digest
from trading_mcp.backtest.honesty.proof import NotProven, prove

SOURCE = """
import numpy as np
from trading_mcp.sdk import Params, Strategy, signals

class Simple(Strategy):
    name = "simple"
    params_type = Params
    warmup = 2

    def signals(self, candles):
        rises = np.zeros(len(candles), dtype=np.bool_)
        {rule}
        return signals(len(candles), enter_long=rises, direction=self.params.direction)
"""
HONEST = "rises[1:] = candles.close[1:] > candles.close[:-1]"
PEEPING = "rises[:-1] = candles.close[1:] > candles.close[:-1]"
HIDING = f"""if self.params.stop_loss_pct == 0.5:
            {PEEPING}"""


@pytest.fixture
def ledger(tmp_path):
    ledger = SqliteTrialLedger(tmp_path / "trials.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a package with a strategy, and load its class."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(rule):
        package = tmp_path / "a_plugin"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "simple.py").write_text(SOURCE.format(rule=rule))
        for name in [n for n in sys.modules if n.split(".")[0] == "a_plugin"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.dont_write_bytecode = True
        return importlib.import_module("a_plugin.simple").Simple

    yield write
    sys.dont_write_bytecode = False
    for name in [n for n in sys.modules if n.split(".")[0] == "a_plugin"]:
        del sys.modules[name]


def test_a_strategy_that_looks_ahead_is_refused_and_told_why(ledger, written):
    with pytest.raises(NotProven, match="simple fails the proof") as refused:
        prove(written(PEEPING), ledger)
    assert refused.value.details["findings"]
    assert not ledger.is_proven(source_digest(written(PEEPING)))


def test_what_has_passed_is_not_tried_again(ledger, written, monkeypatch):
    prove(written(HONEST), ledger)
    monkeypatch.setattr(proof, "check_strategy", None)
    assert ledger.is_proven(prove(written(HONEST), ledger))


def test_a_changed_source_is_proven_anew(ledger, written):
    prove(written(HONEST), ledger)
    with pytest.raises(NotProven):
        prove(written(PEEPING), ledger)


def test_a_change_anywhere_in_the_package_counts(written, tmp_path):
    cls = written(HONEST)
    before = source_digest(cls)
    (tmp_path / "a_plugin" / "beside.py").write_text("LEVEL = 3\n")
    assert source_digest(cls) != before


def test_looking_ahead_that_hides_behind_a_parameter_is_found_with_that_parameter(ledger, written):
    cls = written(HIDING)
    prove(cls, ledger)
    prove(cls, ledger, cls.params_type(stop_loss_pct=0.4))
    with pytest.raises(NotProven, match=r'simple with .*"stop_loss_pct":0.5.* fails the proof'):
        prove(cls, ledger, cls.params_type(stop_loss_pct=0.5))


def test_what_has_passed_with_some_parameters_is_not_tried_with_them_again(
    ledger, written, monkeypatch
):
    cls = written(HONEST)
    prove(cls, ledger, cls.params_type())
    prove(cls, ledger, cls.params_type(stop_loss_pct=0.4))
    monkeypatch.setattr(proof, "check_strategy", None)
    prove(cls, ledger)
    prove(cls, ledger, cls.params_type(stop_loss_pct=0.4))
    with pytest.raises(TypeError):
        prove(cls, ledger, cls.params_type(stop_loss_pct=0.6))
