"""What can be wrong with a real account is found: real ccxt asks a loopback KuCoin."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from trading_mcp.testkit.kucoin import Loopback, LoopbackFaults, LoopbackSettings, loopback_kucoin

pytestmark = pytest.mark.slow

ENVIRON = {"KEY": "loopback-key", "SECRET": "loopback-secret", "PHRASE": "loopback-passphrase"}
WELL = LoopbackSettings(
    manual=True, symbols=("BTC-USDT", "DOGE-USDT-PERP"), ip_list="127.0.0.1", futures_balance=0.0
)
LIVE = (
    "exchanges.sim.enabled=false",
    'scalping.exchange="kucoin"',
    'scalping.pairs=["BTC-USDT"]',
    'exchanges.kucoin.mode="live"',
    'exchanges.kucoin.api_key="env:KEY"',
    'exchanges.kucoin.secret="env:SECRET"',
    'exchanges.kucoin.passphrase="env:PHRASE"',
    "exchanges.kucoin.max_exposure_usd=100",
)


def but(**changes: object) -> LoopbackSettings:
    return msgspec.structs.replace(WELL, **changes)


@pytest.fixture
async def kucoin(request: pytest.FixtureRequest) -> AsyncIterator[Loopback]:
    """A loopback KuCoin whose account is fit to be traded on, but for what the test says."""
    async with loopback_kucoin(getattr(request, "param", WELL)) as made:
        yield made


def at(kucoin: Loopback, *more: str) -> tuple[str, ...]:
    return (*LIVE, f'exchanges.kucoin.base_url="{kucoin.base_url}"', *more)


def places_orders(request: str) -> bool:
    return request.startswith(("POST", "DELETE")) and "order" in request.lower()


@pytest.mark.parametrize("kucoin", [WELL, but(hf=True)], indirect=True, ids=["classic", "hf"])
async def test_an_account_that_is_fit_is_ready(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), **ENVIRON)

    assert wrong(found) == {}
    assert found["exchanges.kucoin.mode"].found == "live: real money, up to 100.00 USD"
    assert found["exchanges.kucoin.balance"].found.startswith("10,000.00 USDT")
    assert not any(map(places_orders, kucoin.private_requests))


@pytest.mark.parametrize(
    ("kucoin", "check", "verdict", "told"),
    [
        (but(permissions="General,Spot,Futures,Withdrawal"), "account", "fail", "Withdrawal"),
        (but(permissions="General,Spot,Futures,FlexTransfers"), "account", "fail", "FlexTransfers"),
        (but(permissions="General,Spot"), "account", "fail", "add Futures"),
        (but(ip_list=""), "ip_list", "warn", "from any address"),
        (but(balances={"USDT": 40.0}), "balance", "warn", "40.00 USDT"),
        (but(balances={"BTC": 1.0}), "balance", "fail", "0.00 USDT"),
        (but(secret="another-secret"), "account", "fail", "its secret or its passphrase is wrong"),
        (
            but(faults=LoopbackFaults(http_503=1.0, acts=("query",))),
            "account",
            "fail",
            "NotAvailable",
        ),
    ],
    indirect=["kucoin"],
)
async def test_what_is_wrong_with_an_account_is_found(
    examined, wrong, kucoin: Loopback, check: str, verdict: str, told: str
) -> None:
    found = await examined(*at(kucoin), **ENVIRON)

    assert wrong(found) == {f"exchanges.kucoin.{check}": verdict}
    assert told in found[f"exchanges.kucoin.{check}"].found
    assert not any(secret in repr(found) for secret in ENVIRON.values())


@pytest.mark.parametrize("kucoin", [but(ip_list="")], indirect=True)
async def test_keys_without_a_list_are_refused_where_one_is_required(
    examined, wrong, kucoin: Loopback
) -> None:
    found = await examined(*at(kucoin, "exchanges.kucoin.require_ip_list=true"), **ENVIRON)

    assert wrong(found) == {"exchanges.kucoin.account": "fail"}


async def test_keys_that_are_samples_are_never_sent(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), **{**ENVIRON, "SECRET": "super-secret"})

    assert wrong(found) == {"exchanges.kucoin.account": "fail"}
    assert not kucoin.private_requests
