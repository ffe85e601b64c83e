"""The simulated exchange as a venue: answers, reports, faults, and what outlives a crash."""

import asyncio
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from trading_mcp.adapters.simulated import records
from trading_mcp.adapters.simulated.build import MARKETS, Simulated
from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import (
    MARKET_CLOSED,
    FundingPaid,
    Liquidated,
    OrderReport,
    OrderTerms,
    VenueRefused,
)

HOUR = 3_600_000
MARKET = SeededMarket(SimulatedSettings().seed)
PERP = "BTC-USDT-PERP"


async def heard(sim: Simulated, reports: Any, count: int) -> list[Any]:
    return [await asyncio.wait_for(anext(reports), 1) for _ in range(count)]


async def standing(sim: Simulated, *client_ids: str) -> Any:
    orders = [await sim.venue.order("BTC-USDT", name) for name in client_ids]
    fills = [await sim.venue.fills("BTC-USDT", name) for name in client_ids]
    account = [*await sim.venue.balances(), *await sim.venue.holdings()]
    return orders, fills, account, await sim.venue.open_orders(), await sim.venue.account_reports(0)


def price(sim: Simulated, away: float = 0.0, symbol: str = "BTC-USDT") -> Decimal:
    """Return a price that is *away* percent from the market's, on the tick."""
    mark = Decimal(str(MARKET.price(symbol, sim.clock.now())))
    return (mark * (1 + Decimal(str(away)) / 100)).quantize(Decimal("0.1"))


async def test_an_order_is_accepted_filled_and_reported(opened: Any, order: Any) -> None:
    sim = await opened(balance_usdt=50_000)
    reports = sim.venue.reports()

    venue_id = await sim.venue.submit(order(amount="0.01"))
    accepted, fill, filled = await heard(sim, reports, 3)

    assert isinstance(fill, Fill)
    assert [r.status for r in (accepted, filled)] == ["open", "filled"]
    assert filled == await sim.venue.order("BTC-USDT", "a")
    assert filled == OrderReport(
        exchange="sim",
        symbol="BTC-USDT",
        client_id="a",
        venue_id=venue_id,
        status="filled",
        filled=Decimal("0.01"),
        at=fill.at,
        terms=OrderTerms(side="buy", type="market", amount=Decimal("0.01")),
    )
    assert await sim.venue.fills("BTC-USDT", "a") == (fill,)


async def test_an_order_takes_its_time_on_the_way(opened: Any, order: Any, clock: Any) -> None:
    sim = await opened(latency_ms=250)
    before = clock.seconds

    await sim.venue.submit(order(amount="0.01"))

    assert clock.seconds == before + 0.25


async def test_a_resting_order_meets_no_price_from_before_its_time(
    opened: Any, order: Any, clock: Any
) -> None:
    sim = await opened(speed=60, balance_usdt=200_000)
    clock.seconds += 600
    now = sim.clock.now()
    past = MARKET.move("BTC-USDT", now - 36_000_000, now)
    level = Decimal(str(past.low)) + 10
    assert past.last > past.low + 100

    await sim.venue.submit(order(amount="0.01", price=level))
    await sim.venue.advance(sim.clock.now())

    assert (await sim.venue.order("BTC-USDT", "a")).status == "open"


async def test_time_fills_what_rests(opened: Any, order: Any, clock: Any) -> None:
    sim = await opened(balance_usdt=100_000)
    level = price(sim, 0.5)
    await sim.venue.submit(order("a", "sell", amount="0.01", price=level, symbol=PERP))
    placed = sim.clock.now()

    for _ in range(200):
        clock.seconds += 60
        await sim.venue.advance(sim.clock.now())

    (fill,) = await sim.venue.fills(PERP, "a")
    assert (fill.price, fill.maker) == (level, True)
    until = MARKET.move(PERP, placed, fill.at)
    before = MARKET.move(PERP, placed, fill.at - 60_000)
    assert before.high < float(level) <= until.high


async def test_the_account_outlives_a_crash(
    opened: Any, order: Any, clock: Any, journal: Any
) -> None:
    sim = await opened(balance_usdt=100_000)
    await sim.venue.submit(order("a", amount="0.01"))
    await sim.venue.submit(order("b", amount="0.01", price=price(sim, -20)))
    await sim.venue.submit(order("c", "sell", amount="0.5", symbol=PERP, leverage=5))
    before = await standing(sim, "a", "b", "c")

    again = await opened(balance_usdt=7)

    assert await standing(again, "a", "b", "c") == before
    with pytest.raises(VenueRefused, match="already"):
        await again.venue.submit(order("a", amount="0.01"))


