"""Private requests prove their key, or are refused in KuCoin's own codes."""

from typing import Any

import ccxt
import pytest

from trading_mcp.testkit.kucoin import LoopbackFaults
from trading_mcp.testkit.kucoin.signing import sign


@pytest.mark.parametrize(
    ("wrong", "code"), [({"apiKey": "another"}, "400003"), ({"password": "another"}, "400004")]
)
async def test_wrong_keys_are_refused(
    kucoin: Any, connect: Any, wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises(ccxt.AuthenticationError, match=code):
        await connect(kucoin, **wrong).fetch_balance()


async def test_a_wrong_secret_is_refused(kucoin: Any, connect: Any) -> None:
    # The passphrase is signed with the secret too, and is looked at first.
    with pytest.raises(ccxt.AuthenticationError, match="400004"):
        await connect(kucoin, secret="another").fetch_balance()


@pytest.mark.parametrize("skew", [-6_000, 6_000])
async def test_a_clock_that_is_far_off_is_refused(kucoin: Any, client: Any, skew: int) -> None:
    await client.load_markets()
    kucoin.set_faults(LoopbackFaults(clock_skew_ms=skew))

    with pytest.raises(ccxt.InvalidNonce, match="400002"):
        await client.fetch_balance()
    assert await client.fetch_time() == pytest.approx(client.milliseconds() + skew, abs=500)


async def test_a_clock_that_is_a_little_off_is_fine(kucoin: Any, client: Any) -> None:
    kucoin.set_faults(LoopbackFaults(clock_skew_ms=4_000))

    assert (await client.fetch_balance())["USDT"]["free"] == 10_000


@pytest.mark.parametrize(
    ("permissions", "symbol"), [("General,Futures", "BTC/USDT"), ("General,Spot", "BTC/USDT:USDT")]
)
async def test_a_key_without_the_permission_is_refused(
    opened: Any, connect: Any, permissions: str, symbol: str
) -> None:
    kucoin = await opened(permissions=permissions)
    client = connect(kucoin)

    with pytest.raises(ccxt.AuthenticationError, match="400007"):
        await client.create_order(symbol, "limit", "buy", 1, 100)
    assert kucoin.ledger()["orders"] == []


async def test_a_request_without_a_signature_is_refused(kucoin: Any, client: Any) -> None:
    raw = await client.fetch(f"{kucoin.base_url}/api/v1/status", "GET")
    assert raw["data"]["status"] == "open"

    with pytest.raises(ccxt.AuthenticationError, match="400001"):
        await client.fetch(f"{kucoin.base_url}/api/v1/accounts", "GET")


def test_the_signature_is_the_documented_one() -> None:
    assert sign("secret", "message") == "i19IcCmVwVmMVz2x4hhmqbgl1KeU0WnXBgoDYFeWNgs="


async def test_a_changed_body_is_refused(kucoin: Any, client: Any) -> None:
    await client.load_markets()
    signed = client.sign("orders", ["private"], "POST", {"symbol": "BTC-USDT", "side": "buy"})
    body = signed["body"].replace("buy", "sell")

    with pytest.raises(ccxt.AuthenticationError, match="400005"):
        await client.fetch(signed["url"], "POST", signed["headers"], body)
