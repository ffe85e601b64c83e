"""Correlation over REST: its parameters, read and handed on."""

import httpx
import pytest
from api_fakes import Fakes

from trading_mcp.services.shapes.pairs import CorrelationRequest

PATH = "/api/v1/pairs/correlation"


async def test_pairs_are_separated_by_commas(client: httpx.AsyncClient, fakes: Fakes) -> None:
    answer = await client.get(
        PATH, params={"pairs": "BTC-USDT, ETH-USDT", "interval": "5m", "window": 50}
    )

    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "data"}
    assert {"matrix", "timestamp", "source", "samples"} < set(answer.json()["data"])
    assert fakes.called("get_correlation")[0] == CorrelationRequest(
        pairs=["BTC-USDT", "ETH-USDT"], interval="5m", window=50
    )


async def test_all_of_it_may_be_left_out(client: httpx.AsyncClient, fakes: Fakes) -> None:
    await client.get(PATH)

    assert fakes.called("get_correlation")[0] == CorrelationRequest()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pairs=BTC-USDT", "pairs"),
        ("pairs=", "pairs"),
        ("pairs=BTC-USDT,", "pairs"),
        (f"pairs={','.join(['BTC-USDT'] * 21)}", "pairs"),
        ("window=9", "window"),
        ("window=1001", "window"),
        ("window=many", "window"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    client: httpx.AsyncClient, fakes: Fakes, query: str, field: str
) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_PARAMETER")
    assert field in answer.json()["details"]["field"]
    assert fakes.calls == []
