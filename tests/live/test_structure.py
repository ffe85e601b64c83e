"""What is live and what is paper is decided by the configuration alone, and kept apart."""

import asyncio
from itertools import count
from pathlib import Path

import pytest
from live_engine import PRICES
from live_server import Ended, Rig, Server, rigged, until_told

pytestmark = pytest.mark.slow

STRATEGY = {"strategies__enabled": ["eager"], "strategies__settings__eager__weight": 0.5}
SIMULATED = {"exchanges__sim__enabled": True, "exchanges__sim__speed": 1}


async def test_a_strategy_trades_by_itself_live_and_on_paper_beside_a_simulated_exchange(
    tmp_path: Path,
) -> None:
    async with rigged(tmp_path) as rig:
        live = rig.launch("live", "live", **STRATEGY)
        paper = rig.launch("paper", "paper", **STRATEGY, **SIMULATED)
        await asyncio.gather(live.ready(), paper.ready())
        async with asyncio.TaskGroup() as group:
            moving = group.create_task(keep_moving(rig))
            await asyncio.gather(traded(live), traded(paper))
            moving.cancel()
        await live.send("POST", "/api/v1/scalping/stop")
        journal = await rig.agree("live")
        both = [await server.get("/api/v1/scalping/status") for server in (live, paper)]
        simulated = await paper.call(
            "submit_market_order", pair="BTC-USDT", side="buy", amount=0.001, exchange="sim"
        )

    assert {o.owner for o in journal.orders.values()} == {"eager"}
    assert "kucoin (live)" in str(both[0])
    assert "kucoin (paper)" in str(both[1])
    assert simulated["outcome"] == "filled"


async def test_paper_makes_no_private_request_and_its_books_are_refused_by_live(
    tmp_path: Path,
) -> None:
    async with rigged(tmp_path) as rig:
        server = await rig.serve(mode="paper")
        bought = await server.call("submit_market_order", pair="BTC-USDT", side="buy", amount=0.002)
        (position,) = await server.positions()
        private = rig.kucoin.ledger()["private_requests"]
        orders = rig.kucoin.ledger()["orders"]
        server.kill()
        with pytest.raises(Ended, match=r"the books in .* are of a paper account"):
            await rig.serve(mode="live")
        again = await rig.serve(mode="paper")
        kept = await again.positions()

    assert bought["order"]["source"] == position["source"] == "paper"
    assert (private, orders) == (0, [])
    assert [p["id"] for p in kept] == [position["id"]]


@pytest.mark.parametrize("permissions", ["General,Spot,Futures,Withdrawal", "General,Spot"])
async def test_a_key_that_may_do_more_or_less_than_trade_is_refused(
    tmp_path: Path, permissions: str
) -> None:
    async with rigged(tmp_path, permissions=permissions) as rig:
        with pytest.raises(Ended, match="the key has the permissions"):
            await rig.serve()
        assert rig.kucoin.ledger()["orders"] == []
        assert not (tmp_path / "data" / "engine.sqlite").exists() or not journaled(rig)


def journaled(rig: Rig) -> list[object]:
    return list(rig.ledgers().ours.entries)


async def keep_moving(rig: Rig) -> None:
    """Let prices move a little all the time, so that each minute has a candle."""
    for turn in count():
        for pair, price in PRICES.items():
            rig.kucoin.price(pair, price + turn % 2)
        await asyncio.sleep(1)


async def traded(server: Server) -> None:
    """Wait until the strategy has traded: at the end of a minute."""

    async def has_traded() -> bool:
        past = await server.get("/api/v1/scalping/positions/history")
        return any(p["strategy"] == "eager" for p in [*past, *await server.positions()])

    await until_told(has_traded, 100)
