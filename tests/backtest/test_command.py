"""`trading-mcp backtest`, as it is typed."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from backtest_command import ALL_IN, NO_SLIP, RSI, run, written
from reference import backtest, rsi_wishes

from trading_mcp.adapters.parquet import months
from trading_mcp.cli import main
from trading_mcp.domain.times import iso
from trading_mcp.strategy.sample_markets import walk

pytestmark = pytest.mark.usefixtures("somewhere")


def test_it_prints_the_metrics_the_trades_and_the_seconds(somewhere, capsys):
    candles = walk(3_000)
    path = written(somewhere, candles)

    code, out, err = run(capsys, "--candles", path, *RSI, *ALL_IN, *NO_SLIP, "--json")

    assert code == 0, err
    told = json.loads(out)
    rows = list(zip(candles.open, candles.high, candles.low, candles.close, strict=True))
    trades, equity = backtest(
        rows,
        rsi_wishes(candles.close.tolist(), 14, 30, 70, "long"),
        capital=100.0,
        percent=100.0,
        fee=0.001,
        slippage=0.0,
        exits=(0.4, 0.8, 0.0, 0.0, 0),
    )
    assert len(trades) > 15
    assert [(t["side"], t["entry_time"], t["exit_time"], t["reason"]) for t in told["trades"]] == [
        ("long", iso(int(candles.time[t[1]])), iso(int(candles.time[t[3]])), t[5]) for t in trades
    ]
    for name, place in (("entry_price", 2), ("exit_price", 4), ("amount", 6), ("pnl", 7)):
        expected = [t[place] for t in trades]
        assert [t[name] for t in told["trades"]] == pytest.approx(expected, rel=1e-9)
    assert told["metrics"]["total_trades"] == len(trades)
    assert told["metrics"]["final_equity"] == pytest.approx(equity[-1])
    assert told["seconds"].keys() == {"loading", "compiling", "signals", "kernel", "metrics"}
    assert "not known" in told["notes"][0]


def test_the_same_inputs_give_the_same_answer_to_the_last_bit(somewhere, capsys):
    path = written(somewhere)
    answers = []
    for _ in range(2):
        _, out, _ = run(capsys, "--candles", path, *RSI, *ALL_IN, "--json")
        told = json.loads(out)
        del told["seconds"]
        answers.append(told)
    assert answers[0] == answers[1]


def test_people_get_a_summary(somewhere, capsys):
    code, out, _ = run(capsys, "--candles", written(somewhere), *RSI, *ALL_IN, "--no-rounding")
    assert code == 0
    for word in ("rsi_scalping", "profit", "deepest fall", "stop_loss", "2025-", "Seconds"):
        assert word in out
    assert "not known" not in out


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"close": (7, float("nan"))}, "not finite"),
        ({"low": (7, -1.0)}, "not above 0"),
        ({"timestamp": (7, 1)}, "is older than the one before it"),
    ],
)
def test_flaws_are_told_and_refused_unless_it_is_said_what_to_do(somewhere, capsys, changed, told):
    path = written(somewhere, **changed)
    code, _, err = run(capsys, "--candles", path, *RSI, *ALL_IN)
    assert code == 2
    assert told in err
    assert "--fill-gaps" in err
    if "timestamp" not in changed:  # 1970 is a long gap to fill
        for how in ("flat", "skip"):
            code, out, err = run(
                capsys, "--candles", path, *RSI, *ALL_IN, "--fill-gaps", how, "--json"
            )
            assert code == 0, err
            assert told in json.dumps(json.loads(out)["repairs"])


def test_gaps_are_told_and_filled_as_it_is_said(somewhere, capsys):
    candles = walk(500)
    kept = candles[(candles.time - candles.time[0]) // 60_000 % 50 != 7]
    path = written(somewhere, kept)
    code, _, err = run(capsys, "--candles", path, *RSI, *ALL_IN)
    assert code == 2
    assert "10 x missing, in 10 gaps" in err
    counts = {}
    for how in ("flat", "skip"):
        _, out, _ = run(capsys, "--candles", path, *RSI, *ALL_IN, "--fill-gaps", how, "--json")
        counts[how] = json.loads(out)["candles"]
    assert counts == {"flat": 500, "skip": 490}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--strategy", "no_such"], "no_such"),
        ([*RSI[:2], "--params", "{"], "--params"),
        ([*RSI[:2], "--params", '{"rsi_period": 1}'], "rsi_period"),
        ([*RSI, "--no-limits"], "--size-percent"),
        ([*RSI, "--tick", "x"], "--tick"),
        ([*RSI, "--finer", "nowhere.parquet"], "nowhere.parquet"),
    ],
)
def test_what_is_wrong_is_named(somewhere, capsys, arguments, told):
    code, _, err = run(capsys, "--candles", written(somewhere), *arguments)
    assert code == 2
    assert told in err


def test_a_file_without_the_columns_is_refused(somewhere, capsys):
    code, _, err = run(capsys, "--candles", written(somewhere, drop=("close",)), *RSI)
    assert code == 2
    assert "has no column close" in err


def test_the_simulated_exchange_needs_no_file(somewhere, capsys):
    code, out, err = run(
        capsys,
        *("--exchange", "sim", "--pair", "BTC-USDT", "--pair", "ETH-USDT-PERP"),
        *("--interval", "5m", "--since", "2026-01-01", "--until", "2026-01-15"),
        *("--strategy", "rsi_scalping", "--json"),
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["pairs"] == ["BTC-USDT", "ETH-USDT-PERP"]
    assert told["candles"] == 2 * 14 * 288
    assert told["notes"] == []  # its ticks and steps are known
    assert told["blocked_entries"]["short"] > 0  # spot cannot be sold short
    assert {row["pair"] for row in told["by_pair"]} == set(told["pairs"])


def test_a_stored_market_is_read_from_the_store(somewhere, capsys):
    candles = walk(2_000)
    folder = somewhere / "data" / "candles" / "kucoin" / "BTC-USDT" / "1m"
    months.write(folder, candles)
    (somewhere / "data" / "compiled").symlink_to(somewhere / "cache" / "trading-mcp" / "compiled")
    code, out, err = run(
        capsys,
        *("--exchange", "kucoin", "--pair", "BTC-USDT", "--interval", "1m"),
        *(*RSI, *ALL_IN, "--tick", "0.01", "--step", "0.0001", "--json"),
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["candles"] == 2_000
    assert all(round(t["entry_price"], 2) == t["entry_price"] for t in told["trades"])


def test_the_limits_of_the_configuration_hold_unless_a_size_is_named(somewhere, capsys):
    path = written(somewhere)
    small = ["--set", "risk.max_position_size_usd=20.0"]
    _, out, _ = run(capsys, "--candles", path, *RSI, *small, "--json")
    limited = json.loads(out)["trades"]
    assert max(t["amount"] * t["entry_price"] for t in limited) <= 20.0001
    _, out, _ = run(capsys, "--candles", path, *RSI, *small, *ALL_IN, "--json")
    assert json.loads(out)["trades"][0]["amount"] > 0.9


@pytest.mark.slow
def test_a_first_run_says_that_it_compiles_and_a_second_takes_what_there_is(tmp_path):
    path = written(tmp_path)
    command = [sys.executable, "-m", "trading_mcp", "backtest", "--candles", str(path), *RSI]
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "fresh")}
    told = [
        subprocess.run(
            [*command, *ALL_IN],
            check=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        ).stderr
        for _ in range(2)
    ]
    assert "Compiling the history loop for this machine" in told[0]
    assert "Compiled in" in told[0]
    assert told[1] == ""


def test_the_first_command_that_the_document_shows_runs(somewhere, capsys):
    document = (Path(__file__).parents[2] / "docs" / "backtesting.md").read_text()
    shown = shlex.split(document.partition("```sh\n")[2].partition("\n```")[0])
    assert main(shown[1:]) == 0
    assert "rsi_scalping on BTC-USDT 1m" in capsys.readouterr().out
