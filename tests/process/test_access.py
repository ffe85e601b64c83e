"""Logins and keys of a real server, made with its commands while it runs."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

pytestmark = pytest.mark.slow

SETTINGS = {
    "auth__required": True,
    "rate_limits__enabled": True,
    "strategies__enabled": [],
    "logging__format": "json",
}
STATUS = "/api/v1/scalping/status"
PASSWORD = "correct horse battery"
BUY = {"pair": "BTC-USDT", "side": "buy", "amount": 0.001}


def test_who_may_come_in_is_decided_while_the_server_runs(
    serve, run, data_dir: Path, environment: dict[str, str]
) -> None:
    server = serve(**SETTINGS)
    assert "nobody_can_come_in" in server.log
    rest = Rest(server)

    def command(*words: str, **also: Any) -> str:
        done = run(*words, "--data-dir", data_dir, **also)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # A key that may only read does nothing else, on the real server's operations.
    reader = command("keys", "create", "reader")
    trader = command("keys", "create", "trader", "--scopes", "trade")
    assert rest.get(STATUS).status_code == 401
    seen = rest.get(STATUS, headers={"X-API-Key": reader})
    assert seen.status_code == 200
    assert seen.headers["x-ratelimit-limit"] == "100"
    stopped = rest.post("/api/v1/scalping/stop", headers={"X-API-Key": reader})
    assert (stopped.status_code, stopped.json()["details"]["needed"]) == (403, "control")
    assert agent(server, reader, "submit_market_order")["details"]["needed"] == "trade"
    assert agent(server, trader, "submit_market_order")["order"]["status"] == "filled"

    # The bridge and `status` take their key from the environment.
    # No proxy of the environment gets to read it.
    environment["TRADING_MCP_API_KEY"], environment["http_proxy"] = reader, "http://127.0.0.1:1"
    assert "may trade" in command("status")
    assert asyncio.run(over_the_bridge(environment, data_dir))["running"] in (True, False)
    environment["TRADING_MCP_API_KEY"] = "tmcp_wrong"
    assert "TRADING_MCP_API_KEY to one of its" in run("status", "--data-dir", data_dir).stderr
    del environment["TRADING_MCP_API_KEY"]

    # Revoked at once; a login ends for good.
    command("keys", "revoke", reader.split("_")[1])
    assert rest.get(STATUS, headers={"X-API-Key": reader}).status_code == 401
    command("users", "add", "ada", "--scopes", "admin", input=f"{PASSWORD}\n")
    body = {"username": "ada", "password": PASSWORD}
    tokens = [rest.post("/api/v1/auth/login", json=body).json()["data"] for _ in range(2)]
    ended, lasting = ({"Authorization": f"Bearer {login['token']}"} for login in tokens)
    assert rest.post("/api/v1/auth/logout", headers=ended).status_code == 200
    server.stop()
    assert all(secret not in server.log for secret in (reader, trader, PASSWORD, *map(str, tokens)))
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert {"user:ada", f"key:{reader.split('_')[1]}"} <= {line.get("principal") for line in lines}

    again = serve(**SETTINGS)
    rest = Rest(again)
    assert rest.get(STATUS, headers=ended).status_code == 401
    assert rest.get(STATUS, headers=lasting).status_code == 200


class Rest:
    """REST of a server, over the client that ends with it."""

    def __init__(self, server: Any):
        self._http, self._base = server.http, server.urls["rest"]

    def get(self, path: str, **also: Any) -> httpx.Response:
        return self._http.get(self._base + path, **also)

    def post(self, path: str, **also: Any) -> httpx.Response:
        return self._http.post(self._base + path, **also)


def agent(server: Any, key: str, tool: str) -> Any:
    async def call() -> Any:
        async with Client(f"{server.urls['mcp']}/mcp", auth=key, timeout=40) as client:
            return await client.call_tool(tool, BUY, raise_on_error=False)

    return asyncio.run(call()).structured_content


async def over_the_bridge(environment: dict[str, str], data_dir: Path) -> Any:
    words = ["-m", "trading_mcp", "mcp", "--data-dir", str(data_dir)]
    transport = StdioTransport(sys.executable, words, env=dict(environment), keep_alive=False)
    async with Client(transport, timeout=40) as client:
        return (await client.call_tool("bot_status", {})).structured_content
