"""The history loop is loaded, and compiled, without a pause for whoever trades meanwhile."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from searches_asked import ASKED, THREADS, TIMES

from trading_mcp.backtest import apart
from trading_mcp.backtest.compiling import folder_of
from trading_mcp.services.loading import COMPILING

RUN = {"symbol": "DOGE-USDT", "strategy": "rsi_scalping", **TIMES}
ASKINGS: dict[str, dict[str, Any]] = {"run_backtest": RUN, "optimize_parameters": ASKED}


def test_nothing_goes_through_all_memory_while_it_is_loaded(compiled: Path) -> None:
    program = f"""
import gc, pathlib
from trading_mcp.services.loading import loaded_loop
whole = []
gc.callbacks.append(lambda phase, info: whole.append(phase) if info["generation"] == 2 else None)
loaded_loop(pathlib.Path({str(compiled)!r}), lambda doing, share: None, 0.0)
print(len(whole), gc.isenabled(), gc.get_freeze_count() > 0)
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )

    assert told.stdout.split() == ["0", "True", "True"]


def test_a_search_loads_nothing_on_the_event_loop(data_dir, compiled) -> None:
    program = f"""
import asyncio, sys, threading
import msgspec
from trading_mcp.app import running
from trading_mcp.config import load
from trading_mcp.services.operations import Caller

class Watch:
    def find_spec(self, name, path=None, target=None):
        on_the_loop = threading.current_thread() is threading.main_thread()
        if on_the_loop and name.startswith(("trading_mcp.backtest", "numba", "talib")):
            print("HELD UP BY", name)

async def main():
    settings = ['storage.data_dir="{data_dir}"', "scalping.autostart=false", *{THREADS!r}]
    async with running(load(None, settings)) as server:
        asked = server.operations["optimize_parameters"]
        request = msgspec.convert({ASKED!r} | {{"wait_seconds": 0}}, asked.request)
        sys.meta_path.insert(0, Watch())
        while (answer := await asked.run(request, Caller("test"))).status != "completed":
            await asyncio.sleep(0.05)
        print(answer.status)

asyncio.run(main())
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )

    assert "HELD UP" not in told.stdout
    assert told.stdout.splitlines()[-1] == "completed"


@pytest.mark.parametrize("asking", ASKINGS)
async def test_what_has_to_be_compiled_is_said_and_compiled_elsewhere(
    opened, monkeypatch, tmp_path, asking, compiled
) -> None:
    empty, told = tmp_path / "compiled", []

    def compile_apart(folder) -> None:
        shutil.copytree(folder_of(compiled), folder_of(folder))

    monkeypatch.setenv("TRADING_MCP_COMPILED", str(empty))
    monkeypatch.setattr(apart, "compile_apart", compile_apart)
    async with opened(*THREADS) as desk:
        desk.session.hub.listen(lambda fact: told.append(getattr(fact, "doing", "")))
        while (await desk.ask(asking, **ASKINGS[asking])).status != "completed":
            pass

    assert COMPILING in told
    assert told.index(COMPILING) < told.index("proving the strategy")
    assert list(empty.rglob("*.nbi"))


@pytest.mark.slow
@pytest.mark.parametrize("asking", ASKINGS)
async def test_the_server_answers_while_the_loop_is_compiled(
    opened, monkeypatch, tmp_path, asking
) -> None:
    monkeypatch.setenv("TRADING_MCP_COMPILED", str(tmp_path / "compiled"))
    pauses: list[float] = []

    async def watched() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            pauses.append(time.perf_counter() - before)

    async with opened(*THREADS) as desk:
        watching = asyncio.create_task(watched())
        while (await desk.ask(asking, **ASKINGS[asking])).status != "completed":
            pass
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching

    assert list((tmp_path / "compiled").rglob("*.nbi"))
    assert sorted(pauses)[len(pauses) * 99 // 100] < 0.15
    assert max(pauses) < 2.0
