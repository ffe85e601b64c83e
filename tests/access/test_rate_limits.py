"""How much each may ask for: counted before anything else, per address, and of tools per key."""

from typing import Any

import httpx
import pytest
import websockets
from access_members import Members, SetClock
from api_fakes import Fakes
from api_running import Serve, in_process
from fastmcp import Client

from trading_mcp.api.addresses import Clients, household
from trading_mcp.api.rate_limits import RateLimits
from trading_mcp.api.settings import RateLimitSettings
from trading_mcp.services.rates import Rate

PATH = "/api/v1/scalping/status"
PROXIED = {"trusted_proxies": ("127.0.0.1",)}


@pytest.fixture
def limited(fakes: Fakes, clock: SetClock) -> Any:
    """A function that sets limits."""

    def limit(**settings: int) -> None:
        fakes.behind["limits"] = RateLimits(
            RateLimitSettings(**settings), wall=clock.wall, monotonic=clock.monotonic
        )

    return limit


def shown(key: str, **also: str) -> dict[str, str]:
    return {"X-API-Key": key, **also}


async def test_one_too_many_waits_as_long_as_it_is_told(
    fakes: Fakes, members: Members, clock: SetClock, limited: Any
) -> None:
    limited()
    key = members.key()
    async with in_process(fakes) as client:
        answers = [await client.get(PATH, headers=shown(key)) for _ in range(100)]
        clock.pass_(45)
        refused = await client.get(PATH, headers=shown(key))
        clock.pass_(15)
        again = await client.get(PATH, headers=shown(key))

    assert [answer.status_code for answer in answers] == [200] * 100
    assert told(answers[0]) == ("100", "99", str(1_763_286_600 + 60))
    assert told(answers[-1]) == ("100", "0", str(1_763_286_600 + 60))
    assert (refused.status_code, refused.json()["code"]) == (429, "INVALID_REQUEST")
    assert refused.headers["retry-after"] == "15"
    assert told(refused) == ("100", "0", str(1_763_286_600 + 60))
    assert refused.json()["details"]["retry_after_s"] == 15
    assert again.status_code == 200


