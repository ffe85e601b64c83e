"""The dead man's switch, where the exchange has one."""

from collections.abc import Callable
from typing import Any

import pytest
from accounts import order

from trading_mcp.domain.quotes import NotOffered

Join = Callable[..., Any]


async def test_what_rests_is_cancelled_when_nothing_is_heard(join: Join) -> None:
    async with join("spot", hf=True) as account:
        await account.venue.submit(order(account.symbol, "limit"))
        await account.venue.hold_deadline(60)
        switch = account.kucoin.deadman
        assert (switch.seconds, set(switch.names)) == (60, {"BTC-USDT", "ETH-USDT"})
        switch.fire(account.kucoin.exchange)
        report = await account.venue.order(account.symbol, "ord_001-ab12")
        assert report.status == "cancelled"


async def test_the_switch_can_be_ended(join: Join) -> None:
    async with join("spot", hf=True) as account:
        await account.venue.hold_deadline(60)
        await account.venue.hold_deadline(None)
        assert account.kucoin.deadman.seconds == -1


@pytest.mark.parametrize("kind", ["spot", "perpetual"])
async def test_a_classic_account_has_no_switch(join: Join, kind: str) -> None:
    async with join(kind, hf=False) as account:
        with pytest.raises(NotOffered):
            await account.venue.hold_deadline(60)
