"""What can be wrong with a real exchange is found: real ccxt asks a loopback KuCoin."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.ccxt.key_file import FILE, KeyFile
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.app.doctor.minimums import least_amount
from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin import Loopback, LoopbackFaults, LoopbackSettings, loopback_kucoin

pytestmark = pytest.mark.slow

SECRETS = {"KEY": "5c2db93503aa674c74a31734", "SECRET": "a12b0e3f-1111-4a11-9d63-c5a4f7b9e001"}
LIVE = (
    'exchanges.kucoin.mode="live"',
    "exchanges.kucoin.max_exposure_usd=100",
)
NAMED = ('exchanges.kucoin.api_key="env:KEY"', 'exchanges.kucoin.secret="env:SECRET"')


@pytest.fixture
async def kucoin(request: pytest.FixtureRequest) -> AsyncIterator[Loopback]:
    """A loopback KuCoin whose prices stay where they are."""
    faults = getattr(request, "param", LoopbackFaults())
    settings = LoopbackSettings(manual=True, prices={"BTC-USDT": 60_000.0}, faults=faults)
    async with loopback_kucoin(settings) as made:
        yield made


def at(kucoin: Loopback, *more: str) -> tuple[str, ...]:
    """Return the settings that trade on *kucoin* alone."""
    return (
        "exchanges.sim.enabled=false",
        f'exchanges.kucoin.base_url="{kucoin.base_url}"',
        'scalping.exchange="kucoin"',
        'scalping.pairs=["BTC-USDT", "DOGE-USDT-PERP"]',
        *more,
    )


async def test_an_exchange_that_is_well_is_ready(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin))

    assert wrong(found) == {}
    assert "BTC-USDT, DOGE-USDT-PERP" in found["exchanges.kucoin.markets"].found
    assert "tick 0.1, step 0.00001" in found["exchanges.kucoin.minimums.BTC-USDT"].found
    assert found["exchanges.kucoin.stream"].found.startswith("BTC-USDT: bid ")


async def test_on_paper_not_a_single_private_request_is_made(examined, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), *NAMED, **SECRETS)

    assert not kucoin.private_requests
    assert "no private request will be made" in found["exchanges.kucoin.mode"].found


async def test_offline_asks_nothing(examined, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), offline=True)

    assert not kucoin.requests
    assert found["exchanges.kucoin"].found == "not asked: offline"


@pytest.mark.parametrize(
    ("kucoin", "verdict"),
    [
        (LoopbackFaults(clock_skew_ms=-300), "ok"),
        (LoopbackFaults(clock_skew_ms=1_900), "warn"),
        (LoopbackFaults(clock_skew_ms=-1_900), "warn"),
        (LoopbackFaults(clock_skew_ms=60_000), "fail"),
    ],
    indirect=["kucoin"],
)
async def test_a_clock_that_is_off_is_told(examined, kucoin: Loopback, verdict: str) -> None:
    found = await examined(*at(kucoin))

    assert found["exchanges.kucoin.clock"].verdict == verdict


async def test_an_exchange_that_is_not_there_is_found(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), 'exchanges.kucoin.base_url="http://127.0.0.1:1"')

    assert wrong(found) == {"exchanges.kucoin.rest": "fail"}
    assert "does not answer at http://127.0.0.1:1: " in found["exchanges.kucoin.rest"].found


@pytest.mark.parametrize("kucoin", [LoopbackFaults(hang=1.0, acts=("public",))], indirect=True)
async def test_an_exchange_that_is_silent_is_not_waited_for(
    examined, wrong, kucoin: Loopback
) -> None:
    found = await examined(*at(kucoin), timeout_s=0.5)

    assert wrong(found) == {"exchanges.kucoin.rest": "fail"}
    assert found["exchanges.kucoin.rest"].found.endswith("no answer in time")


async def test_a_pair_that_is_not_there_is_found(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), 'scalping.pairs=["BTC-USDT", "MOON-USDT"]')

    assert wrong(found) == {"exchanges.kucoin.markets": "fail"}
    assert "not there, or not traded now: MOON-USDT" in found["exchanges.kucoin.markets"].found


@pytest.mark.parametrize("kucoin", [LoopbackFaults(halted=("BTC-USDT",))], indirect=True)
async def test_a_pair_that_is_halted_is_found(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin))

    assert wrong(found) == {"exchanges.kucoin.markets": "fail"}


@pytest.mark.parametrize(
    ("setting", "verdicts"),
    [
        ("risk.max_position_size_usd=0.5", {"": "fail"}),
        ("risk.max_total_exposure_usd=0.5", {"": "fail"}),
        ("exchanges.kucoin.max_exposure_usd=0.5", {"": "fail"}),
        ("risk.risk_per_trade_percent=0.00001", {".risk_per_trade": "warn"}),
        ("strategies.settings.rsi_scalping={weight = 0.001}", {".weights": "warn"}),
    ],
)
async def test_limits_below_the_smallest_order_are_told(
    examined, wrong, kucoin: Loopback, setting: str, verdicts: dict[str, str]
) -> None:
    found = await examined(
        *at(kucoin), 'scalping.pairs=["BTC-USDT"]', 'strategies.enabled=["rsi"]', setting
    )

    check = "exchanges.kucoin.minimums.BTC-USDT"
    assert wrong(found) == {f"{check}{end}": verdict for end, verdict in verdicts.items()}


@pytest.mark.parametrize(
    ("rules", "least"),
    [
        ({"min_amount": "0.001"}, "0.00105"),
        ({"min_notional": "10"}, "0.000105"),
        ({"step": "0.01"}, "0.01"),
    ],
)
def test_the_smallest_order_can_be_sold_again(rules: dict[str, str], least: str) -> None:
    plain: dict[str, Any] = {"tick": "0.1", "step": "0.000001"}
    numbers = {"min_amount": "0", "min_notional": "0", "maker_fee": "0", "taker_fee": "0"}
    market = Market(
        exchange="kucoin",
        symbol="BTC-USDT",
        base="BTC",
        quote="USDT",
        type="spot",
        **{name: Decimal(text) for name, text in {**plain, **numbers, **rules}.items()},
    )

    assert least_amount(market, Decimal(100_000)) == Decimal(least)


async def test_an_exchange_that_nobody_knows_is_found(examined, wrong, kucoin: Loopback) -> None:
    found = await examined(*at(kucoin), 'exchanges.kucoin.kind="cucumber"', offline=True)

    assert wrong(found) == {"exchanges.kucoin.kind": "fail"}


Setting = Callable[[Path], None]


def nothing(data_dir: Path) -> None:
    pass


def in_the_file(data_dir: Path) -> None:
    keys = Keys(api_key=SECRETS["KEY"], secret=SECRETS["SECRET"])
    KeyFile(data_dir / FILE).put("kucoin", keys, "correct horse battery", 1000)


def for_all_to_read(data_dir: Path) -> None:
    in_the_file(data_dir)
    (data_dir / FILE).chmod(0o644)


@pytest.mark.parametrize(
    ("kept", "named", "environ", "verdict", "told"),
    [
        (nothing, (), {}, "fail", "none: neither variables are named nor does"),
        (nothing, NAMED, {}, "fail", "not in the environment: KEY, SECRET"),
        (nothing, NAMED, SECRETS, "ok", "in the environment: KEY, SECRET"),
        (in_the_file, (), {}, "ok", "encrypted"),
        (for_all_to_read, (), {}, "fail", "others may read or change it"),
    ],
)
async def test_keys_are_looked_for_where_they_are_said_to_be(
    examined,
    kucoin: Loopback,
    data_dir: Path,
    kept: Setting,
    named: tuple[str, ...],
    environ: dict[str, str],
    verdict: str,
    told: str,
) -> None:
    kept(data_dir)

    found = await examined(*at(kucoin, *LIVE, *named), offline=True, **environ)

    keys = found["exchanges.kucoin.keys"]
    assert (keys.verdict, told in keys.found) == (verdict, True)
    assert not any(secret in repr(found) for secret in SECRETS.values())