async def test_whoever_watches_the_server_is_not_shut_out(fakes: Fakes, limited: Any) -> None:
    limited(requests_per_minute=1)
    async with in_process(fakes) as client:
        answers = [await client.get("/health") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "x-ratelimit-limit" not in answers[-1].headers


def told(answer: httpx.Response) -> tuple[str, str, str]:
    names = ("limit", "remaining", "reset")
    limit, remaining, reset = (answer.headers[f"x-ratelimit-{name}"] for name in names)
    return limit, remaining, reset


async def test_what_is_refused_is_counted_as_well(fakes: Fakes, limited: Any) -> None:
    """Else guessing keys would cost nothing."""
    limited(requests_per_minute=3)
    async with in_process(fakes) as client:
        paths = [PATH, "/nope", "/docs", PATH]
        answers = [await client.get(path, headers=shown("tmcp_guess")) for path in paths]

    assert [answer.status_code for answer in answers] == [401, 404, 200, 429]
    assert all("x-ratelimit-limit" in answer.headers for answer in answers)


async def test_a_page_may_ask_beforehand_and_read_what_is_left(
    fakes: Fakes, members: Members, limited: Any
) -> None:
    limited(requests_per_minute=1)
    page = "https://app.example"
    before = {
        "origin": page,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, idempotency-key, x-request-id",
    }
    async with in_process(fakes, allowed_origins=(page,)) as client:
        preflights = [await client.options(PATH, headers=before) for _ in range(3)]
        first = await client.get(PATH, headers=shown(members.key(), origin=page))
        second = await client.get(PATH, headers={"origin": page})

    for answer in preflights:
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == page
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "idempotency-key" in answer.headers["access-control-allow-headers"]
    assert [first.status_code, second.status_code] == [200, 429]
    for answer in (first, second):  # an error too is for the page to read
        assert answer.headers["access-control-allow-origin"] == page
        readable = answer.headers["access-control-expose-headers"]
        assert {"x-ratelimit-remaining", "retry-after"} <= set(readable.split(", "))


async def test_a_page_may_read_that_it_must_log_in(fakes: Fakes) -> None:
    page = "https://app.example"
    async with in_process(fakes, allowed_origins=(page,)) as client:
        answer = await client.get(PATH, headers={"origin": page})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == page


async def test_a_handshake_is_a_request(running: Serve, members: Members, limited: Any) -> None:
    limited(requests_per_minute=1)
    async with running() as server:
        async with websockets.connect(
            server.ws, additional_headers=shown(members.key()), proxy=None
        ):
            pass
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(server.ws, proxy=None):
                pass

    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "60"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tool_calls_are_counted_by_key_and_nothing_else_is(
    running: Serve, members: Members, clock: SetClock, limited: Any, mode: str
) -> None:
    limited(mcp_calls_per_hour=2, requests_per_minute=5)
    async with running() as server:
        async with Client(f"{server.mcp}/mcp", auth=members.key(), mode=mode) as agent:
            for _ in range(6):
                await agent.list_tools()
            calls = [await call(agent) for _ in range(3)]
            clock.pass_(3600)
            later = await call(agent)
        async with Client(f"{server.mcp}/mcp", auth=members.key(), mode=mode) as other:
            fresh = await call(other)

    assert [answer.is_error for answer in calls] == [False, False, True]
    refused = calls[-1].structured_content
    assert (refused["code"], refused["retriable"]) == ("INVALID_REQUEST", True)
    assert refused["details"] == {"retry_after_s": 3600, "limit": 2}
    assert [later.is_error, fresh.is_error] == [False, False]


async def test_sessions_are_not_opened_without_end(
    running: Serve, members: Members, limited: Any
) -> None:
    limited(requests_per_minute=3)
    asked = {"protocolVersion": "2025-06-18", "capabilities": {}}
    params = asked | {"clientInfo": {"name": "test", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    headers = shown(members.key(), accept="application/json, text/event-stream")
    async with running() as server, httpx.AsyncClient(headers=headers) as client:
        answers = [await client.post(f"{server.mcp}/mcp", json=body) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def call(agent: Client[Any]) -> Any:
    return await agent.call_tool("bot_status", {}, raise_on_error=False)


async def test_a_call_says_what_is_left(running: Serve, members: Members, limited: Any) -> None:
    limited(mcp_calls_per_hour=2)
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "bot_status", "arguments": {}},
    }
    accept = {"accept": "application/json, text/event-stream"}
    async with running() as server, httpx.AsyncClient(headers=shown(members.key())) as client:
        first = await client.post(f"{server.mcp}/mcp", json=body, headers=accept)
        listed = await client.post(
            f"{server.mcp}/mcp", json=body | {"method": "tools/list"}, headers=accept
        )

    assert told(first)[:2] == ("2", "1")
    assert "x-ratelimit-limit" not in listed.headers


@pytest.mark.parametrize("path", ["//mcp", "/api/scalping//mcp", "/api/mcp//", "/mcp//"])
async def test_no_spelling_of_its_path_makes_a_call_something_else(
    running: Serve, members: Members, fakes: Fakes, limited: Any, path: str
) -> None:
    limited(mcp_calls_per_hour=1)
    revision, about = "2026-07-28", "io.modelcontextprotocol"
    meta = {f"{about}/protocolVersion": revision, f"{about}/clientCapabilities": {}}
    called = {"name": "bot_status", "arguments": {}, "_meta": meta}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
    spoken = {
        "mcp-protocol-version": revision,
        "mcp-method": "tools/call",
        "mcp-name": "bot_status",
    }
    headers = shown(members.key("admin"), accept="application/json, text/event-stream", **spoken)
    async with running() as server, httpx.AsyncClient(headers=headers) as client:
        answers = [await client.post(server.mcp + path, json=body) for _ in range(2)]

    assert [answer.json()["result"]["isError"] for answer in answers] == [False, True]
    [caller] = [caller for _, _, caller in fakes.calls if caller.principal != "server"]
    assert "admin" not in caller.scopes


async def test_without_keys_tools_are_counted_by_address(
    running: Serve, fakes: Fakes, limited: Any
) -> None:
    limited(mcp_calls_per_hour=1)
    fakes.behind["login_required"] = False
    async with running() as server:
        for expected in (False, True):
            async with Client(f"{server.mcp}/mcp") as agent:
                assert (await call(agent)).is_error is expected


async def test_knocking_at_mcp_without_a_key_is_limited(running: Serve, limited: Any) -> None:
    limited(requests_per_minute=2)
    async with running() as server, httpx.AsyncClient() as client:
        knocks = [await client.post(f"{server.mcp}/mcp", json={}) for _ in range(3)]

    assert [answer.status_code for answer in knocks] == [401, 401, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # nobody who is trusted to say it
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # the rest may be made up
        ("10.0.0.1", ["198.51.100.1, 10.0.7.7"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.7.7"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.5, \xff"], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
    ],
)
def test_forwarded_for_is_believed_from_proxies_only(
    peer: str, forwarded: list[str], client: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]

    found = Clients(["10.0.0.0/8"]).address({"client": (peer, 1), "headers": headers})

    assert found == client


async def test_each_client_of_a_proxy_has_its_own_limit(
    fakes: Fakes, members: Members, limited: Any
) -> None:
    limited(requests_per_minute=1)
    async with in_process(fakes, **PROXIED) as client:
        answers = [
            await client.get(PATH, headers=shown(members.key(), **{"X-Forwarded-For": address}))
            for address in ("192.0.2.1", "192.0.2.2", "6.6.6.6, 192.0.2.1", "2001:db8::1")
        ]
        again = await client.get(PATH, headers={"X-Forwarded-For": "2001:db8::ffff"})

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert again.status_code == 429  # the same /64


def test_a_household_is_an_address_or_a_line() -> None:
    assert household("192.0.2.1") == "192.0.2.1"
    assert household("::ffff:192.0.2.1") == "192.0.2.1"
    assert household("2001:db8:1:2:3::4") == household("2001:db8:1:2::ffff")
    assert household("2001:db8:1:3::4") != household("2001:db8:1:2::4")
    assert household("") == ""


def test_no_window_of_time_has_more_than_it_may(clock: SetClock) -> None:
    rate = Rate(5, 60, clock.monotonic)
    let_through = []
    for _ in range(400):
        clock.pass_(1.7)
        if not rate.take("a").is_refused:
            let_through.append(clock.seconds)

    assert all(sum(start <= at < start + 60 for at in let_through) <= 5 for start in let_through)
    assert len(let_through) > 50


def test_only_so_many_addresses_are_remembered(clock: SetClock) -> None:
    rate = Rate(1, 60, clock.monotonic, most=3)
    rate.take("a")
    for stranger in range(2):
        rate.take(f"stranger{stranger}")
    assert rate.take("a").is_refused  # and is the newest again

    for stranger in range(2, 5):
        rate.take(f"stranger{stranger}")

    assert len(rate._times) == 3
    assert not rate.take("a").is_refused
