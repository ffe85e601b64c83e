"""Backtests, asked for through the server's operations."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastmcp import Client

from trading_mcp.adapters.sqlite.trials import FILE, SqliteTrialLedger
from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.access import STDIO, from_inside
from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.server import build_mcp
from trading_mcp.api.settings import ServerSettings
from trading_mcp.backtest.honesty.proof import prove
from trading_mcp.domain.errors import InvalidParameter, NotFound, TradingError
from trading_mcp.domain.signals import Signals
from trading_mcp.strategy.base import Strategy
from trading_mcp.strategy.loader import discover

WEEK: dict[str, Any] = {
    "symbol": "DOGE-USDT",
    "strategy": "rsi_scalping",
    "start_date": "2025-10-01",
    "end_date": "2025-10-04",
    "initial_capital": 10_000,
    "size_percent": 10,
    "wait_seconds": 55,
}
ROOMY = {"max_daily_loss_usd": 1e9, "max_position_size_usd": 1e9, "max_total_exposure_usd": 1e9}
LOOSE = {**ROOMY, "max_consecutive_losses": 1000}


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which the strategy has passed its proof: that takes a second."""
    path = tmp_path_factory.mktemp("proven") / FILE
    ledger = SqliteTrialLedger(path)
    prove(discover(["rsi"]).strategies["rsi_scalping"].cls, ledger)
    ledger.close()
    return path


@pytest.fixture
def opened(opened, data_dir: Path, proven: Path, compiled: Path):
    """Opens a server that knows one strategy, and need not compile."""
    data_dir.mkdir()
    shutil.copy(proven, data_dir / FILE)
    return lambda *also: opened('strategies.enabled=["rsi"]', *also)


async def test_a_backtest_answers_with_its_figures_and_trades(desk):
    answer = await desk.ask("run_backtest", **WEEK, risk=LOOSE, limit=1000)

    assert answer.status == "completed"
    assert answer.total_trades == len(answer.trades) == answer.metrics["total_trades"] > 20
    assert answer.total_pnl == pytest.approx(sum(trade["pnl"] for trade in answer.trades))
    assert answer.winning_trades + answer.losing_trades <= answer.total_trades
    assert {trade["side"] for trade in answer.trades} == {"long"}  # spot is not sold short
    assert {trade["reason"] for trade in answer.trades} >= {"stop_loss", "take_profit"}
    assert any("can't be sold short" in warning for warning in answer.warnings)


async def test_what_speaks_against_a_run_is_said_and_kept(desk):
    answer = await desk.ask("run_backtest", **WEEK, risk=LOOSE)
    kept = await desk.ask("get_backtest", backtest_id=answer.id)

    found = {finding["code"]: finding for finding in answer.findings}
    assert found["too_few_days"]["severity"] == "critical"
    assert found["too_few_days"]["measured"] == pytest.approx(3.0)
    assert kept.honesty["findings"] == answer.findings
    assert kept.honesty["trials"] == 1


async def test_the_same_inputs_give_the_same_answer_to_the_last_bit_after_a_restart_too(opened):
    found = []
    for _ in range(2):
        async with opened() as desk:
            answer = await desk.ask("run_backtest", **WEEK, risk=LOOSE)
            found.append(await desk.ask("get_backtest", backtest_id=answer.id))
    async with opened() as desk:
        first = await desk.ask("get_backtest", backtest_id=found[0].id)

    assert first == found[0]
    assert found[0].id != found[1].id
    assert found[0].inputs == found[1].inputs
    assert found[0].result_hash == found[1].result_hash
    assert found[0].trades == found[1].trades
    assert found[0].equity_curve == found[1].equity_curve


async def test_what_decides_a_result_is_kept_with_it(desk):
    answer = await desk.ask("run_backtest", **WEEK, config={"rsi_period": 9})
    kept = await desk.ask("get_backtest", backtest_id=answer.id)

    assert kept.inputs["config"]["rsi_period"] == 9
    assert kept.inputs["terms"]["exits"]["stop_loss_pct"] == 0.4
    assert kept.inputs["candles"] == 3 * 24 * 60
    assert kept.inputs["warmup_candles"] == 500
    assert {len(kept.inputs[name]) for name in ("strategy_hash", "data_hash")} == {64}
    assert kept.inputs["kernel"]
    assert kept.inputs["seed"] == 0
    assert [month["month"] for month in kept.months] == ["2025-10"]
    assert [pair["pair"] for pair in kept.pairs] == ["DOGE-USDT"]
    assert kept.equity_curve[-1].equity == pytest.approx(kept.metrics["final_equity"])
    assert kept.equity_curve[-1].timestamp == "2025-10-04T00:00:00Z"


