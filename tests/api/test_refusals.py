"""What is wrong with a request is said in the documented form, and where it is wrong."""

import time
from typing import Any

import httpx
import pytest
from api_fakes import Fakes

from trading_mcp.api.bodies import is_deeper
from trading_mcp.api.reading import read_arguments
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.services.shapes.optimization import OptimizeParameters

SCALPING = "/api/v1/scalping"
ADD = f"{SCALPING}/pairs/add"
LIMITS = f"{SCALPING}/risk/limits"
TRAIL = "/api/v1/positions/pos_1/trailing-stop"
HISTORY = f"{SCALPING}/positions/history"


WRONG, MISSING, BAD = "INVALID_PARAMETER", "MISSING_PARAMETER", "INVALID_REQUEST"
BODIES: list[tuple[str, str, bytes, str, str | None]] = [
    ("PUT", LIMITS, b'{"max_daily_loss_usd": "20"}', WRONG, "$.max_daily_loss_usd"),
    ("PUT", LIMITS, b'{"max_daily_loss_usd": true}', WRONG, "$.max_daily_loss_usd"),
    ("PUT", LIMITS, b'{"max_daily_loss_usd": -1}', WRONG, "$.max_daily_loss_usd"),
    ("PUT", LIMITS, b'{"max_daily_loss_usd": 1e999}', WRONG, "$.max_daily_loss_usd"),
    ("PUT", LIMITS, b'{"max_consecutive_losses": 1.5}', WRONG, "$.max_consecutive_losses"),
    ("PUT", LIMITS, b'{"risk_mode": "Mad"}', WRONG, "$.risk_mode"),
    ("PUT", LIMITS, b'{"max_daily_loss": 20}', BAD, "$.max_daily_loss"),
    ("PUT", LIMITS, b'{"max_daily_loss_usd": NaN}', BAD, None),
    ("PUT", LIMITS, b'{"max_daily_loss_usd": Infinity}', BAD, None),
    ("PUT", LIMITS, b"[]", BAD, "$"),
    ("PUT", LIMITS, b"", MISSING, "$"),
    ("POST", ADD, b"{}", MISSING, "$.pair"),
    ("POST", ADD, b'{"pair": ["BTC-USDT"]}', WRONG, "$.pair"),
    ("POST", ADD, b'{"pair": "BTC-USDT"', BAD, None),
    ("POST", ADD, b'{"pair": "BTC-USDT"} {}', BAD, None),
    ("POST", ADD, b'{"pair": "\xff"}', BAD, None),
    ("POST", ADD, b"pair=BTC-USDT", BAD, None),
    ("POST", f"{SCALPING}/start", b'{"pairs": ["BTC-USDT", 5]}', WRONG, "$.pairs[1]"),
    ("POST", TRAIL, b'{"distance_percent": 51}', WRONG, "$.distance_percent"),
    ("POST", f"{SCALPING}/strategies/{'r' * 65}/start", b"", WRONG, "name"),
]


@pytest.mark.parametrize(("method", "path", "body", "code", "field"), BODIES)
async def test_a_wrong_body_is_refused_with_its_place(
    client: httpx.AsyncClient,
    fakes: Fakes,
    method: str,
    path: str,
    body: bytes,
    code: str,
    field: Any,
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


async def test_a_refusal_says_what_a_field_takes(client: httpx.AsyncClient) -> None:
    answer = (await client.put(LIMITS, json={"risk_mode": "normal"})).json()

    modes = ["Aggressive", "Conservative", "ControlledCrazy", "Normal"]
    assert answer["error"] == f"risk_mode: expected one of {', '.join(modes)}, got 'normal'"
    assert answer["details"] == {"field": "$.risk_mode", "expected": modes}


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


def test_a_string_that_never_ends_is_looked_through_once() -> None:
    body = b"[]" * 40 + b'"' + b'\\"' * 16_000

    began = time.perf_counter()
    found = is_deeper(body, 32)

    # Looking for its end from each of its quotes anew would take ten.
    assert time.perf_counter() - began < 1
    assert found is False


@pytest.mark.parametrize("name", ["config", "parameters"])
def test_an_object_that_is_sent_as_text_is_asked_for_as_an_object(name: str) -> None:
    asked = {"symbol": "DOGE-USDT", "strategy": "rsi", "parameters": {}}

    with pytest.raises(InvalidParameter) as refused:
        read_arguments({**asked, name: '{"rsi_period": 14}'}, OptimizeParameters)

    assert refused.value.details["field"] == f"$.{name}"
    assert "JSON object itself" in refused.value.hint
