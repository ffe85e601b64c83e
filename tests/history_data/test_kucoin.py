"""Real ccxt downloads from the loopback KuCoin, which fails, refuses and leaves minutes out."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.parquet import months
from trading_mcp.domain.times import DAY_MS, MINUTE_MS
from trading_mcp.testkit.kucoin import (
    Loopback,
    LoopbackFaults,
    LoopbackSettings,
    Scripted,
    loopback_kucoin,
)

from .conftest import JANUARY

pytestmark = pytest.mark.slow

SYMBOLS = ("BTC-USDT", "BTC-USDT-PERP")
PATHS = {"BTC-USDT": "/api/v1/market/candles", "BTC-USDT-PERP": "/api/v1/kline/query"}
FAILURES = {
    "BTC-USDT": ("reset", "html_200", "empty_200", "http_429"),
    "BTC-USDT-PERP": ("cut", "html_200", "code_429000", "http_502"),
}
END = JANUARY + 2 * DAY_MS


async def download(kucoin: Loopback, folder: Path, pair: str, *words: str) -> Any:
    """Run the command as people do; return its answer."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trading_mcp", "data", "download", "--json", "--quiet"),
        *("--exchange", "kucoin", "--pair", pair, "--interval", "1m"),
        *("--since", "2026-01-01", "--until", "2026-01-03"),
        *("--set", f"exchanges.kucoin.base_url={kucoin.base_url}", *words),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@pytest.mark.parametrize("pair", SYMBOLS)
async def test_all_that_kucoin_has_is_stored_and_asked_for_once(tmp_path: Path, pair: str) -> None:
    settings = LoopbackSettings(symbols=SYMBOLS, faults=LoopbackFaults(candle_gaps=0.02))
    async with loopback_kucoin(settings) as kucoin:
        for kind in FAILURES[pair]:
            path = "/api/v2/symbols" if kind == "reset" else PATHS[pair]
            kucoin.script(Scripted(kind=kind, path=path, after_accept=False))
        first = await download(kucoin, tmp_path, pair)
        asked = kucoin.requests.copy()
        second = await download(kucoin, tmp_path, pair)
        truth = [row.opened_at for row in kucoin.candles(pair, MINUTE_MS, JANUARY, END)]
        assert kucoin.requests == asked
        assert not kucoin.private_requests

    folder = tmp_path / "data" / "candles" / "kucoin" / pair / "1m"
    assert months.read(folder, (), 0, 2**60).time.tolist() == truth
    assert (first["fetched"], first["not_fetched"]) == (len(truth), [])
    assert second["gaps"] == first["gaps"]
    assert all(gap["not_traded"] for gap in first["gaps"])
    assert sum(gap["candles"] for gap in first["gaps"]) == 2880 - len(truth) > 0


async def test_a_pair_that_kucoin_does_not_trade_is_refused(tmp_path: Path) -> None:
    async with loopback_kucoin(LoopbackSettings(symbols=SYMBOLS)) as kucoin:
        with pytest.raises(AssertionError, match="kucoin does not trade FOO-USDT"):
            await download(kucoin, tmp_path, "FOO-USDT")
