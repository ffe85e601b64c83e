"""What is wrong with a request is said in the documented form, and where it is wrong."""

from typing import Any

import httpx
import pytest
from api_fakes import Fakes

SCALPING = "/api/v1/scalping"
ADD = f"{SCALPING}/pairs/add"
LIMITS = f"{SCALPING}/risk/limits"
HISTORY = f"{SCALPING}/positions/history"


def bodies() -> list[tuple[str, str, bytes, str, Any]]:
    return [
        ("PUT", LIMITS, b'{"max_daily_loss_usd": "20"}', "INVALID_PARAMETER", "$.max_daily_loss_usd"),
        ("PUT", LIMITS, b'{"max_daily_loss_usd": true}', "INVALID_PARAMETER", "$.max_daily_loss_usd"),
        ("PUT", LIMITS, b'{"max_daily_loss_usd": -1}', "INVALID_PARAMETER", "$.max_daily_loss_usd"),
        ("PUT", LIMITS, b'{"max_daily_loss_usd": 1e999}', "INVALID_PARAMETER", "$.max_daily_loss_usd"),
        ("PUT", LIMITS, b'{"max_consecutive_losses": 1.5}', "INVALID_PARAMETER", "$.max_consecutive_losses"),
        ("PUT", LIMITS, b'{"risk_mode": "Mad"}', "INVALID_PARAMETER", "$.risk_mode"),
        ("PUT", LIMITS, b'{"max_daily_loss": 20}', "INVALID_REQUEST", "$.max_daily_loss"),
        ("PUT", LIMITS, b'{"max_daily_loss_usd": NaN}', "INVALID_REQUEST", None),
        ("PUT", LIMITS, b'{"max_daily_loss_usd": Infinity}', "INVALID_REQUEST", None),
        ("PUT", LIMITS, b"[]", "INVALID_REQUEST", "$"),
        ("PUT", LIMITS, b"", "MISSING_PARAMETER", "$"),
        ("POST", ADD, b"{}", "MISSING_PARAMETER", "$.pair"),
        ("POST", ADD, b'{"pair": ["BTC-USDT"]}', "INVALID_PARAMETER", "$.pair"),
        ("POST", ADD, b'{"pair": "BTC-USDT"', "INVALID_REQUEST", None),
        ("POST", ADD, b'{"pair": "BTC-USDT"} {}', "INVALID_REQUEST", None),
        ("POST", ADD, b'{"pair": "\xff"}', "INVALID_REQUEST", None),
        ("POST", ADD, b"pair=BTC-USDT", "INVALID_REQUEST", None),
        ("POST", f"{SCALPING}/start", b'{"pairs": ["BTC-USDT", 5]}', "INVALID_PARAMETER", "$.pairs[1]"),
        ("POST", "/api/v1/positions/p/trailing-stop", b'{"distance_percent": 51}', "INVALID_PARAMETER", "$.distance_percent"),
        ("POST", f"{SCALPING}/strategies/{'r' * 65}/start", b"", "INVALID_PARAMETER", "name"),
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "code", "field"), bodies())
async def test_a_wrong_body_is_refused_with_its_place(
    client: httpx.AsyncClient, fakes: Fakes, method: str, path: str, body: bytes, code: str, field: Any
) -> None:
    answer = await client.request(method, path, content=body)

    told = answer.json()
    assert (answer.status_code, told["code"], told["details"].get("field")) == (400, code, field)
    assert told.keys() == {"success", "error", "code", "details"}
    assert fakes.calls == []


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "INVALID_PARAMETER", "limit"),
        ("limit=1001", "INVALID_PARAMETER", "limit"),
        ("limit=ten", "INVALID_PARAMETER", "limit"),
        ("limit=", "INVALID_PARAMETER", "limit"),
        ("limit=1&limit=2", "INVALID_PARAMETER", "limit"),
        ("since=2025-01-01", "INVALID_REQUEST", "since"),
    ],
)
async def test_a_wrong_query_is_refused(
    client: httpx.AsyncClient, fakes: Fakes, query: str, code: str, field: str
) -> None:
    answer = await client.get(f"{HISTORY}?{query}")

    told = answer.json()
    assert (answer.status_code, told["code"], told["details"]["field"]) == (400, code, field)
    assert fakes.calls == []


async def test_a_refusal_says_what_was_expected_and_found(client: httpx.AsyncClient) -> None:
    answer = await client.post(ADD, json={"pair": 5})

    assert answer.json()["details"] == {"field": "$.pair", "expected": "str", "found": "int"}


@pytest.mark.parametrize("path", ["/nope", "/api/v1/scalping/nope", "/mcpnope", "/mcp/nope"])
async def test_an_unknown_path_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "INVALID_REQUEST")


async def test_another_method_is_refused_with_those_that_work(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{SCALPING}/status")

    assert (answer.status_code, answer.json()["code"]) == (405, "INVALID_REQUEST")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(
    client: httpx.AsyncClient, announced: bool
) -> None:
    async def pieces() -> Any:
        for _ in range(300):
            yield b"x" * 1000

    content = b"x" * 300_000 if announced else pieces()
    answer = await client.post(ADD, content=content)

    assert (answer.status_code, answer.json()["code"]) == (413, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        (b"[" * 33 + b"]" * 33, True),
        (b"[" * 100_000, True),
        (b'{"a":' * 33 + b"1" + b"}" * 33, True),
        (b"[" * 32 + b"]" * 32, False),
        (b"[" + b"[]," * 40 + b"[]]", False),
        (b'["' + b"[{" * 100 + b'"]', False),
        (b'["\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', False),
    ],
)
async def test_a_body_that_is_too_deep_is_refused(
    client: httpx.AsyncClient, body: bytes, is_refused: bool
) -> None:
    answer = await client.put(f"{SCALPING}/strategies/rsi/config", content=body)

    assert answer.status_code == 400
    assert ("deeper" in answer.json()["error"]) is is_refused