async def test_other_parameters_give_another_answer(desk):
    answers = [
        await desk.ask("run_backtest", **WEEK, risk=LOOSE, config={"rsi_period": period})
        for period in (9, 14)
    ]
    kept = [await desk.ask("get_backtest", backtest_id=answer.id) for answer in answers]

    assert kept[0].result_hash != kept[1].result_hash
    assert kept[0].inputs["data_hash"] == kept[1].inputs["data_hash"]
    assert kept[0].inputs["strategy_hash"] == kept[1].inputs["strategy_hash"]


async def test_further_trades_are_asked_for_by_cursor(desk):
    whole = await desk.ask("run_backtest", **WEEK, risk=LOOSE, limit=1000)
    first = await desk.ask("get_backtest", backtest_id=whole.id, limit=15)
    told, cursor = list(whole.trades[:15]), first.next_cursor
    while cursor:
        page = await desk.ask("run_backtest", **WEEK, limit=15, cursor=cursor)
        told, cursor = told + page.trades, page.next_cursor

    assert whole.next_cursor is None
    assert told == whole.trades


async def test_one_that_takes_long_is_waited_for_by_asking_the_same_again(desk):
    first = await desk.ask("run_backtest", **{**WEEK, "wait_seconds": 0})
    second = await desk.ask("run_backtest", **WEEK)
    third = await desk.ask("run_backtest", **WEEK)

    assert first.status in ("queued", "running")
    assert "same arguments" in first.message
    assert second.status == "completed"
    assert second.id == first.id
    assert third.id != first.id


async def test_a_result_that_nobody_waited_for_is_told_to_who_asks_again(desk):
    ended = asyncio.Event()
    desk.server.announcer.listen(lambda made: b"completed" in made.payload and ended.set())
    first = await desk.ask("run_backtest", **{**WEEK, "wait_seconds": 0})
    await asyncio.wait_for(ended.wait(), 30)

    assert (await desk.ask("run_backtest", **WEEK)).id == first.id


async def test_a_run_that_waits_can_be_cancelled_and_stays_so(opened):
    async with opened() as desk:
        running = await desk.ask("run_backtest", **{**WEEK, "wait_seconds": 0})
        other = {**WEEK, "wait_seconds": 0, "symbol": "BTC-USDT"}
        waiting = await desk.ask("run_backtest", **other)
        done = await desk.ask("cancel_backtest", backtest_id=waiting.id)
        again = await desk.ask("cancel_backtest", backtest_id=waiting.id)
        kept = await desk.ask("get_backtest", backtest_id=waiting.id)
        finished = await desk.ask("run_backtest", **WEEK)

    assert done.message == "Backtest cancelled"
    assert again.message == "The backtest has ended already"
    assert kept.status == "cancelled"
    assert (finished.id, finished.status) == (running.id, "completed")
    async with opened() as desk:
        listed = (await desk.ask("list_backtests")).backtests
    assert {row.id: row.status for row in listed} == {
        running.id: "completed",
        waiting.id: "cancelled",
    }


async def test_a_run_that_the_servers_end_cut_off_has_failed(opened):
    async with opened() as desk:
        running = await desk.ask("run_backtest", **{**WEEK, "wait_seconds": 0})
    async with opened() as desk:
        kept = await desk.ask("get_backtest", backtest_id=running.id)

    assert kept.status == "failed"
    assert "stopped" in kept.error


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"strategy": "nope"}, "STRATEGY_NOT_FOUND", "rsi_scalping"),
    ({"start_date": "soon"}, "INVALID_PARAMETER", "start_date"),
    ({"start_date": "2025-10-05"}, "INVALID_PARAMETER", "before end_date"),
    ({"start_date": "2999-01-01", "end_date": "2999-02-01"}, "INVALID_PARAMETER", "no 1m"),
    ({"start_date": "1990-01-01"}, "INVALID_PARAMETER", "more than"),
    ({"config": {"rsi": 3}}, "INVALID_PARAMETER", "rsi"),
    ({"risk": {"luck": 3}}, "INVALID_PARAMETER", "luck"),
    ({"symbol": "NO-USDT"}, "INVALID_PARAMETER", "symbol"),
    ({"interval": "7m"}, "INVALID_PARAMETER", "15m"),
    ({"exchange": "kucoin"}, "INVALID_PARAMETER", "sim"),
    ({"cursor": "x"}, "INVALID_PARAMETER", "cursor"),
]


async def test_what_cannot_be_run_is_refused_with_what_can(desk):
    for wrong, code, words in REFUSED:
        with pytest.raises(TradingError) as refused:
            await desk.ask("run_backtest", **{**WEEK, **wrong})

        assert refused.value.code == code
        assert words in f"{refused.value.message} {refused.value.hint}"
    assert (await desk.ask("list_backtests")).count == 0


