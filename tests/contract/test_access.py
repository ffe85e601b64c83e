"""Logging in, and the limits, are as the reference has them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from contract_reference import AUTH, lacks

from trading_mcp import app
from trading_mcp.api.server import build_app
from trading_mcp.api.settings import RateLimitSettings
from trading_mcp.config import load

LOGIN = AUTH["login"]
STATUS = "/api/v1/scalping/status"


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server that lets in the documented user, and counts."""
    config = load(
        None,
        [f'storage.data_dir="{tmp_path}"', "auth.required=true", "rate_limits.enabled=true"],
    )
    with app.registry(config) as people:
        people.add_user(LOGIN["body"]["username"], LOGIN["body"]["password"], ["read"])
    async with app.running(config) as server:
        transport = httpx.ASGITransport(build_app(app.context(config, server)))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9090") as made:
            yield made


async def test_the_documented_login_gives_a_token_that_lets_in(guarded: httpx.AsyncClient) -> None:
    stranger = await guarded.get(STATUS)
    told = await guarded.request(LOGIN["method"], LOGIN["path"], json=LOGIN["body"])
    name, scheme = AUTH["token header"].split(": ")
    header = {name: f"{scheme} {told.json()['data']['token']}"}
    known = await guarded.get(STATUS, headers=header)

    assert (stranger.status_code, told.status_code, known.status_code) == (401, 200, 200)
    assert stranger.json().keys() == {"success", "error", "code", "details"}
    assert list(lacks(LOGIN["answer"], told.json())) == []


async def test_the_documented_headers_count_down(guarded: httpx.AsyncClient) -> None:
    limit, remaining, reset = AUTH["rate limit headers"]

    first, second = [await guarded.get(STATUS) for _ in range(2)]

    assert first.headers[limit] == str(AUTH["rate limits"]["REST per minute and IP"])
    assert int(second.headers[remaining]) == int(first.headers[remaining]) - 1
    assert int(first.headers[reset]) > 1_700_000_000


def test_the_limits_are_the_documented_ones_unless_set_otherwise() -> None:
    limits = RateLimitSettings()

    assert AUTH["rate limits"] == {
        "REST per minute and IP": limits.requests_per_minute,
        "WebSocket per second": limits.ws_messages_per_second,
        "MCP per hour and key": limits.mcp_calls_per_hour,
    }
