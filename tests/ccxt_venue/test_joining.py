"""What must be so before an account is traded on: its key, its kind, the clocks."""

from collections.abc import Callable
from typing import Any

import pytest
from accounts import KEYS, Joined, order
from structlog.testing import capture_logs

from trading_mcp.adapters.ccxt.build import open_market_data
from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.keys import Keys
from trading_mcp.adapters.ccxt.live import open_venue
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.reports import KeysRefused, VenueRefused
from trading_mcp.testkit.kucoin import LoopbackFaults, LoopbackSettings, loopback_kucoin
from trading_mcp.testkit.kucoin.settings import Scripted

Join = Callable[..., Any]
HARMFUL = (
    "Transfer",
    "Withdrawal",
    "Withdraw",
    "InnerTransfer",
    "FlexTransfers",
    "Earn",
    "Margin",
    "Whatever comes next",
)


async def test_a_key_that_only_trades_is_accepted(join: Join) -> None:
    async with join("spot", permissions="General, Spot,Futures", ip_list="203.0.113.7") as account:
        assert await account.venue.balances()


@pytest.mark.parametrize("permission", HARMFUL)
async def test_a_key_that_may_do_more_is_refused(join: Join, permission: str) -> None:
    with pytest.raises(KeysRefused) as refused:
        async with join("spot", permissions=f"General,Spot,Futures,{permission}"):
            pass
    told = str(refused.value)
    assert permission in told
    assert "expected Futures, General, Spot" in told
    assert f"take away {permission}" in told


@pytest.mark.parametrize(
    ("has", "misses"), [("General,Futures", "Spot"), ("General,Spot", "Futures")]
)
async def test_a_key_that_may_not_trade_is_refused(join: Join, has: str, misses: str) -> None:
    with pytest.raises(KeysRefused, match=f"add {misses}"):
        async with join("spot", permissions=has):
            pass


async def test_only_what_is_traded_is_needed(join: Join) -> None:
    async with join(
        "spot", permissions="General,Spot", section={"market_types": ("spot",)}
    ) as account:
        assert await account.venue.holdings() == []


async def test_a_key_without_an_address_list_is_a_warning(join: Join) -> None:
    with capture_logs() as logs:
        async with join("spot"):
            pass
    events = {line["event"] for line in logs}
    assert {"key_without_ip_list", "key_of_master_account"} <= events


async def test_a_key_without_an_address_list_can_be_refused(join: Join) -> None:
    with pytest.raises(KeysRefused, match="from any address"):
        async with join("spot", section={"require_ip_list": True}):
            pass
    async with join("spot", section={"require_ip_list": True}, ip_list="203.0.113.7"):
        pass


async def test_a_wrong_key_is_refused_in_plain_words() -> None:
    wrong = Keys(api_key="who-is-this", secret="loopback-secret", passphrase="loopback-passphrase")
    async with loopback_kucoin(LoopbackSettings()) as kucoin:
        section = ExchangeSettings(mode="live", base_url=kucoin.base_url)
        with pytest.raises(KeysRefused, match="does not accept the key"):
            await open_venue("kucoin", section, wrong, clock=SystemClock())


@pytest.mark.parametrize("kind", ["http_500", "html_200", "empty_200", "code_429000"])
async def test_a_check_that_fails_means_no_trading(kind: Any) -> None:
    async with loopback_kucoin(LoopbackSettings()) as kucoin:
        kucoin.script(Scripted(kind=kind, path="/api/v1/user/api-key"))
        section = ExchangeSettings(mode="live", base_url=kucoin.base_url)
        with pytest.raises(AskFailed):
            await open_venue("kucoin", section, KEYS, clock=SystemClock())


async def test_live_is_offered_only_where_the_codes_are_known() -> None:
    with pytest.raises(NotOffered, match="paper"):
        await open_venue("binance", ExchangeSettings(mode="live"), KEYS, clock=SystemClock())


@pytest.mark.parametrize("ahead_ms", [-2_000, 2_000])
async def test_a_clock_that_is_a_little_off_is_corrected(join: Join, ahead_ms: int) -> None:
    async with join("spot", faults=LoopbackFaults(clock_skew_ms=ahead_ms)) as account:
        assert abs(account.venue.skew_ms - ahead_ms) < 500
        await account.venue.submit(order(account.symbol))


@pytest.mark.parametrize("ahead_ms", [-60_000, 60_000])
async def test_a_clock_that_is_far_off_opens_nothing(join: Join, ahead_ms: int) -> None:
    faults = LoopbackFaults(clock_skew_ms=ahead_ms)
    async with join("spot", faults=faults, balances={"USDT": 1e4, "BTC": 1.0}) as account:
        with pytest.raises(VenueRefused, match="s off the exchange"):
            await account.venue.submit(order(account.symbol))
        assert account.requests("POST") == 0
        # What lowers the risk goes out all the same, at the exchange's time.
        await account.venue.submit(order(account.symbol, n=2, side="sell", reduce_only=True))
        await account.venue.cancel(account.symbol, "ord_002-ab12")
        assert await account.venue.open_orders() == []


async def test_a_clock_that_jumps_is_noticed_by_the_first_refusal(join: Join) -> None:
    async with join("spot") as account:
        account.kucoin.set_faults(LoopbackFaults(clock_skew_ms=8_000))
        with pytest.raises(VenueRefused) as refused:
            await account.venue.submit(order(account.symbol))
        assert refused.value.code == "clock_skew"
        await account.kucoin.until(lambda: account.venue.skew_ms > 7_000)
        await account.venue.submit(order(account.symbol, n=2, reduce_only=True, side="buy"))


def test_an_order_may_arrive_for_ten_seconds() -> None:
    from trading_mcp.adapters.ccxt.kucoin.account import KucoinAccount

    assert KucoinAccount.fence_ms == 10_000


async def test_secrets_stay_out_of_failures_and_logs(account: Joined) -> None:
    with capture_logs() as logs:
        account.kucoin.script(Scripted(kind="unknown_code", method="POST"))
        with pytest.raises(AskFailed) as caught:
            await account.venue.submit(order(account.symbol))
    told = repr(caught.value) + str(caught.value.__cause__) + str(caught.value.__context__)
    for secret in ("loopback-key", "loopback-secret", "loopback-passphrase", "KC-API", "http"):
        assert secret not in told + str(logs)
    assert "999999" in told


@pytest.mark.parametrize("hf", [True, False])
async def test_markets_that_are_known_are_not_asked_for_again(hf: bool) -> None:
    async with loopback_kucoin(LoopbackSettings(hf=hf)) as kucoin:
        section = ExchangeSettings(mode="live", base_url=kucoin.base_url)
        data = await open_market_data("kucoin", section, clock=SystemClock())
        venue = await open_venue("kucoin", section, KEYS, clock=SystemClock(), loaded=data.loaded)
        try:
            assert kucoin.requests["GET /api/v2/symbols"] == 1
            sent = order("BTC-USDT")
            await venue.submit(sent)
            assert await venue.order("BTC-USDT", sent.client_id) is not None
        finally:
            await venue.close()
            await data.close()
