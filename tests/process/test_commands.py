"""The commands beside `serve`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

MOST_CPU_S = 0.15


def test_status_tells_how_the_running_server_is(serve, run, data_dir: Path) -> None:
    server = serve(strategies__enabled=[])

    told = run("status", "--data-dir", data_dir)
    as_json = run("status", "--data-dir", data_dir, "--json")

    assert told.returncode == as_json.returncode == 0
    assert f"{server.urls['rest']} (process {server.process.pid}, up " in told.stdout
    assert "kill switch  off" in told.stdout
    httpx.post(f"{server.urls['gateway']}/api/v1/scalping/stop")
    stopped = run("status", "--data-dir", data_dir).stdout
    assert "may trade  no: The scalping engine is stopped" in stopped
    assert json.loads(as_json.stdout)["pairs"] == ["BTC-USDT", "ETH-USDT", "DOGE-USDT"]


def test_status_says_when_no_server_runs(serve, run, data_dir: Path) -> None:
    serve(strategies__enabled=[]).kill()

    told = run("status", "--data-dir", data_dir)

    assert told.returncode == 1
    assert told.stderr == f"No server is running on {data_dir}.\n"


def test_config_check_prints_what_would_be_used(run) -> None:
    told = run("config", "check", "--set", "exchanges.sim.speed=7", "--data-dir", "elsewhere")

    assert told.returncode == 0
    assert "exchanges.sim.speed = 7.0\n" in told.stdout
    assert 'storage.data_dir = "elsewhere"\n' in told.stdout


def test_config_check_names_the_key_that_is_wrong(run) -> None:
    told = run("config", "check", "--set", "risk.max_daily_loss_usd=-1")

    assert told.returncode == 2
    assert "risk.max_daily_loss_usd" in told.stderr


def test_the_shipped_plugins_are_listed_and_pass_their_check(run) -> None:
    listed = run("plugins", "list", "--set", "strategies.enabled=['rsi']")
    checked = run("plugins", "check", "rsi")

    rows = {line.split()[0]: line.split()[2:] for line in listed.stdout.splitlines()[1:]}
    assert rows["rsi"] == ["on", "rsi_scalping"]
    assert rows["macd"] == ["off"]
    assert (listed.returncode, checked.returncode) == (0, 0)
    assert "rsi_scalping (trading-mcp-rsi" in checked.stdout
    assert "passes" in checked.stdout


def test_help_costs_next_to_nothing() -> None:
    spent = min(cpu_seconds("--help") for _ in range(5))

    assert spent < MOST_CPU_S


def cpu_seconds(*words: str) -> float:
    process = subprocess.Popen(
        [sys.executable, "-m", "trading_mcp", *words], stdout=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0  # waited for already
    return used.ru_utime + used.ru_stime
