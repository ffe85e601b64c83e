"""The loopback as a process of its own, which outlives whoever trades on it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

from trading_mcp.testkit.kucoin import point_at

COMMANDS = (["trading_mcp", "loopback"], ["trading_mcp.testkit.kucoin"])


@asynccontextmanager
async def running(*arguments: str, command: Any = COMMANDS[0]) -> AsyncIterator[Any]:
    module, *words = command
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: Any) -> dict[str, Any]:
    assert process.stdout
    async with asyncio.timeout(30):
        found: dict[str, Any] = json.loads(await process.stdout.readline())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
async def test_it_says_where_it_is_and_is_traded_on(tmp_path: Path, command: Any) -> None:
    ready = tmp_path / "deep" / "ready.json"
    arguments = ["--ready-file", str(ready), "--set", "hf=true", "--set", "balances.USDT=777"]
    async with running(*arguments, command=command) as process:
        address = await told(process)
        keys = {"apiKey": address["api_key"], "secret": address["secret"]}
        client = ccxt.pro.kucoin({**keys, "password": address["passphrase"]})
        point_at(client, address["base_url"])
        try:
            balance = await client.fetch_balance()
        finally:
            await client.close()
        process.send_signal(signal.SIGTERM)
        code = await process.wait()

    assert balance["USDT"]["free"] == 777
    assert json.loads(ready.read_text()) == address
    assert code == 0


@pytest.mark.slow
async def test_it_is_found_in_its_data_directory(tmp_path: Path) -> None:
    async with running("--data-dir", str(tmp_path)) as process:
        address = await told(process)

        assert json.loads((tmp_path / "kucoin.json").read_text()) == address
        assert address["pid"] == process.pid


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("setting", ["hg=true", "faults.reset=7", "nonsense", "prices.NO-PE=1"])
async def test_an_impossible_setting_is_refused(command: Any, setting: str) -> None:
    async with running("--set", setting, command=command) as process:
        _, said = await process.communicate()

    assert process.returncode == 2
    assert b"Traceback" not in said
    assert said.strip()
