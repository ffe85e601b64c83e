"""Searches for parameters, asked of the whole server."""

import asyncio
import contextlib

import numpy as np
import pytest
from searches_asked import ASKED, THREADS, TIMES, ended

from trading_mcp.adapters.executors.settings import SearchSettings
from trading_mcp.adapters.sqlite.trials import SqliteTrialLedger
from trading_mcp.app.searching import search_room
from trading_mcp.domain.errors import InvalidParameter, NotFound
from trading_mcp.domain.signals import Signals
from trading_mcp.engine.hub import Hub
from trading_mcp.services.jobs import JobProgressed
from trading_mcp.strategy.base import Strategy
from trading_mcp_rsi import RsiScalping

pytestmark = pytest.mark.usefixtures("compiled")


async def test_the_best_comes_to_the_same_when_it_is_run_alone(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **ASKED)
        kept = await desk.ask("get_optimization", optimization_id=answer.optimization_id)
        alone = await desk.ask(
            "run_backtest",
            symbol="DOGE-USDT",
            strategy="rsi_scalping",
            config=answer.best_parameters,
            wait_seconds=55,
            **TIMES,
        )

    assert answer.status == kept.status == "completed"
    assert answer.estimated_time.endswith("s")
    assert (kept.best_parameters, kept.best_score) == (answer.best_parameters, answer.best_score)
    assert kept.summary["tried"] == len(kept.all_results) == 9
    scores = [row.scores[0] for row in kept.all_results if row.scores[0] is not None]
    assert None not in [row.scores[0] for row in kept.all_results[: len(scores)]]
    assert scores == sorted(scores, reverse=True)
    assert kept.all_results[0].metrics == alone.metrics
    assert alone.metrics["total_trades"] > 0


async def test_limits_can_be_others_for_this_search_alone(opened) -> None:
    tight = {**ASKED, "risk": {"max_position_size_usd": 1.5, "max_consecutive_losses": 1}}
    async with opened(*THREADS) as desk:
        loose, held = await ended(desk, **ASKED), await ended(desk, **tight)
        kept = await desk.ask("get_optimization", optimization_id=held.optimization_id)
        alone = await desk.ask(
            "run_backtest",
            symbol="DOGE-USDT",
            strategy="rsi_scalping",
            config=held.best_parameters,
            risk=tight["risk"],
            wait_seconds=55,
            **TIMES,
        )

    assert kept.inputs["terms"]["limits"]["parameters"]["max_position_size_usd"] == 1.5
    assert kept.all_results[0].metrics == alone.metrics
    assert held.best_score != loose.best_score


async def test_every_combination_counts_as_an_attempt_on_these_candles(opened) -> None:
    async with opened(*THREADS) as desk:
        first = await ended(desk, **ASKED)
        fewer = {**ASKED, "parameters": {"rsi_period": [7, 28]}, "config": {"stop_loss_pct": 0.4}}
        second = await ended(desk, **fewer)
        counts = [
            (await desk.ask("get_optimization", optimization_id=id)).summary["ever_tried"]
            for id in (first.optimization_id, second.optimization_id)
        ]

    assert counts == [9, 10]


class Hides(Strategy):
    """Knows the next candle, once its stop is wide."""

    name = "rsi_scalping"
    params_type = RsiScalping.params_type
    warmup = 1  # type: ignore[assignment]

    def signals(self, candles):
        rises = np.append(candles.close[1:] > candles.close[:-1], False)
        never = np.zeros(len(candles), dtype=np.bool_)
        wished = rises if self.params.stop_loss_pct == 0.7 else never
        return Signals(wished, never, never, never, np.ones(len(candles)))


