"""A backtest on a connected exchange: real ccxt, a KuCoin on loopback."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from trading_mcp.app import Server, running
from trading_mcp.config import load
from trading_mcp.domain.candles import Candles
from trading_mcp.services.operations import Caller
from trading_mcp.testkit.kucoin import LoopbackSettings, loopback_kucoin

DAY: dict[str, Any] = {
    "exchange": "kucoin",
    "symbol": "BTC-USDT",
    "strategy": "rsi_scalping",
    "start_date": "2025-10-01",
    "end_date": "2025-10-02",
    "initial_capital": 100_000,
    "size_percent": 10,
    "wait_seconds": 55,
}


@pytest.fixture
async def server(tmp_path: Path, compiled: Path) -> AsyncIterator[Server]:
    async with loopback_kucoin(LoopbackSettings(symbols=("BTC-USDT", "BTC-USDT-PERP"))) as kucoin:
        settings = (
            f'storage.data_dir="{tmp_path}"',
            "exchanges.sim.enabled=false",
            'exchanges.kucoin.mode="paper"',
            f'exchanges.kucoin.base_url="{kucoin.base_url}"',
            'scalping.exchange="kucoin"',
            "scalping.pairs=[]",
            "scalping.autostart=false",
            'strategies.enabled=["rsi"]',
        )
        async with running(load(None, settings)) as server:
            yield server


async def asked(server: Server, name: str, **arguments: Any) -> Any:
    operation = server.operations[name]
    request = msgspec.convert(arguments, operation.request)
    return await operation.run(request, Caller("test"))


async def test_its_past_is_fetched_once_and_run_over(server: Server) -> None:
    answer = await asked(server, "run_backtest", **DAY)
    past = server.session.exchanges["kucoin"].past

    async def gone(*_: Any, **__: Any) -> None:
        raise ConnectionError

    assert past is not None
    past.candles = gone  # type: ignore[method-assign]
    again = await asked(server, "run_backtest", **DAY)
    kept = [await asked(server, "get_backtest", backtest_id=one.id) for one in (answer, again)]

    assert answer.status == "completed"
    assert answer.total_trades > 0
    assert kept[0].inputs["source"] == "paper"
    assert kept[0].inputs["candles"] == 24 * 60
    assert kept[0].result_hash == kept[1].result_hash


async def test_where_nobody_traded_the_last_price_stands_and_is_not_stored(server: Server) -> None:
    past = server.session.exchanges["kucoin"].past
    assert past is not None
    tell = past.candles

    async def with_holes(symbol: str, interval: str, *, limit: int, end: int) -> Candles:
        whole = await tell(symbol, interval, limit=limit, end=end)
        return whole[(whole.time // 60_000) % 10 != 5]

    past.candles = with_holes  # type: ignore[method-assign]
    answer = await asked(server, "run_backtest", **DAY)
    kept = await asked(server, "get_backtest", backtest_id=answer.id)
    again = await asked(server, "run_backtest", **DAY)

    assert kept.inputs["candles"] == 24 * 60
    assert "nobody traded in 144 of 1,440 intervals" in answer.warnings[0]
    assert again.warnings == answer.warnings


async def test_funding_that_is_not_known_is_said_to_be_left_out(server: Server) -> None:
    answer = await asked(server, "run_backtest", **{**DAY, "symbol": "BTC-USDT-PERP"})

    assert any("funding" in warning for warning in answer.warnings)
    assert not any(trade["funding"] for trade in answer.trades)
    assert np.isfinite(answer.total_pnl)
