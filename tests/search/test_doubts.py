"""`trading-mcp optimize` says how far its best can be trusted, and walks forward when asked."""

import json
from pathlib import Path

import polars as pl
import pytest

from trading_mcp.backtest.honesty import proof
from trading_mcp.cli import main
from trading_mcp.strategy.conformance import Report
from trading_mcp.strategy.sample_markets import walk

SPACE = '{"rsi_period": [5, 7, 9], "rsi_oversold": [30, 35, 40]}'


@pytest.fixture
def run(somewhere: Path, capsys):
    made = walk(3_000)
    columns = {name: getattr(made, name) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"timestamp": made.time, **columns}).write_parquet("candles.parquet")

    def command(*more):
        code = main(
            [
                *("optimize", "--candles", "candles.parquet", "--strategy", "rsi_scalping"),
                *("--direction", "long", "--size-percent", "50", "--space", SPACE, "--quiet"),
                *more,
            ]
        )
        return code, capsys.readouterr()

    return command


def test_the_best_is_judged_by_its_neighbours_and_by_all_that_was_tried(run):
    code, printed = run("--json")
    told = json.loads(printed.out)
    honesty = told["honesty"]
    assert code == 0
    assert honesty["trials"] == told["ever_tried"] == 9
    assert honesty["plateau"]["best"]["params"] == told["best_parameters"]
    assert len(honesty["plateau"]["map"]["scores"]) == 3
    assert "in_sample_only" in {finding["code"] for finding in honesty["findings"]}


@pytest.mark.parametrize("more", [(), ("--anchored",)])
def test_a_walk_forward_tests_what_each_search_found(run, tmp_path, more):
    code, printed = run("--json", "--walk-forward", "3", "--html", "page.html", *more)
    found = json.loads(printed.out)["honesty"]
    walked = found["walk_forward"]
    assert code == 0
    assert walked["anchored"] == bool(more)
    assert [fold["tried"] for fold in walked["folds"]] == [9, 9, 9]
    assert "in_sample_only" not in {finding["code"] for finding in found["findings"]}
    page = (tmp_path / "page.html").read_text()
    assert "Out of sample" in page
    assert 'id="map"' in page


def test_what_no_search_had_seen_comes_first(run):
    _, printed = run("--json", "--walk-forward", "3")
    told = json.loads(printed.out)
    walk = told["out_of_sample"]
    assert next(iter(told)) == "out_of_sample"
    assert (walk["tests"], walk["anchored"]) == (3, False)
    assert walk["metrics"] == told["honesty"]["walk_forward"]["tested"]
    assert [fold["tested_until"] for fold in walk["folds"]][:-1] == [
        fold["tested_from"] for fold in walk["folds"]
    ][1:]
    assert walk["folds"][0]["parameters"]["rsi_period"] in (5, 7, 9)
    assert walk["folds"][-1]["tested_until"] == told["to"]


def test_people_are_told_the_tests_out_of_sample_before_the_best_in_sample(run):
    _, printed = run("--walk-forward", "3")
    lines = printed.out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Out of sample, 3 tests"))
    assert "RSI_PERIOD" in lines[first + 2]
    tests = [line.split() for line in lines[first + 3 : first + 6]]
    assert [end[2:4] for end in tests[:-1]] == [begin[:2] for begin in tests[1:]]
    assert first < next(i for i, line in enumerate(lines) if line.startswith("In sample"))
    assert "Findings, after 9 attempts" in printed.out


SELDOM = ("--space", '{"rsi_period": [30, 32]}', "--params", '{"rsi_oversold": 30}')
"""With too few trades for a ratio in short searches."""


def test_what_was_found_is_not_lost_where_a_search_on_the_way_finds_nothing(run, tmp_path):
    code, printed = run("--json", "--walk-forward", "12", "--html", "page.html", *SELDOM)
    told = json.loads(printed.out)
    assert code == 0, printed.err
    assert (told["tried"], told["out_of_sample"]) == (2, None)
    assert told["best_score"] is not None
    (why,) = told["warnings"]
    assert why.startswith("There is no test out of sample: before test ")
    assert why.endswith(
        " of 12 no combination came to a score. Ask for fewer tests, or for more time"
    )
    assert "in_sample_only" in {finding["code"] for finding in told["honesty"]["findings"]}
    assert (tmp_path / "page.html").exists()


def test_people_are_told_first_that_there_is_no_test_out_of_sample(run):
    code, printed = run("--walk-forward", "12", *SELDOM)
    lines = printed.out.splitlines()
    assert code == 0, printed.err
    assert lines[3].startswith("There is no test out of sample: before test ")
    assert lines[5].split()[0] == "SHARPE_RATIO"


def test_no_search_is_made_for_a_strategy_that_fails_the_proof(run, monkeypatch):
    failed = Report(strategy="rsi_scalping", findings=("it looks ahead",))
    monkeypatch.setattr(proof, "check_strategy", lambda cls: failed)
    code, printed = run("--json")
    assert (code, printed.out) == (2, "")
    assert "it looks ahead" in printed.err
