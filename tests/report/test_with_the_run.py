"""`trading-mcp backtest` proves the strategy, judges the run, and writes its page."""

import json

import pytest

from trading_mcp.backtest.honesty import proof
from trading_mcp.cli import backtest as command
from trading_mcp.cli import main
from trading_mcp.strategy.conformance import Report


@pytest.fixture
def run(tmp_path, capsys):
    (tmp_path / "data").mkdir()

    def run_it(*more):
        code = main(
            [
                *("backtest", "--exchange", "sim", "--pair", "BTC-USDT", "--interval", "1h"),
                *("--since", "2026-03-01", "--until", "2026-04-01", "--strategy", "rsi_scalping"),
                *("--size-percent", "50", "--data-dir", str(tmp_path / "data"), "--quiet", *more),
            ]
        )
        return code, capsys.readouterr()

    return run_it


@pytest.fixture(autouse=True)
def shared_loop(loop, monkeypatch):
    monkeypatch.setattr(command, "made_ready", lambda folder, stages: (loop, 0.0))


def test_the_result_says_how_far_it_can_be_trusted(run, tmp_path):
    code, printed = run("--json", "--html", str(tmp_path / "page.html"))
    told = json.loads(printed.out)
    assert code == 0
    assert told["honesty"]["trials"] == 1
    assert {"too_few_trades", "in_sample_only"} <= {f["code"] for f in told["honesty"]["findings"]}
    assert told["equity_curve"][-1]["equity"] == pytest.approx(told["metrics"]["final_equity"])
    assert '"candles":{"at":[' in (tmp_path / "page.html").read_text()


def test_attempts_are_counted_and_the_same_one_only_once(run):
    run("--json")
    run("--json")
    _, printed = run("--json", "--params", '{"rsi_period": 9}')
    assert json.loads(printed.out)["honesty"]["trials"] == 2


def test_people_are_told_the_findings(run):
    _, printed = run()
    assert "Findings, after 1 attempt on" in printed.out
    assert "!! too_few_trades" in printed.out


def test_a_strategy_that_fails_the_proof_is_not_run(run, monkeypatch):
    failed = Report(strategy="rsi_scalping", findings=("it looks ahead",))
    monkeypatch.setattr(proof, "check_strategy", lambda *of: failed)
    code, printed = run("--json")
    assert (code, printed.out) == (2, "")
    assert "it looks ahead" in printed.err
