"""On a perpetual the whole protective stop rests at the exchange beside an exit of ours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from live_engine import HURRIED, Trading, trading

from trading_mcp.domain.orders import ExitPlan, Order

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hurried")]
ETH, SIZE = "ETH-USDT-PERP", Decimal("0.1")


class Beside(msgspec.Struct, frozen=True):
    """A position with its stop at 2,450, and with an exit for all of it that rests at 2,600."""

    one: Trading
    entry: Order
    out: Order

    @property
    def is_left(self) -> bool:
        """Whether the position is closed, and nothing rests for it anywhere."""
        closed = self.entry.position_id in self.one.session.state.closed
        return closed and not self.one.session.state.orders and not resting(self.one)


@pytest.fixture
async def beside(tmp_path: Path) -> AsyncIterator[Beside]:
    async with trading(tmp_path, ETH, ours=HURRIED) as one:
        entry = await one.submit(market=ETH, amount=SIZE, plan=ExitPlan(stop_loss_pct=2))
        await until(lambda: len(resting(one)) == 1)
        out = await one.submit(
            market=ETH, side="sell", amount=SIZE, price=Decimal(2_600), reduces=entry.position_id
        )
        await until(lambda: len(resting(one)) == 2)
        yield Beside(one, entry, out)


async def test_both_rest_at_the_exchange_for_all_of_the_position(beside: Beside) -> None:
    rests = [(s["status"], Decimal(s["size"]), s["reduce_only"]) for s in resting(beside.one)]
    assert sorted(rests) == [("open", SIZE, True), ("waiting", SIZE, True)]
    assert alerts(beside.one) == []
    await beside.one.agree()


async def test_the_stop_closes_the_position_and_the_exit_goes(beside: Beside) -> None:
    beside.one.kucoin.price(ETH, 2_440)
    await until(lambda: beside.is_left)
    state = beside.one.session.state
    assert state.closed[beside.entry.position_id or ""].close_reason == "stop_loss"
    assert state.ended[beside.out.id].status == "cancelled"
    assert beside.one.kucoin.ledger()["positions"] == {}
    await beside.one.agree()


async def test_the_exit_closes_the_position_and_the_stop_goes(beside: Beside) -> None:
    beside.one.kucoin.price(ETH, 2_610)
    await until(lambda: beside.is_left)
    state = beside.one.session.state
    assert state.closed[beside.entry.position_id or ""].close_reason == "manual"
    assert beside.one.kucoin.ledger()["positions"] == {}
    await beside.one.agree()


async def test_a_price_that_reaches_both_closes_no_more_than_is_held(beside: Beside) -> None:
    beside.one.kucoin.price(ETH, 2_610)
    beside.one.kucoin.price(ETH, 2_440)
    await until(lambda: beside.is_left)
    assert beside.one.kucoin.ledger()["positions"] == {}
    assert beside.one.session.state.kill_switch is None
    await beside.one.agree()


async def test_an_entry_in_the_market_takes_the_stop_back_to_what_is_left(beside: Beside) -> None:
    await beside.one.submit(market=ETH, amount=SIZE, price=Decimal(2_400))
    await until(lambda: alerts(beside.one) == ["unprotected"])
    await until(lambda: [slip["status"] for slip in resting(beside.one)] == ["open", "open"])
    await beside.one.agree()


def resting(one: Trading) -> list[dict[str, Any]]:
    """Return what waits or rests at the exchange."""
    return [o for o in one.kucoin.ledger()["orders"] if o["status"] in ("open", "waiting")]


def alerts(one: Trading) -> list[str]:
    return [alert.trigger for alert in one.session.state.alerts.values()]


async def until(so: Callable[[], bool]) -> None:
    """Wait for it, some seconds at most."""
    async with asyncio.timeout(15):
        while not so():  # noqa: ASYNC110 - the engine tells of no event for this
            await asyncio.sleep(0.05)