async def test_a_snapshot_is_as_good_as_what_it_replaces(
    opened: Any, order: Any, clock: Any, journal: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(records, "_SNAPSHOT_EVERY", 5)
    sim = await opened(balance_usdt=100_000)
    for n in range(4):
        await sim.venue.submit(order(f"{n}", amount="0.01"))
    await sim.venue.submit(order("short", "sell", amount="0.5", symbol=PERP, leverage=5))
    before = await standing(sim, "0", "short")
    seq, _ = journal.kept
    journal.lines[:seq] = [b"gone"] * seq

    again = await opened()

    assert seq >= 5
    assert await standing(again, "0", "short") == before


async def test_what_happened_while_nobody_looked_has_happened(
    opened: Any, order: Any, clock: Any
) -> None:
    sim = await opened(balance_usdt=100_000)
    await sim.venue.submit(order("in", amount="0.1", symbol=PERP, leverage=2))
    await sim.venue.submit(order("rests", amount="0.001", price=price(sim, -1)))
    await sim.venue.submit(
        order("hopes", "sell", amount="0.001", symbol=PERP, price=price(sim, 90))
    )

    clock.seconds += 3 * 24 * 3600
    again = await opened()

    fundings = await again.venue.account_reports(0)
    assert [f.at % (8 * HOUR) for f in fundings if isinstance(f, FundingPaid)] == [0] * 9
    assert all(later.at - earlier.at == 8 * HOUR for earlier, later in pairwise(fundings))
    assert (await again.venue.order("BTC-USDT", "rests")).status == "filled"
    assert (await again.venue.order(PERP, "hopes")).status == "open"


async def test_a_long_absence_ends_like_a_long_watch(
    opened: Any, order: Any, clock: Any, journal: Any
) -> None:
    async def wait_for_two_days(stops: int) -> Any:
        journal.lines.clear()
        clock.seconds = 0
        sim = await opened(balance_usdt=300_000)
        for n, away in enumerate((-3, -1, 1, 2)):
            side = "buy" if away < 0 else "sell"
            wish = {"symbol": PERP, "leverage": 20, "price": price(sim, away, PERP)}
            await sim.venue.submit(order(f"{n}", side, amount="0.3", **wish))
        await sim.venue.submit(order("up", amount="0.5", symbol=PERP, stop=price(sim, 4, PERP)))
        start = sim.clock.now() // HOUR * HOUR
        for stop in range(1, stops + 1):
            await sim.venue.advance(start + 48 * HOUR * stop // stops)
        return await standing(sim, "0", "1", "2", "3")

    orders, *_, happened = once = await wait_for_two_days(1)
    watched = await wait_for_two_days(48 * 60)

    assert [order.status for order in orders].count("filled") >= 2
    assert [report for report in happened if isinstance(report, FundingPaid)]
    assert once == watched


async def test_who_bets_too_much_is_liquidated(opened: Any, order: Any, clock: Any) -> None:
    sim = await opened(balance_usdt=100_000)
    await sim.venue.submit(order("long", amount="1", symbol=PERP, leverage=20))
    await sim.venue.submit(order("short", "sell", amount="10", symbol="ETH-USDT-PERP", leverage=20))
    total = (await sim.venue.balances())[0].total
    held = await sim.venue.holdings()

    for _ in range(14 * 24):
        clock.seconds += 3600
        await sim.venue.advance(sim.clock.now())

    forced = [r for r in await sim.venue.account_reports(0) if isinstance(r, Liquidated)]
    assert forced
    assert {h.symbol for h in await sim.venue.holdings()}.isdisjoint(r.symbol for r in forced)
    margins = sum(
        h.entry_price * abs(h.amount) / 20 for h in held if h.symbol in {r.symbol for r in forced}
    )
    funding = sum(
        r.amount for r in await sim.venue.account_reports(0) if isinstance(r, FundingPaid)
    )
    assert (await sim.venue.balances())[0].total == total - margins + funding


def last_time(journal: Any) -> int | None:
    """Return how far the exchange in *journal* has got, or None if it is new."""
    state, seq = records.load(journal, MARKETS)
    return state.passed if seq else None


async def test_the_time_it_has_got_to_survives_too(
    opened: Any, clock: Any, journal: Any, order: Any
) -> None:
    assert last_time(journal) is None
    sim = await opened(speed=1000)
    for _ in range(30):
        await clock.sleep(0.1)
        await sim.venue.advance(sim.clock.now())
    reached = sim.clock.now()

    again = await opened(speed=1000)

    assert reached - 1_100_000 <= last_time(journal) <= reached
    assert again.clock.now() == last_time(journal) > clock.wall()
    await again.venue.close()
    assert last_time(journal) == again.clock.now()


async def test_a_quiet_account_is_seldom_written_down(
    opened: Any, clock: Any, journal: Any
) -> None:
    sim = await opened()
    for _ in range(100):
        await clock.sleep(0.1)
        await sim.venue.advance(sim.clock.now())

    assert 9 <= len(journal.lines) <= 11


async def test_nothing_is_answered_or_reported_before_it_is_on_disk(
    opened: Any, order: Any, journal: Any
) -> None:
    sim = await opened()
    reports, gate = sim.venue.reports(), asyncio.Event()
    append = journal.append

    async def slow(first_seq: int, entries: Any) -> None:
        await gate.wait()
        await append(first_seq, entries)

    journal.append = slow
    sending = asyncio.create_task(sim.venue.submit(order(amount="0.01")))
    for _ in range(5):
        await asyncio.sleep(0)
    asking = asyncio.create_task(sim.venue.order("BTC-USDT", "a"))
    listening = asyncio.create_task(anext(reports))
    for _ in range(5):
        await asyncio.sleep(0)

    assert not sending.done()
    assert not asking.done()
    assert not listening.done()
    gate.set()
    assert (await asking).venue_id == await sending
    assert (await listening).status == "open"


async def test_a_full_disk_leaves_the_outcome_unknown(
    opened: Any, order: Any, journal: Any
) -> None:
    sim = await opened()
    journal.broken = True

    with pytest.raises(OSError, match="disk full"):
        await sim.venue.submit(order(amount="0.01"))


async def test_a_caller_that_gives_up_does_not_undo_what_was_accepted(
    opened: Any, order: Any
) -> None:
    sim = await opened(latency_ms=0)
    sending = asyncio.create_task(sim.venue.submit(order(amount="0.01")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending

    assert (await sim.venue.order("BTC-USDT", "a")).status == "filled"


async def test_cancelling_is_never_answered_but_by_the_report(opened: Any, order: Any) -> None:
    sim = await opened(balance_usdt=100_000)
    await sim.venue.submit(order(amount="0.01", price=price(sim, -10)))
    reports = sim.venue.reports()

    await sim.venue.cancel("BTC-USDT", "a")
    await sim.venue.cancel("BTC-USDT", "a")
    await sim.venue.cancel("BTC-USDT", "unheard of")

    (report,) = await heard(sim, reports, 1)
    assert (report.status, report.reason) == ("cancelled", "requested")
    assert await sim.venue.open_orders() == []
    assert await sim.venue.order("BTC-USDT", "unheard of") is None
    assert await sim.venue.fills("BTC-USDT", "unheard of") == ()


async def test_a_refusal_is_certain(opened: Any, order: Any, journal: Any) -> None:
    sim = await opened()

    for wish in ({"symbol": "NOPE-USDT"}, {"amount": "1000"}):
        with pytest.raises(VenueRefused):
            await sim.venue.submit(order(**wish))
    assert await sim.venue.order("BTC-USDT", "a") is None


async def test_an_injected_refusal_trades_nothing(opened: Any, order: Any) -> None:
    sim = await opened(faults={"reject": 1})

    with pytest.raises(VenueRefused) as refused:
        await sim.venue.submit(order(amount="0.01"))

    assert refused.value.code == "injected_reject"
    assert await sim.venue.order("BTC-USDT", "a") is None


async def test_a_closed_market_takes_no_order_and_the_others_do(opened: Any, order: Any) -> None:
    sim = await opened(faults={"closed": ["ETH-USDT"]})

    with pytest.raises(VenueRefused) as refused:
        await sim.venue.submit(order(symbol="ETH-USDT"))

    assert refused.value.code == MARKET_CLOSED
    assert await sim.venue.submit(order(amount="0.01"))


async def test_a_timeout_before_acceptance_trades_nothing(opened: Any, order: Any) -> None:
    sim = await opened(faults={"timeout_before_accept": 1})

    with pytest.raises(TimeoutError):
        await sim.venue.submit(order(amount="0.01"))

    assert await sim.venue.order("BTC-USDT", "a") is None


async def test_a_timeout_after_acceptance_trades_all_the_same(opened: Any, order: Any) -> None:
    sim = await opened(faults={"timeout_after_accept": 1})

    with pytest.raises(TimeoutError):
        await sim.venue.submit(order(amount="0.01"))

    assert (await sim.venue.order("BTC-USDT", "a")).status == "filled"


async def test_a_repeated_fill_is_reported_twice_and_booked_once(opened: Any, order: Any) -> None:
    sim = await opened(faults={"duplicate_fill": 1})
    reports = sim.venue.reports()

    await sim.venue.submit(order(amount="0.01"))

    _, first, second, _ = await heard(sim, reports, 4)
    assert first == second
    assert await sim.venue.fills("BTC-USDT", "a") == (first,)


async def test_lost_reports_can_be_asked_for(opened: Any, order: Any) -> None:
    sim = await opened(faults={"disconnect": 1})
    listening = asyncio.create_task(anext(sim.venue.reports()))

    await sim.venue.submit(order(amount="0.01"))

    assert not listening.done()
    listening.cancel()
    assert (await sim.venue.order("BTC-USDT", "a")).status == "filled"


async def test_the_same_seed_gives_the_same_run_of_faults(opened: Any, order: Any) -> None:
    async def run(seed: int) -> list[str]:
        sim = await opened(faults={"reject": 0.3, "timeout_before_accept": 0.3, "seed": seed})
        outcomes = []
        for n in range(20):
            try:
                await sim.venue.submit(order(f"{seed}-{len(ran)}-{n}", amount="0.0001"))
                outcomes.append("accepted")
            except (VenueRefused, TimeoutError) as error:
                outcomes.append(type(error).__name__)
        ran.append(outcomes)
        return outcomes

    ran: list[list[str]] = []
    first, again, other = await run(1), await run(1), await run(2)

    assert first == again != other
    assert set(first) == {"accepted", "VenueRefused", "TimeoutError"}
