"""`trading-mcp replay`, as it is typed."""

import json

import msgspec
import polars as pl
import pytest
from parity_markets import random_candles

from trading_mcp.app import replaying
from trading_mcp.cli import main

DAY = ("--exchange", "sim", "--interval", "1m", "--since", "2026-01-01", "--until", "2026-01-02")
RSI = ("--strategy", "rsi_scalping", "--params", '{"rsi_period": 5}')


pytestmark = pytest.mark.usefixtures("somewhere")


@pytest.fixture
def replay(capsys):
    def command(*arguments):
        code = main(["replay", *map(str, arguments), "--quiet"])
        return code, *capsys.readouterr()

    return command


def told(replay, *arguments):
    code, out, err = replay(*arguments, "--json")
    assert not err
    return code, json.loads(out)


def written(folder, candles):
    columns = ("open", "high", "low", "close", "volume")
    frame = {"timestamp": candles.time} | {name: getattr(candles, name) for name in columns}
    pl.DataFrame(frame).write_parquet(folder / "candles.parquet")
    return folder / "candles.parquet"


def test_the_engine_makes_the_trades_of_the_backtest(replay):
    code, found = told(replay, *DAY, "--pair", "BTC-USDT-PERP", *RSI)

    assert (code, found["same"], found["differences"]) == (0, True, [])
    assert found["engine"] == pytest.approx(found["backtest"])
    assert len(found["trades"]) == found["metrics"]["total_trades"] - found["engine"]["held"] > 10
    assert {trade["side"] for trade in found["trades"]} == {"long", "short"}
    assert (found["warmup_candles"], found["candles"]) == (500, 1440 - 500)
    assert "Funding is left out" in found["notes"][0]


def test_people_see_the_trades_and_both_sides_figures(replay):
    code, out, _ = replay(*DAY, "--pair", "BTC-USDT", "--pair", "DOGE-USDT", *RSI)

    assert code == 0
    assert "rsi_scalping on BTC-USDT, DOGE-USDT 1m, 2026-01-01T08:20:00Z to 2026-01-02" in out
    assert "BACKTEST" in out
    assert "stop_loss" in out
    assert out.rstrip().endswith(
        "The same trades, one by one: the backtest is what the engine does."
    )


@pytest.mark.parametrize("kind", [(), ("--market-type", "spot")])
def test_a_file_is_played_once_tick_and_step_are_known(replay, somewhere, kind):
    path = written(somewhere, random_candles(900, 7))
    grid = ("--tick", "0.01", "--step", "0.001")
    refused = replay("--candles", path, *RSI)
    code, found = told(replay, "--candles", path, *RSI, *grid, *kind)

    assert refused[0] == 2
    assert "expected --tick and --step" in refused[2]
    assert (code, found["same"]) == (0, True)
    assert found["engine"]["trades"] > 0
    assert {trade["side"] for trade in found["trades"]} == ({"long"} if kind else {"long", "short"})


def test_a_market_of_another_quote_is_refused(replay, somewhere):
    path = written(somewhere, random_candles(900, 7))
    grid = ("--tick", "0.01", "--step", "0.001")
    code, _, err = replay("--candles", path, *RSI, *grid, "--pair", "BTC-EUR")

    assert code == 2
    assert "--pair BTC-USDT takes the numbers as they are" in err


def test_where_they_part_is_told_and_the_command_fails(replay, monkeypatch):
    played = replaying.trades_of_engine

    def changed(positions, interval):
        first, _, *rest = played(positions, interval)
        return [msgspec.structs.replace(first, exit_price=1.0), *rest]

    monkeypatch.setattr(replaying, "trades_of_engine", changed)
    code, found = told(replay, *DAY, "--pair", "BTC-USDT", *RSI)
    failed, out, _ = replay(*DAY, "--pair", "BTC-USDT", *RSI)

    assert code == failed == 1
    assert not found["same"]
    assert [one["fields"] for one in found["differences"]] == [["exit_price"], []]
    assert found["differences"][0]["engine"]["exit_price"] == 1.0
    assert found["differences"][1]["engine"] is None
    assert "THEY PART in 2 trades" in out
    assert "only the backtest has it" in out
    assert "exit_price" in out


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--size-percent", "100"), "--size-percent: a replay has no sizes"),
        (("--max-candles", "3"), "--max-candles: a replay has no time limit"),
        (("--resting-targets",), "--resting-targets: a replay has no targets that rest"),
        (("--no-rounding",), "--no-rounding: a replay has no prices beside the tick"),
        (("--no-limits",), "--no-limits: the engine is never without"),
        (("--until", "2026-01-01T05:00:00Z"), "300 candles are too few"),
    ],
)
def test_what_a_replay_does_not_have_is_refused(replay, more, why):
    code, out, err = replay(*DAY, "--pair", "BTC-USDT", *RSI, *more)

    assert (code, out) == (2, "")
    assert why in err
