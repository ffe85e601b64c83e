"""The WebSocket: who is behind it is asked first, and again as long as it is open."""

import asyncio
import contextlib
import json
from typing import Any

import httpx
import pytest
import websockets
from access_members import PASSWORD, Members, SetClock
from api_fakes import Fakes
from api_running import Running, Serve
from websockets.asyncio.client import ClientConnection

from trading_mcp.api import conversation, ws
from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import Alert

SUBSCRIBE = {"action": "subscribe", "channels": ["alerts"]}


def connect(server: Running, **headers: str) -> websockets.connect:
    return websockets.connect(server.ws, additional_headers=headers, proxy=None)


async def ask(line: ClientConnection, message: Any) -> Any:
    await line.send(json.dumps(message))
    return await heard(line)


async def heard(line: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(line.recv(), 10))


async def closed(line: ClientConnection) -> tuple[int | None, str | None]:
    """Return how the server ended the connection, and why."""
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await heard(line)
    return line.close_code, line.close_reason


async def token_of(server: Running, name: str) -> str:
    async with httpx.AsyncClient(base_url=server.rest) as client:
        body = {"username": name, "password": PASSWORD}
        answer = await client.post("/api/v1/auth/login", json=body)
    token: str = answer.json()["data"]["token"]
    return token


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server looks every moment whether everybody may stay."""
    monkeypatch.setattr(ws, "CHECK_EVERY_S", 0.02)


async def test_a_key_in_the_header_opens_it(server: Running, members: Members) -> None:
    key = members.key()
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        async with connect(server, **headers) as line:
            assert (await ask(line, SUBSCRIBE))["type"] == "subscribed"


async def test_a_browser_says_who_it_is_first(
    server: Running, members: Members, fakes: Fakes
) -> None:
    members.user("ada", "trade")
    token = await token_of(server, "ada")
    async with connect(server) as line:
        welcome = await ask(line, {"action": "auth", "token": token})
        await ask(line, SUBSCRIBE)
        raised = Alert(id="alert_1", trigger="test", severity="info", message="now", at=0)
        fakes.hub.publish(e.AlertRaised(at=0, alert=raised))
        told = await heard(line)

    assert welcome == {
        "type": "authenticated",
        "principal": "user:ada",
        "scopes": ["read", "trade"],
        "expires_at": "2025-11-16T10:50:00Z",
    }
    assert told["data"]["message"] == "now"


@pytest.mark.parametrize(
    "first",
    [
        SUBSCRIBE,
        {"action": "ping"},
        {"action": "auth", "token": "wrong"},
        {"action": "auth", "token": "tmcp_0123456789abcdef_0"},
        {"action": "auth"},
        {"action": "auth", "token": "x" * 10_000},
        [],
    ],
)
async def test_who_says_something_else_first_is_sent_away(server: Running, first: Any) -> None:
    async with connect(server) as line:
        told = await ask(line, first)
        code, _ = await closed(line)

    assert told["type"] == "error"
    assert code == 4401


async def test_who_says_nothing_is_sent_away(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "INTRODUCTION_S", 0.05)
    async with connect(server) as line:
        assert await closed(line) == (4401, "Nobody has said who it is")


async def test_only_so_many_may_be_silent(
    server: Running, members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws, "MOST_STRANGERS", 1)
    async with connect(server):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with connect(server):
                pass
        async with connect(server, **{"X-API-Key": members.key()}) as known:
            assert await ask(known, {"action": "ping"}) == {"type": "pong"}

    assert refused.value.response.status_code == 503


@pytest.mark.parametrize("path", ["?token=abc", "?access_token=abc"])
async def test_a_token_in_the_url_is_refused(server: Running, path: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(server.ws + path, proxy=None):
            pass

    assert refused.value.response.status_code == 400
    assert "URL" in json.loads(refused.value.response.body or b"")["error"]


@pytest.mark.usefixtures("impatient")
async def test_a_key_that_is_revoked_ends_its_connections_and_no_others(
    server: Running, members: Members
) -> None:
    ended, lasting = members.key(), members.key()
    async with (
        connect(server, **{"X-API-Key": ended}) as line,
        connect(server, **{"X-API-Key": lasting}) as other,
    ):
        await ask(line, SUBSCRIBE)
        members.registry.revoke_key(ended.split("_")[1])

        assert await closed(line) == (4401, "The key was revoked")
        assert await ask(other, {"action": "ping"}) == {"type": "pong"}


@pytest.mark.usefixtures("impatient")
async def test_a_token_that_expires_ends_the_connection_unless_it_is_renewed(
    server: Running, members: Members, clock: SetClock
) -> None:
    members.user("ada")
    first = await token_of(server, "ada")
    async with connect(server) as line, connect(server) as other:
        for one in (line, other):
            await ask(one, {"action": "auth", "token": first})
        clock.pass_(3000)
        second = await token_of(server, "ada")
        renewed = await ask(other, {"action": "auth", "token": second})
        clock.pass_(700)

        assert await closed(line) == (4401, "The token or key has expired")
        assert renewed["expires_at"] == "2025-11-16T11:40:00Z"
        assert await ask(other, {"action": "ping"}) == {"type": "pong"}


@pytest.mark.usefixtures("impatient")
async def test_who_logs_out_is_cut_off(server: Running, members: Members) -> None:
    token = await token_of(server, members.user())
    bearer = {"Authorization": f"Bearer {token}"}
    async with connect(server, **bearer) as line, httpx.AsyncClient(headers=bearer) as client:
        await ask(line, {"action": "ping"})
        await client.post(f"{server.rest}/api/v1/auth/logout")

        assert await closed(line) == (4401, "The token was logged out")


async def test_a_connection_does_not_change_hands(server: Running, members: Members) -> None:
    async with connect(server, **{"X-API-Key": members.key()}) as line:
        told = await ask(line, {"action": "auth", "token": members.key()})
        still = await ask(line, {"action": "ping"})

    assert (told["type"], told["code"]) == ("error", "INVALID_REQUEST")
    assert still == {"type": "pong"}


async def test_how_many_messages_a_second_is_a_setting(
    running: Serve, fakes: Fakes, members: Members
) -> None:
    fakes.behind["ws_messages_per_second"] = 3
    async with running() as server, connect(server, **{"X-API-Key": members.key()}) as line:
        for _ in range(8):
            await line.send('{"action": "ping"}')
        code, reason = await closed(line)

    assert (code, reason) == (1008, "More than 3 messages in a second")


async def test_a_second_is_any_second(
    running: Serve, fakes: Fakes, members: Members, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "time", clock)
    fakes.behind["ws_messages_per_second"] = 3
    async with running() as server, connect(server, **{"X-API-Key": members.key()}) as line:
        clock.pass_(0.9)
        early = [await ask(line, {"action": "ping"}) for _ in range(2)]
        clock.pass_(0.2)
        late = [await ask(line, {"action": "ping"}) for _ in range(1)]
        await line.send('{"action": "ping"}')
        code, _ = await closed(line)

    assert early + late == [{"type": "pong"}] * 3
    assert code == 1008
