"""A search that walks forward, asked of the whole server."""

import asyncio
import json

import msgspec
import pytest
from searches_asked import ASKED, THREADS, ended

from trading_mcp.backtest.report.page import page
from trading_mcp.domain.errors import InvalidParameter

pytestmark = pytest.mark.usefixtures("compiled")
WALK = {**ASKED, "walk_forward": 3}
RUN = {"symbol": "DOGE-USDT", "strategy": "rsi_scalping", "interval": "5m", "wait_seconds": 55}


async def test_what_no_search_had_seen_is_the_headline(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **WALK)
        kept = await desk.ask("get_optimization", optimization_id=answer.optimization_id)

    walk = answer.out_of_sample
    assert kept.out_of_sample == walk
    assert answer.message.startswith("Out of sample, 3 tests (rolling): ")
    assert (walk.tests, walk.anchored) == (3, False)
    assert walk.folds[0].searched_from == "2025-10-28T00:00:00Z"
    assert walk.folds[-1].tested_until == "2025-11-01T00:00:00Z"
    assert [fold.tested_until for fold in walk.folds[:-1]] == [
        fold.tested_from for fold in walk.folds[1:]
    ]
    assert {fold.tried for fold in walk.folds} == {9}
    assert walk.metrics["total_trades"] == sum(fold.total_trades for fold in walk.folds) > 0
    assert kept.inputs["walk_forward"] == 3


async def test_what_was_tried_on_the_way_counts_for_the_same_search(opened) -> None:
    guided = {
        **WALK,
        "walk_forward": 1,
        "optimization_method": "tpe",
        "objective": "total_return_pct",
        "trials": 20,
        "parameters": {
            "rsi_period": {"min": 5, "max": 30, "step": 1},
            "stop_loss_pct": {"min": 0.4, "max": 1, "step": 0.01},
        },
    }
    async with opened(*THREADS) as desk:
        asked = [await ended(desk, **guided) for _ in range(2)]
        first, second = [
            await desk.ask("get_optimization", optimization_id=one.optimization_id) for one in asked
        ]
        runs = [await desk.ask("get_backtest", backtest_id=one.best_run) for one in (first, second)]

    assert first.summary["ever_tried"] == second.summary["ever_tried"] > 20
    assert runs[0].honesty == runs[1].honesty


async def test_each_search_on_the_way_is_a_search_of_its_time_alone(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **WALK)
        fold = answer.out_of_sample.folds[1]
        times = {"start_date": fold.searched_from, "end_date": fold.tested_from}
        alone = await ended(desk, **{**ASKED, **times})
        first = answer.out_of_sample.folds[0]
        tested = await desk.ask(
            "run_backtest",
            **RUN,
            config=first.parameters,
            start_date=first.tested_from,
            end_date=first.tested_until,
        )

    assert alone.best_parameters.items() <= fold.parameters.items()
    assert alone.best_score == fold.searched_sharpe
    assert tested.metrics["total_return_pct"] == pytest.approx(first.total_return_pct)
    assert tested.total_trades == first.total_trades


async def test_an_anchored_one_begins_each_search_at_the_beginning(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **WALK, anchored=True)

    begins = {fold.searched_from for fold in answer.out_of_sample.folds}
    assert begins == {"2025-10-28T00:00:00Z"}
    assert "(anchored)" in answer.message


async def test_the_best_is_kept_as_a_backtest_with_all_that_speaks_against_it(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **WALK)
        kept = await desk.ask("get_optimization", optimization_id=answer.optimization_id)
        run = await desk.ask("get_backtest", backtest_id=kept.best_run)
        listed = await desk.ask("list_backtests")

    assert run.metrics == kept.all_results[0].metrics
    assert run.inputs["config"].items() >= kept.best_parameters.items()
    assert len(run.honesty["walk_forward"]["folds"]) == 3
    assert run.honesty["plateau"]["best"]["params"] == kept.best_parameters
    codes = {finding["code"] for finding in kept.findings}
    assert kept.findings == answer.findings == run.honesty["findings"]
    assert "too_few_days" in codes
    assert "in_sample_only" not in codes
    assert [row.id for row in listed.backtests] == [kept.best_run]
    drawn = page(json.loads(msgspec.json.encode(run)), {})
    assert "Out of sample" in drawn
    assert "Chosen before it" in drawn


async def test_without_a_walk_the_best_is_judged_all_the_same(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **ASKED)

    assert answer.out_of_sample is None
    assert "in_sample_only" in {finding["code"] for finding in answer.findings}


async def test_it_tells_which_test_it_is_at_and_can_be_ended_there(opened) -> None:
    async with opened(*THREADS) as desk:
        at_a_test, told = asyncio.Event(), []

        def hear(fact: object) -> None:
            told.append((getattr(fact, "progress", 0.0), getattr(fact, "doing", "")))
            if told[-1][1] == "combinations before test 2 of 5":
                at_a_test.set()

        desk.session.hub.listen(hear)
        walk = {**WALK, "walk_forward": 5, "wait_seconds": 0}
        asked = await desk.ask("optimize_parameters", **walk)
        await asyncio.wait_for(at_a_test.wait(), 60)
        done = await desk.ask("cancel_optimization", optimization_id=asked.optimization_id)
        kept = await desk.ask("get_optimization", optimization_id=asked.optimization_id)
        runs = await desk.ask("list_backtests")

    assert done.message in ("Optimization cancelled", "The optimization has ended already")
    assert (kept.status, runs.count) in (("cancelled", 0), ("completed", 1))
    shares = [share for share, doing in told if doing]
    assert shares == sorted(shares)


async def test_too_little_time_for_so_many_tests_is_refused(opened) -> None:
    async with opened(*THREADS) as desk:
        with pytest.raises(InvalidParameter, match="too few for 100 folds"):
            await ended(desk, **{**WALK, "walk_forward": 100})


async def test_what_was_found_is_not_lost_where_a_search_on_the_way_finds_nothing(opened) -> None:
    never = {"parameters": {"rsi_period": [60, 80]}, "config": {"rsi_oversold": 22}}
    asked = {**WALK, **never, "walk_forward": 12}
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **asked)
        kept = await desk.ask("get_optimization", optimization_id=answer.optimization_id)

    assert answer.status == "completed"
    assert answer.out_of_sample is None
    assert kept.summary["tried"] == 2
    why = kept.warnings[0]
    assert answer.warnings == kept.warnings
    assert why.startswith("There is no test out of sample: before test ")
    assert answer.message.startswith(why)