async def test_an_exchange_without_candles_there_says_so(desk, monkeypatch):
    data = desk.session.exchanges["sim"].data
    nothing = (await data.candles("DOGE-USDT", "1m", limit=1))[:0]

    async def none(*_: Any, **__: Any):
        return nothing

    monkeypatch.setattr(data, "candles", none)
    with pytest.raises(InvalidParameter, match="has no 1m candles of DOGE-USDT") as refused:
        await desk.ask("run_backtest", **WEEK)

    assert refused.value.details["field"] == "start_date"
    [row] = (await desk.ask("list_backtests")).backtests
    kept = await desk.ask("get_backtest", backtest_id=row.id)
    assert (kept.status, kept.code) == ("failed", "INVALID_PARAMETER")


async def test_an_id_that_is_not_known_is_not_found(desk):
    for operation in ("get_backtest", "cancel_backtest"):
        with pytest.raises(NotFound):
            await desk.ask(operation, backtest_id="bt_0")


async def test_candles_are_fetched_once(desk, monkeypatch):
    data, asked = desk.session.exchanges["sim"].data, []
    tell = data.candles

    async def counted(*args: Any, **named: Any):
        asked.append(args)
        return await tell(*args, **named)

    monkeypatch.setattr(data, "candles", counted)
    await desk.ask("run_backtest", **WEEK)
    first = len(asked)
    await desk.ask("run_backtest", **WEEK, config={"rsi_period": 9})

    assert 0 < first == len(asked)


async def test_a_perpetual_goes_short_and_pays_funding(desk):
    terms = {**WEEK, "symbol": "DOGE-USDT-PERP", "config": {"take_profit_pct": 5.0}}
    answer = await desk.ask("run_backtest", **terms, risk=LOOSE, limit=1000)

    assert {trade["side"] for trade in answer.trades} == {"long", "short"}
    assert any(trade["funding"] for trade in answer.trades)
    assert not any("funding" in warning for warning in answer.warnings)


class Cheat(Strategy):
    """Knows the next candle."""

    name = "rsi_scalping"
    warmup = 1  # type: ignore[assignment]

    def signals(self, candles):
        rises = np.append(candles.close[1:] > candles.close[:-1], False)
        never = np.zeros(len(candles), dtype=np.bool_)
        return Signals(rises, ~rises, never, never, np.ones(len(candles)))


async def test_a_strategy_that_looks_ahead_is_not_run(desk, monkeypatch):
    monkeypatch.setitem(desk.session.roster.classes, "rsi_scalping", Cheat)
    monkeypatch.setattr(desk.session.roster, "params", lambda name, changes: Cheat.params_type())

    with pytest.raises(InvalidParameter, match="fails the proof"):
        await desk.ask("run_backtest", **WEEK)


async def test_subscribers_hear_how_far_it_is(desk):
    heard: list[dict[str, Any]] = []
    desk.server.announcer.listen(
        lambda made: heard.append(json.loads(made.payload)) if made.channel == "jobs" else None
    )
    answer = await desk.ask("run_backtest", **WEEK)

    assert {event["type"] for event in heard} == {"job_progress"}
    assert {event["data"]["id"] for event in heard} == {answer.id}
    told = [event["data"] for event in heard]
    assert [one["status"] for one in (told[0], told[-1])] == ["running", "completed"]
    shares = [one["progress"] for one in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_an_mcp_client_hears_how_far_it_is(desk):
    server = desk.server
    context = ApiContext(
        operations=server.operations,
        announcer=server.announcer,
        settings=ServerSettings(),
        version="0",
        uptime_s=lambda: 0.0,
        exchanges={},
    )
    mcp = build_mcp(context, catalogue(server.operations.values()))
    told: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    with from_inside(STDIO):
        async with Client(mcp, progress_handler=hear) as client:
            result = await client.call_tool("run_backtest", WEEK)

    assert result.structured_content["status"] == "completed"
    assert len(told) > 2
    assert {total for _, total, _ in told} == {1.0}
    assert any("signals" in (message or "") for *_, message in told)


def test_the_compiler_is_not_loaded_before_the_first_run(data_dir: Path) -> None:
    program = f"""
import asyncio, sys
from trading_mcp.app import context, running
from trading_mcp.api.application import build_app
from trading_mcp.config import load

async def main():
    config = load(None, ['storage.data_dir="{data_dir}"', "scalping.autostart=false"])
    async with running(config) as server:
        build_app(context(config, server))
        print("loaded", *sys.modules)

asyncio.run(main())
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(told.stdout.rpartition("loaded")[2].split())

    assert "trading_mcp.services.backtests" in loaded
    assert loaded & {"numba", "llvmlite", "optuna", "plotly", "talib"} == set()
