"""What is typed and cannot be meant is refused in a sentence, and never dropped."""

import json
from pathlib import Path

import polars as pl
import pytest
from backtest_command import ALL_IN, RSI, run, written

from trading_mcp.cli import backtest as command
from trading_mcp.cli import main
from trading_mcp.cli.replay import _NOT_PLAYED
from trading_mcp.strategy.sample_markets import walk

SIM = ("--exchange", "sim", "--interval", "1h", "--since", "2026-01-01", "--until", "2026-01-05")


def funding(folder: Path, rate: float) -> Path:
    times = walk(3_000).time[480::480]
    path = folder / "funding.csv"
    pl.DataFrame({"timestamp": times, "funding_rate": [rate] * len(times)}).write_csv(path)
    return path


@pytest.mark.parametrize("name", ["--candles", "--funding", "--finer"])
def test_a_second_file_is_not_taken_for_the_first(somewhere, capsys, name):
    with pytest.raises(SystemExit):
        run(capsys, "--candles", "a.parquet", name, "b.parquet", name, "c.parquet", *RSI)
    assert f"argument {name}: expected one file, got several" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--pair", "A", "--pair", "B"), "a file holds one market, got 2"),
        (("--pair", "A", "--pair", "A"), "A is named twice"),
        (("--interval", "5m", "--fill-gaps", "skip"), "candles.parquet holds 1m candles"),
        (("--funding", "f.csv", "--market-type", "spot"), "--funding: a spot market has none"),
        (("--leverage", "5", "--market-type", "spot"), "--leverage 5"),
        (("--leverage", "5"), "needs --market-type perpetual"),
        (("--tick", "0"), "--tick: expected a number above 0"),
        (("--step", "0"), "--step: expected a number above 0"),
    ],
)
def test_what_does_not_fit_a_file_is_refused(somewhere, capsys, arguments, told):
    code, _, err = run(capsys, "--candles", written(somewhere), *RSI, *arguments)
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--pair", "BTC-USDT", "--pair", "BTC-USDT"), "BTC-USDT is named twice"),
        (("--pair", "BTC-USDT", "--leverage", "5"), "BTC-USDT is spot"),
        (("--pair", "BTC-USDT", "--tick", "1"), "--tick: sim has its own"),
        (("--pair", "BTC-USDT", "--market-type", "spot"), "--market-type: sim has its own"),
        (("--pair", "BTC-USDT-PERP", "--funding", "f.csv"), "--funding: sim has its own"),
        (("--pair", "BTC-USDT", "--finer", "f.parquet"), "--finer: sim has its own"),
    ],
)
@pytest.mark.parametrize("command", ["backtest", "optimize"])
def test_what_does_not_fit_a_market_is_refused(somewhere, capsys, command, arguments, told):
    space = ("--space", '{"rsi_period": [7]}') if command == "optimize" else ()
    code = main([command, *SIM, *RSI[:2], *arguments, *space])
    assert code == 2
    assert told in capsys.readouterr().err


def test_a_rate_in_percent_is_refused_as_funding(somewhere, capsys):
    path = written(somewhere)
    code, _, err = run(capsys, "--candles", path, *RSI, "--funding", funding(somewhere, 50.0))
    assert code == 2
    assert "a funding_rate is 50, expected from -0.1 to 0.1: it is a fraction" in err


def test_a_loss_of_more_than_there_was_is_told(somewhere, capsys):
    perpetual = ("--market-type", "perpetual", "--leverage", "50", "--no-rounding")
    rate = ("--funding", funding(somewhere, 0.1))
    params = ("--params", '{"stop_loss_pct": 50, "take_profit_pct": 50, "rsi_period": 2}')
    arguments = (*RSI, *params, *perpetual, *rate, *ALL_IN, "--json")
    code, out, err = run(capsys, "--candles", written(somewhere), *arguments)
    assert code == 0, err
    told = json.loads(out)
    assert told["metrics"]["final_equity"] < 0
    assert "More was lost than the account had" in told["notes"][-1]


def test_an_unknown_step_is_told_apart_from_a_known_tick(somewhere, capsys):
    arguments = ("--candles", written(somewhere), *RSI, *ALL_IN, "--tick", "0.01", "--json")
    notes = json.loads(run(capsys, *arguments)[1])["notes"]
    assert [note.partition(" of ")[0] for note in notes] == ["The step"]


def test_seconds_are_told_from_milliseconds(somewhere, capsys):
    for unit, factor in (("seconds", 1 / 1000), ("microseconds", 1000)):
        candles = walk(100)
        times = (candles.time * factor).astype("int64")
        path = somewhere / f"{unit}.csv"
        columns = {n: getattr(candles, n) for n in ("open", "high", "low", "close", "volume")}
        pl.DataFrame({"timestamp": times, **columns}).write_csv(path)
        code, _, err = run(capsys, "--candles", path, *RSI)
        assert code == 2
        assert f"look like {unit}, not milliseconds" in err


def test_repairs_tell_what_was_done_and_in_which_column(somewhere, capsys):
    path = written(somewhere, close=(7, float("nan")))
    arguments = ("--candles", path, *RSI, *ALL_IN, "--fill-gaps", "flat", "--json")
    told = json.loads(run(capsys, *arguments)[1])
    (flaw,) = told["repairs"]["candles"]
    assert flaw["what"].endswith("as its close")
    assert flaw["repair"] == "left out"
    assert "left out" in told["notes"][-1]


@pytest.mark.parametrize("name", ["nowhere/x.html", "."])
def test_a_page_that_cannot_be_written_is_refused_before_the_run(somewhere, capsys, name):
    code, out, err = run(capsys, "--candles", "not even there.parquet", *RSI, "--html", name)
    assert (code, out) == (2, "")
    assert "--html: " in err


def test_help_leaves_out_what_a_replay_refuses(capsys):
    shown = {}
    for name in ("backtest", "replay"):
        with pytest.raises(SystemExit):
            main([name, "--help"])
        shown[name] = capsys.readouterr().out
    for name in [*_NOT_PLAYED, "no_limits"]:
        flag = f"--{name.replace('_', '-')}"
        assert flag in shown["backtest"]
        assert flag not in shown["replay"]


def test_an_interrupted_command_says_so_in_a_line(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "configuration", interrupted)
    code = main(["backtest", "--candles", "candles.parquet", *RSI])
    assert (code, capsys.readouterr().err) == (130, "trading-mcp: interrupted\n")
