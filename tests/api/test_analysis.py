"""The multi-timeframe route takes what the reference says, and hands it on."""

import httpx
import pytest
from api_fakes import Fakes

from trading_mcp.services.shapes.analysis import TimeframesRequest

PATH = "/api/v1/analysis/multi-timeframe"


async def test_it_is_asked_and_answers_as_the_reference_has_it(
    client: httpx.AsyncClient, fakes: Fakes
) -> None:
    body = {"exchange": "sim", "symbol": "DOGE-USDT", "timeframes": ["1m", "3m", "5m", "15m"]}

    answer = await client.post(PATH, json=body)

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert {"symbol", "timestamp", "timeframes", "consensus"} <= answer.json()["data"].keys()
    request, _ = fakes.called("analyze_multi_timeframe")
    expected = TimeframesRequest(
        exchange="sim", symbol="DOGE-USDT", timeframes=("1m", "3m", "5m", "15m")
    )
    assert request == expected


@pytest.mark.parametrize("timeframes", [[], ["1m"] * 9])
async def test_one_to_eight_timeframes_may_be_named(
    client: httpx.AsyncClient, fakes: Fakes, timeframes: list[str]
) -> None:
    answer = await client.post(PATH, json={"symbol": "DOGE-USDT", "timeframes": timeframes})

    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "INVALID_PARAMETER")
    assert told["details"]["field"] == "$.timeframes"
    assert fakes.calls == []
