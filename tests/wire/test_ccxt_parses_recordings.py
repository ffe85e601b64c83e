"""What KuCoin has sent, through the real ccxt, becomes what ccxt's authors say it becomes."""

import asyncio
from typing import Any

import pytest
from wire_recordings import ABSENT, cases, needs_recordings
from wire_replay import Replay, replaying

pytestmark = needs_recordings
ANSWERS = [c for c in cases("ccxt_kucoin_response.json") if c["agrees_with_ccxt_4_5_90"]]
PUSHES = [c for c in cases("ccxt_kucoin_ws.json") if c.get("agrees_with_ccxt_4_5_90") is not False]


def named(case: dict[str, Any]) -> str:
    return f"{case['method']}: {case['description']}"


def method_of(client: Any, name: str) -> Any:
    return getattr(client, client.un_camel_case(name))


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Return where *found* is not what is expected; what is not mentioned may be anything."""
    if expected is None:
        return []
    if isinstance(expected, dict):
        return [
            line
            for key, value in expected.items()
            for line in differences(value, found.get(key), f"{path}.{key}")
        ]
    if isinstance(expected, list):
        if len(expected) > len(found or []):
            return [f"{path}: {len(expected)} expected, got {found}"]
        pairs = enumerate(zip(expected, found, strict=False))
        return [line for n, (e, f) in pairs for line in differences(e, f, f"{path}[{n}]")]
    # Where there is no stop, older versions said 0 and newer ones nothing.
    same = expected == found or (expected == 0 and found is None)
    return [] if same else [f"{path}: expected {expected!r}, got {found!r}"]


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=named(case)) for case in ANSWERS]
    or [pytest.param(None, marks=pytest.mark.skip(ABSENT))],
)
async def test_an_answer_is_parsed(case: dict[str, Any]) -> None:
    async with replaying(Replay(case["http_response"])) as client:
        found = await method_of(client, case["method"])(*case["input"])

    assert differences(case["expected"], found) == []


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=named(case)) for case in PUSHES]
    or [pytest.param(None, marks=pytest.mark.skip(ABSENT))],
)
async def test_a_push_is_parsed(case: dict[str, Any]) -> None:
    replay = Replay(messages=case["messages"])
    async with replaying(replay) as client:
        watch = method_of(client, case["method"])
        async with asyncio.timeout(10):
            found = await watch(*case["input"])
            while differences(case["expected"][-1], newest(found)):
                found = await watch(*case["input"])

    assert [asked["topic"] for asked in replay.subscribed] == [
        asked["topic"] for asked in case["sent"]
    ]


def newest(found: Any) -> Any:
    """Return the last of a growing list: the pushes come faster than they are waited for."""
    return found[-1:] if isinstance(found, list) else found
