"""A server's life from outside: where it listens, what keeps it from starting, how it ends."""

import asyncio
import json
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from fastmcp import Client
from websockets.asyncio.client import connect

pytestmark = pytest.mark.slow

LONGEST_STOP_S = 5.0
IDLE = {"strategies__enabled": []}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_asked_to_stop_it_ends_well_though_its_clients_stay(serve, number: int) -> None:
    server = serve(exchanges__sim__speed=600)
    rest = httpx.URL(server.urls["rest"])
    half_a_request = socket.create_connection((rest.host, rest.port))
    half_a_request.sendall(b"POST /api/v1/scalping/stop HTTP/1.1\r\nHost:")
    with suppress(Exception), half_a_request:  # however the clients take it
        async with (
            httpx.AsyncClient() as http,
            Client(server.urls["mcp"]) as mcp,
            connect(f"{server.urls['gateway']}/ws".replace("http", "ws")) as subscriber,
        ):
            await http.get(f"{rest}/health")
            await mcp.list_tools()
            await subscriber.send('{"action": "subscribe", "channels": ["metrics"]}')
            await subscriber.recv()
            began = time.monotonic()
            code = await asyncio.to_thread(server.stop, number)
            took = time.monotonic() - began

    assert code == 0
    assert took < LONGEST_STOP_S
    assert "Traceback" not in server.log


def test_the_ready_file_says_where_each_listener_answers(serve) -> None:
    server = serve("--mcp-port", "off", **IDLE)

    health = {
        name: httpx.get(f"{url}/health").json()["status"] for name, url in server.urls.items()
    }

    assert health == {"gateway": "healthy", "rest": "healthy"}
    assert server.get("/api/gateway/info")["listeners"] == server.urls


def test_a_second_server_on_the_same_data_directory_is_refused(serve, run, data_dir) -> None:
    first = serve(**IDLE)

    second = run("serve", *ANY_PORTS, "--data-dir", data_dir)

    assert second.returncode == 2
    assert str(data_dir) in second.stderr
    assert f"process id {first.process.pid} (gateway: {first.urls['gateway']})" in second.stderr
    assert "--data-dir" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.get("/api/v1/scalping/health")["status"] == "healthy"


@pytest.mark.parametrize("flag", ["--port", "--rest-port", "--mcp-port"])
def test_a_busy_port_is_told_with_the_flag_that_moves_it(run, data_dir: Path, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = str(taken.getsockname()[1])

        refused = run("serve", *ANY_PORTS, flag, busy, "--data-dir", data_dir)

    assert refused.returncode == 2
    assert f"127.0.0.1:{busy}" in refused.stderr
    assert flag in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "server.prot=1"], "server.prot: there is no such setting"),
        (["--set", "exchanges.sim.speed=0"], "exchanges.sim.speed"),
        (["--set", "scalping.pairs=['BTC-NOPE']"], "scalping.pairs: sim:BTC-NOPE"),
        (["--set", "speed"], "section.key=value"),
        (["--host", "0.0.0.0"], "server.allow_remote"),
        (["--host", "::"], "server.allow_remote"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--port", "99999"], "server.port"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(
    run, data_dir: Path, words: list[str], told: str
) -> None:
    refused = run("serve", *ANY_PORTS, "--data-dir", data_dir, *words)

    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("trading-mcp: ")
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_if_it_is_meant_it_listens_everywhere_without_a_login(serve) -> None:
    meant = {"server__allow_remote": True, "auth__required": False}
    server = serve("--host", "0.0.0.0", **meant, **IDLE)

    assert server.get("/api/v1/scalping/health")["status"] == "healthy"


def test_a_setting_on_the_command_line_wins_over_the_file(serve, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[exchanges.sim]\nbalance_usdt = 1.0\n[scalping]\npairs = ["ETH-USDT"]\n')

    server = serve(config=config, exchanges__sim__balance_usdt=1234.5, **IDLE)

    assert server.call("get_portfolio")["total_value_usd"] == 1234.5
    assert server.get("/api/v1/scalping/status")["pairs"] == ["ETH-USDT"]


def test_fewer_strategies_run_than_the_file_has_settings_for(serve) -> None:
    server = serve(strategies__enabled=["rsi"], strategies__settings__rsi_scalpin__weight=0.1)

    assert server.get("/api/v1/scalping/status")["strategies"] == ["rsi_scalping"]
    assert "strategy_settings_unused" in server.log
    assert "rsi_scalpin'" in server.log


def test_logs_as_json_are_json_from_the_first_line_to_the_last(serve) -> None:
    server = serve("--log-format", "json")
    server.get("/api/v1/scalping/status")
    server.stop()

    lines = [json.loads(line) for line in server.log.splitlines()]

    assert {"ready", "request", "stopped"} <= {line["event"] for line in lines}
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)


def test_settings_made_while_it_ran_outlive_a_crash(serve) -> None:
    chosen = {"strategies__enabled": ["rsi", "ema"], "scalping__pairs": ["BTC-USDT"]}
    first = serve(**chosen)
    first.send("PUT", "/api/v1/scalping/risk/limits", {"max_position_size_usd": 321.0})
    first.send("PUT", "/api/v1/scalping/risk/limits", {"risk_mode": "Conservative"})
    first.send("PUT", "/api/v1/scalping/strategies/rsi_scalping/config", {"weight": 0.25})
    first.send("POST", "/api/v1/scalping/strategies/ema_crossover/stop")
    first.send("POST", "/api/v1/scalping/pairs/add", {"pair": "SOL-USDT"})
    first.send("POST", "/api/v1/risk/sentinel/kill-switch", {"reason": "a drill"})
    before = settings(first)
    first.kill()

    again = serve(**chosen, risk__max_position_size_usd=5.0)

    assert settings(again) == before
    assert before["limits"]["max_position_size_usd"] == 321.0
    assert before["reason"] == "Trading is disabled - kill switch active: a drill"


ANY_PORTS = ["--port", "0", "--rest-port", "0", "--mcp-port", "0"]


def settings(server) -> dict[str, object]:
    limits = server.get("/api/v1/scalping/risk/limits")
    status = server.get("/api/v1/scalping/status")
    strategies = server.get("/api/v1/scalping/strategies")
    return {
        "limits": limits["parameters"],
        "mode": limits["risk_mode"],
        "strategies": [{k: s[k] for k in s if k != "performance"} for s in strategies],
        "reason": limits["limit_reason"],
        "pairs": status["pairs"],
        "running": status["running"],
    }
