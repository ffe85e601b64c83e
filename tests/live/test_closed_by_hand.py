"""What somebody sells or closes by hand at the exchange is not held here any longer."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from live_engine import HURRIED, Trading, engine_on, loopback, trading

from trading_mcp.engine import closed_outside
from trading_mcp.engine.desk import Wished
from trading_mcp.portfolio.book import held_asset
from trading_mcp.testkit.kucoin.loopback import ByHand

pytestmark = pytest.mark.usefixtures("hurried")
AT_THE_EXCHANGE = [("BTC-USDT", "0.001", "0.0006"), ("ETH-USDT-PERP", "0.05", "0.03")]


@pytest.mark.parametrize(("market", "amount", "by_hand"), AT_THE_EXCHANGE)
async def test_what_is_sold_by_hand_closes_so_much_and_the_rest_can_be_closed(
    tmp_path: Path, market: str, amount: str, by_hand: str
) -> None:
    async with trading(tmp_path, market, ours=HURRIED) as one:
        entry = await one.submit(market=market, amount=Decimal(amount))
        sell(one, market, by_hand)
        left = Decimal(amount) - Decimal(by_hand)
        await until(lambda: one.session.state.positions[entry.position_id].size == left)
        await one.session.close_position(entry.position_id, Wished("test"), within=3)
        await until(lambda: entry.position_id in one.session.state.closed)
        assert one.session.state.halted == {}
        assert refused(one) == []


@pytest.mark.parametrize(("market", "amount", "_"), AT_THE_EXCHANGE)
async def test_a_close_that_finds_nothing_there_is_not_sent_for_ever(
    tmp_path: Path, market: str, amount: str, _: str
) -> None:
    async with trading(tmp_path, market, ours=HURRIED) as one:
        entry = await one.submit(market=market, amount=Decimal(amount))
        sell(one, market, amount)
        await one.session.close_position(entry.position_id, Wished("test"), within=1)
        await until(lambda: entry.position_id in one.session.state.closed)
        assert one.session.state.closed[entry.position_id].exit_price is not None
        assert len(refused(one)) <= 2
        assert one.session.state.halted == {}


@pytest.mark.parametrize(("market", "amount", "_"), AT_THE_EXCHANGE)
async def test_what_an_old_journal_holds_and_the_exchange_does_not_is_written_off_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, market: str, amount: str, _: str
) -> None:
    async with loopback() as kucoin:
        with monkeypatch.context() as old:
            remember_nobodys_trades(old)
            async with engine_on(kucoin, tmp_path, market, ours=HURRIED) as one:
                entry = await one.submit(market=market, amount=Decimal(amount))
                sell(one, market, amount)
                asset = held_asset(one.session.core.markets[entry.market])
                await until(lambda: one.session.state.cash[asset] == 0)
        async with engine_on(kucoin, tmp_path, market, ours=HURRIED) as later:
            state = later.session.state
            assert entry.position_id in state.closed

    assert one.session.state.positions[entry.position_id].size == Decimal(amount)
    assert state.closed[entry.position_id].close_reason == "not in the account"
    assert list(state.halted) == [asset]
    assert "no trade explains it" in state.halted[asset]
    assert refused(later) == []
    assert state.orders == {}


def remember_nobodys_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let others' trades move balances alone, as they did once."""
    monkeypatch.setattr(closed_outside, "note_trade", lambda *_: None)
    monkeypatch.setattr(closed_outside, "close_by_trades", lambda *_: None)
    monkeypatch.setattr(closed_outside, "write_off_missing", lambda *_: Decimal(0))


def sell(one: Trading, market: str, amount: str) -> None:
    """Sell by hand, at the exchange."""
    one.kucoin.place(ByHand(symbol=market, side="sell", type="market", amount=float(amount)))


def refused(one: Trading) -> list[str]:
    """Return what the exchange said to the exits that it refused."""
    return [o.evidence for o in one.session.state.ended.values() if o.status == "rejected"]


async def until(so: Callable[[], bool]) -> None:
    """Wait for it, some seconds at most."""
    async with asyncio.timeout(15):
        while not so():  # noqa: ASYNC110 - the engine tells of no event for this
            await asyncio.sleep(0.05)
