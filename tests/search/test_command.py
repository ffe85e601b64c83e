"""`trading-mcp optimize`, as it is typed."""

import json
from pathlib import Path

import polars as pl
import pytest

from trading_mcp.cli import main
from trading_mcp.strategy.sample_markets import walk

SPACE = '{"rsi_period": [7, 14], "stop_loss_pct": {"min": 0.2, "max": 0.6, "step": 0.2}}'
RSI = ("--strategy", "rsi_scalping", "--direction", "long")
MONEY = ("--capital", "100", "--size-percent", "100", "--fee-percent", "0.1")


@pytest.fixture(autouse=True)
def candles(somewhere: Path) -> Path:
    """A file of candles."""
    made = walk(3_000)
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"timestamp": made.time, **columns}).write_parquet("candles.parquet")
    return somewhere / "candles.parquet"


def run(capsys, command, *arguments):
    code = main([command, "--candles", "candles.parquet", *RSI, *MONEY, *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def found(capsys, *arguments):
    code, out, err = run(capsys, "optimize", "--json", *arguments)
    assert code == 0, err
    return json.loads(out)


def test_the_best_is_what_a_backtest_of_it_comes_to(capsys) -> None:
    told = found(capsys, "--space", SPACE, "--objective", "total_return_pct")

    assert told["tried"] == len(told["all_results"]) == 6
    best = max(told["all_results"], key=lambda row: row["scores"][0])
    assert told["best_parameters"] == best["parameters"]
    params = json.dumps(told["best_parameters"])
    _, out, _ = run(capsys, "backtest", "--params", params, "--json")
    assert json.loads(out)["metrics"] == best["metrics"]


def test_people_get_a_table_with_the_best_first_and_a_warning(capsys) -> None:
    code, out, err = run(
        capsys, "optimize", "--space", SPACE, "--top", "2", "--objective", "fees:min"
    )

    assert code == 0, err
    lines = out.splitlines()
    assert "6 combinations by grid in" in lines[1]
    assert lines[3].split()[:2] == ["FEES:MIN", "TRADES"]
    fees = [float(line.split()[0]) for line in lines[4:6]]
    assert fees == sorted(fees)
    assert "good by luck too" in out


def test_all_methods_take_several_workers(capsys) -> None:
    for method in ("random", "tpe"):
        told = found(
            capsys, "--space", SPACE, "--method", method, "--trials", "4", "--workers", "2"
        )
        assert 1 <= told["tried"] <= 4
    several = ("--objective", "total_return_pct", "--objective", "max_drawdown_days:min")
    told = found(capsys, "--space", SPACE, "--method", "nsga2", "--trials", "8", *several)
    assert told["front"]


def test_attempts_are_counted_where_a_data_directory_is(tmp_path, capsys) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "compiled").symlink_to((tmp_path / "cache/trading-mcp/compiled").resolve())

    first = found(capsys, "--space", SPACE)
    again = found(capsys, "--space", SPACE)
    more = found(capsys, "--space", '{"rsi_period": [7, 21], "stop_loss_pct": [0.2]}')

    assert (first["ever_tried"], again["ever_tried"], more["ever_tried"]) == (6, 6, 7)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--space", "rsi"], "--space: expected a JSON object"),
        (["--space", '{"rsi": [1]}'], "rsi_scalping has no parameter 'rsi'"),
        (["--space", SPACE, "--objective", "luck"], "'luck' is no objective"),
        (
            ["--space", SPACE, "--objective", "max_drawdown:min"],
            "the lowest max_drawdown is the worst",
        ),
        (["--space", SPACE, "--objective", "initial_capital"], "'initial_capital' is no objective"),
        (["--space", SPACE, "--params", '{"rsi_period": 7}'], "rsi_period is both searched and"),
        (["--space", SPACE, "--executor", "dask"], "expected the address of a Dask scheduler"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_sentence(capsys, arguments, told) -> None:
    code, out, err = run(capsys, "optimize", *arguments)

    assert (code, out) == (2, "")
    assert told in err


def test_what_was_asked_for_again_is_told(capsys) -> None:
    few = '{"rsi_period": [7, 14], "stop_loss_pct": [0.2, 0.4]}'
    code, out, err = run(
        capsys, "optimize", "--space", few, "--method", "tpe", "--trials", "24", "--quiet"
    )

    assert code == 0, err
    assert "asked for again, and not run twice" in out.splitlines()[1]


def test_where_none_has_a_score_no_best_is_spoken_of(capsys) -> None:
    never = '{"rsi_oversold": [1, 1.5], "rsi_period": [50]}'
    code, out, err = run(capsys, "optimize", "--space", never, "--quiet")

    assert code == 0, err
    assert "None has a score" in out
    assert "good by luck" not in out