async def test_a_best_that_looks_ahead_is_not_believed(opened, monkeypatch) -> None:
    async with opened(*THREADS) as desk:
        monkeypatch.setitem(desk.session.roster.classes, "rsi_scalping", Hides)
        alone = {"parameters": {"stop_loss_pct": [0.4, 0.7]}, "objective": "total_trades"}
        asked = {**ASKED, **alone}
        with pytest.raises(InvalidParameter, match=r'"stop_loss_pct":0.7.* fails the proof'):
            await ended(desk, **asked)
        honest = {**asked, "parameters": {"stop_loss_pct": [0.4, 0.5]}}
        answer = await ended(desk, **honest)
        runs = await desk.ask("list_backtests")

    assert answer.status == "completed"
    assert [run.id for run in runs.backtests] == [f"bt_{answer.optimization_id}"]


async def test_results_come_in_pages(opened) -> None:
    async with opened(*THREADS) as desk:
        answer = await ended(desk, **ASKED)
        asked = {"optimization_id": answer.optimization_id, "limit": 5}
        first = await desk.ask("get_optimization", **asked)
        second = await desk.ask("get_optimization", **asked, cursor=first.next_cursor)

    assert [len(first.all_results), len(second.all_results)] == [5, 4]
    assert second.next_cursor is None


async def test_a_search_tells_how_far_it_is_and_can_be_ended(opened) -> None:
    many = {**ASKED, "parameters": {"rsi_period": {"min": 2, "max": 200}}, "wait_seconds": 0}
    async with opened(*THREADS) as desk:
        heard = asyncio.Event()
        told: list[JobProgressed] = []
        listen(desk.session.hub, told, heard)
        answer = await desk.ask("optimize_parameters", **many)
        await asyncio.wait_for(heard.wait(), 60)
        done = await desk.ask("cancel_optimization", optimization_id=answer.optimization_id)
        kept = await desk.ask("get_optimization", optimization_id=answer.optimization_id)

    assert answer.optimization_id.startswith("opt_")
    assert answer.status in ("queued", "running")
    assert done.message == "Optimization cancelled"
    assert kept.status == "cancelled"
    assert {one.id for one in told} == {answer.optimization_id}
    assert next(one for one in told if one.doing == "combinations").progress < 0.5


@pytest.mark.parametrize(("candles", "kind"), [(1_000_000, "Thread"), (1_000_001, "Process")])
def test_for_little_work_no_processes_are_started(tmp_path, candles, kind) -> None:
    with contextlib.closing(SqliteTrialLedger(tmp_path / "trials.sqlite")) as ledger:
        room = search_room(SearchSettings(), tmp_path, tmp_path, ledger)
        with contextlib.closing(room.executor(candles)) as executor:
            assert type(executor).__name__ == f"{kind}Executor"


def listen(hub: Hub, told: list[JobProgressed], heard: asyncio.Event) -> None:
    def hear(fact: object) -> None:
        if isinstance(fact, JobProgressed):
            told.append(fact)
            if fact.doing == "combinations":
                heard.set()

    hub.listen(hear)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"parameters": {"rsi_period": [1]}}, "rsi_period: 1"),
        ({"parameters": {}}, "nothing to search"),
        ({"objective": "luck"}, "'luck' is no objective"),
        ({"objective": "fees,turnover"}, "takes one objective"),
        ({"parameters": {"stop_loss_pct": {"min": 0, "max": 1}}}, "a grid needs a step"),
        ({"config": {"rsi_period": 7}}, "rsi_period is both searched and fixed"),
        ({"interval": "7m"}, "interval"),
        ({"risk": {"luck": 1}}, "risk: .*luck"),
        ({"anchored": True}, "anchored: it needs walk_forward"),
    ],
)
async def test_what_cannot_be_searched_is_refused_at_once(opened, changed, told) -> None:
    async with opened(*THREADS) as desk:
        with pytest.raises(InvalidParameter, match=told):
            await desk.ask("optimize_parameters", **{**ASKED, **changed})


async def test_a_search_that_is_not_known_is_not_found(opened) -> None:
    async with opened(*THREADS) as desk:
        with pytest.raises(NotFound, match="No optimization has the id 'opt_1'"):
            await desk.ask("get_optimization", optimization_id="opt_1")
