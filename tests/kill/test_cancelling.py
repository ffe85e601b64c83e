"""`trading-mcp kill --cancel-orders` cancels at the exchange, whatever the server does."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from trading_mcp.adapters.ccxt import live
from trading_mcp.app.sweeping import protects
from trading_mcp.cli import main
from trading_mcp.domain.reports import OrderReport, OrderTerms
from trading_mcp.testkit.kucoin import (
    ByHand,
    Loopback,
    LoopbackFaults,
    LoopbackSettings,
    Scripted,
    loopback_kucoin,
)

pytestmark = pytest.mark.slow

KEYS = {"KEY": "loopback-key", "SECRET": "loopback-secret", "PHRASE": "loopback-passphrase"}
CONFIG = """
[scalping]
exchange = "kucoin"

[exchanges.sim]
enabled = false

[exchanges.kucoin]
mode = "live"
base_url = "{base_url}"
max_exposure_usd = 100.0
api_key = "env:KEY"
secret = "env:SECRET"
passphrase = "env:PHRASE"
"""
BTC = partial(ByHand, symbol="BTC-USDT", amount=0.01)
ETH = partial(ByHand, symbol="ETH-USDT-PERP", amount=0.1)
ORDERS = [
    ETH(side="buy", type="market"),
    BTC(side="buy", type="limit", price=50_000.0),
    BTC(side="buy", type="market", stop="entry", stop_price=70_000.0),
    BTC(side="sell", type="market", stop="loss", stop_price=55_000.0),
    ETH(side="buy", type="limit", price=2_500.0),
    ETH(side="sell", type="market", stop="down", stop_price=2_800.0, reduce_only=True),
]
Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture(params=[False, True], ids=["classic", "hf"])
async def kucoin(request: pytest.FixtureRequest) -> AsyncIterator[Loopback]:
    """A loopback KuCoin with orders of every kind, two of which protect positions."""
    balances = {"USDT": 10_000.0, "BTC": 1.0}
    prices = {"BTC-USDT": 60_000.0, "ETH-USDT-PERP": 3_000.0}
    settings = LoopbackSettings(
        manual=True, prices=prices, balances=balances, symbols=tuple(prices), hf=request.param
    )
    async with loopback_kucoin(settings) as made:
        for order in ORDERS:
            made.place(order)
        yield made


@pytest.fixture
def kill(kucoin: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG.format(base_url=kucoin.base_url))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    async def running(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["kill", "--cancel-orders", *words])
        return code, capsys.readouterr().out

    return running


def working(kucoin: Loopback) -> list[str]:
    return sorted(
        f"{order['symbol']} {order['side']}"
        for order in kucoin.ledger()["orders"]
        if order["status"] in ("open", "waiting")
    )


def is_killed() -> bool:
    return Path("data/KILL").exists()


async def test_all_but_protective_stops_is_cancelled(kill: Run, kucoin: Loopback) -> None:
    code, told = await kill()

    assert (code, is_killed()) == (0, True)
    assert working(kucoin) == ["BTC-USDT sell", "ETH-USDT-PERP sell"]
    assert "kucoin  3 orders cancelled; none is open but 2 protective stops" in told
    assert not any(secret in told for secret in KEYS.values())


async def test_all_is_cancelled_if_that_is_asked(kill: Run, kucoin: Loopback) -> None:
    code, told = await kill("--all")

    assert code == 0
    assert working(kucoin) == []
    assert "5 orders cancelled; none is open\n" in told


async def test_a_cancel_that_fails_is_sent_again(kill: Run, kucoin: Loopback) -> None:
    kucoin.script(Scripted(kind="http_503", method="DELETE", after_accept=False))

    code, told = await kill()

    assert code == 0
    assert working(kucoin) == ["BTC-USDT sell", "ETH-USDT-PERP sell"]
    assert "not cancelled" in told


async def test_what_cannot_be_cancelled_is_told(kill: Run, kucoin: Loopback) -> None:
    kucoin.set_faults(LoopbackFaults(http_503=1.0, accepted=0.0, acts=("cancel",)))

    code, told = await kill()

    assert (code, is_killed()) == (3, True)
    assert len(working(kucoin)) == 5
    assert "STILL OPEN after 3 rounds: " in told


async def test_an_exchange_that_is_not_reached_at_once_is_tried_again(
    kill: Run, kucoin: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, opened = [], live.open_venue
    monkeypatch.delitem(sys.modules, "ccxt.pro")

    async def slow_once(*args: Any, **options: Any) -> Any:
        attempts.append("ccxt.pro" in sys.modules)  # its import is no time of the exchange's
        if len(attempts) == 1:
            raise TimeoutError
        return await opened(*args, **options)

    monkeypatch.setattr(live, "open_venue", slow_once)

    code, told = await kill()

    assert (code, attempts) == (0, [True, True])
    assert "3 orders cancelled" in told


async def test_whose_time_ran_out_is_told(kill: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*args: Any, **options: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(live, "open_venue", never)

    code, told = await kill()

    assert code == 3
    assert "could not be reached within 20 s, in either of two attempts" in told


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SECRET": "another-secret-of-somebody"}, "NOTHING WAS CANCELLED: KuCoin does not accept"),
        ({"SECRET": ""}, "the environment variable SECRET is not set"),
    ],
)
async def test_without_keys_the_file_is_written_all_the_same(
    kill: Run, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], told: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    code, out = await kill()

    assert (code, is_killed()) == (3, True)
    assert told in out


async def test_without_a_live_exchange_there_is_nothing_to_cancel(
    kill: Run, kucoin: Loopback
) -> None:
    code, told = await kill("--set", "exchanges.kucoin.mode=paper")

    assert code == 0
    assert "no real order can be open" in told
    assert not kucoin.private_requests


@pytest.mark.parametrize(
    ("symbol", "terms", "protective"),
    [
        ("BTC-USDT", {"side": "sell", "type": "stop"}, True),
        ("BTC-USDT", {"side": "buy", "type": "stop"}, False),
        ("BTC-USDT", {"side": "sell", "type": "limit"}, False),
        ("BTC-USDT-PERP", {"side": "buy", "type": "stop", "reduce_only": True}, True),
        ("BTC-USDT-PERP", {"side": "sell", "type": "stop"}, False),
        ("BTC-USDT", None, False),
    ],
)
def test_only_stops_that_make_positions_smaller_protect(
    symbol: str, terms: dict[str, Any] | None, protective: bool
) -> None:
    report = OrderReport(
        exchange="kucoin",
        symbol=symbol,
        client_id="c1",
        venue_id="v1",
        status="open",
        filled=Decimal(0),
        at=1000,
        terms=OrderTerms(amount=Decimal(1), **terms) if terms else None,
    )

    assert protects(report) == protective
