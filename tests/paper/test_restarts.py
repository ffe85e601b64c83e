"""After a restart: the account is what its journal says, and the market has gone on meanwhile."""

import asyncio
import signal
import sys
import textwrap
from asyncio.subprocess import PIPE
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paper_market import HOUR, MARKETS, MINUTE, PERP, SPOT, START, market

from trading_mcp.domain.quotes import Move
from trading_mcp.domain.reports import MARKET_CLOSED, FundingPaid, Liquidated, VenueRefused


async def standing(paper: Any) -> Any:
    venue = paper.venue
    return (
        await paper.money(),
        await venue.holdings(),
        await venue.open_orders(),
        await venue.fills_since(0),
        await venue.account_reports(0),
    )


def minutes(script: Any, symbol: str, first: int, *moves: Move) -> None:
    """Let the market have gone these ways, a minute each, from *first* (minutes from the start)."""
    for n, move in enumerate(moves, start=first):
        script.candles[symbol, START + n * MINUTE] = move


def recalling(script: Any, known: dict[tuple[str, int], Move]) -> Any:
    """Return what fills the script's tape with the candles in *known*."""

    async def recall(symbol: str, since: int, until: int) -> None:
        script.recalled.append((symbol, since, until))
        for (name, at), move in known.items():
            if name == symbol and since <= at < until:
                script.candles[name, at] = move

    return recall


async def test_the_account_outlives_a_crash_and_a_change_of_the_settings(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    script.book()
    script.book(symbol=PERP)
    script.marks[PERP] = Decimal(60_000)
    await paper.venue.submit(order("a", amount="0.1"))
    await paper.venue.submit(order("b", price=59_000))
    await paper.venue.submit(order("c", "sell", "0.2", symbol=PERP, leverage=5))
    await paper.trade(58_900, 0.04)
    before = await standing(paper)

    await paper.open(balance=7, currency="USDC", latency_ms=0)

    assert await standing(paper) == before
    with pytest.raises(VenueRefused, match="already"):
        await paper.venue.submit(order("a"))


async def test_a_killed_process_leaves_what_it_answered(
    tmp_path: Path, script: Any, clock: Any, paper: Any
) -> None:
    here = Path(__file__).parent
    program = textwrap.dedent(
        f"""
        import asyncio, os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(here)!r})
        from paper_market import FakeClock, Paper, Scripted, approved

        async def main():
            clock = FakeClock()
            script = Scripted(clock)
            paper = Paper(Path({str(paper.path)!r}), clock, script)
            await paper.open()
            script.book()
            for n in range(50):
                await paper.venue.submit(approved(f"o{{n}}", amount="0.001"))
                print(f"o{{n}}", flush=True)
                if n == 30:
                    os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
        """
    )
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=PIPE, stderr=PIPE
    )
    told, complaint = await asyncio.wait_for(run.communicate(), 60)
    assert run.returncode == -signal.SIGKILL, complaint

    await paper.open()

    answered = told.decode().split()
    assert len(answered) == 31
    for name in answered:
        assert await paper.status(name) == ("filled", Decimal("0.001"))
    bought = (await paper.money())["BTC"][0]
    assert bought == sum((f.amount for f in await paper.venue.fills_since(0)), Decimal(0))


async def test_what_the_market_did_meanwhile_has_happened_oldest_first(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("in", amount="0.1"))
    await paper.venue.submit(order("low", price=58_000))
    await paper.venue.submit(order("stop", "sell", "0.1", stop=59_000, reduce_only=True))
    clock.seconds = 10 * 60 + 30
    known = {
        (SPOT, START + 3 * MINUTE): Move(59_900, 59_900, 58_800, 58_900, 5),
        (SPOT, START + 5 * MINUTE): Move(58_900, 58_900, 57_900, 58_000, 8),
    }

    await paper.open(recall=recalling(script, known))

    assert script.recalled == [(SPOT, START + MINUTE, clock.now())]
    (sold,) = await paper.venue.fills(SPOT, "stop")
    # Nobody saw the book of that minute: its worst price is what can be counted on.
    assert (sold.price, sold.at) == (58_800, START + 4 * MINUTE)
    (bought,) = await paper.venue.fills(SPOT, "low")
    assert (bought.price, bought.at, bought.maker) == (58_000, START + 6 * MINUTE, True)


async def test_the_minute_in_which_it_was_last_seen_is_left_out(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    clock.seconds = 30
    await paper.venue.submit(order("late", price=59_000))
    clock.seconds = 200
    known = {(SPOT, START): Move(60_000, 60_000, 58_000, 60_000, 100)}

    await paper.open(recall=recalling(script, known))

    assert await paper.status("late") == ("open", 0)


async def test_a_liquidation_that_nobody_watched_has_happened(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book(symbol=PERP)
    script.marks[PERP] = Decimal(60_000)
    await paper.venue.submit(order("in", amount="0.1", symbol=PERP, leverage=10))
    clock.seconds = 600
    known = {(PERP, START + 2 * MINUTE): Move(60_000, 60_000, 54_000, 60_000, 5)}

    await paper.open(recall=recalling(script, known))

    (report,) = await paper.venue.account_reports(0)
    assert isinstance(report, Liquidated)
    assert (report.price, report.at) == (Decimal("54280.5"), START + 3 * MINUTE)


async def test_funding_that_fell_due_meanwhile_is_settled_once(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book(symbol=PERP)
    script.marks[PERP], script.every = Decimal(60_000), 4 * HOUR
    await paper.venue.submit(order("in", amount="0.1", symbol=PERP, leverage=10))
    first = (START // script.every + 1) * script.every
    dues = [first, first + script.every]
    script.rates = dict.fromkeys(dues, 0.0001)
    known = {
        (PERP, due - MINUTE): Move(price, price, price, price, 1)
        for due, price in zip(dues, (61_000, 62_000), strict=True)
    }
    clock.seconds = (dues[-1] - START) / 1000 + 90

    await paper.open(recall=recalling(script, known))
    await paper.open(recall=recalling(script, known))
    await paper.trade(60_000, 1, PERP)

    paid = [r for r in await paper.venue.account_reports(0) if isinstance(r, FundingPaid)]
    assert [(p.at, p.amount) for p in paid] == [
        (dues[0], Decimal("-0.61")),
        (dues[1], Decimal("-0.62")),
    ]


async def test_funding_that_ends_the_minute_in_which_it_was_last_seen_is_paid(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book(symbol=PERP)
    script.marks[PERP], script.every = Decimal(60_000), 4 * HOUR
    due = (START // script.every + 1) * script.every
    script.rates = {due: 0.0001}
    clock.seconds = (due - START) / 1000 - 30
    await paper.venue.submit(order("in", amount="0.1", symbol=PERP, leverage=10))
    clock.seconds += 300

    await paper.open(recall=recalling(script, {}))

    paid = [r for r in await paper.venue.account_reports(0) if isinstance(r, FundingPaid)]
    assert [(p.at, p.amount) for p in paid] == [(due, Decimal("-0.6"))]


async def test_a_recall_that_fails_is_tried_again_before_the_market_is_followed(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("a", price=59_000))
    clock.seconds = 300
    answers = [OSError("no way there"), None]
    known = {(SPOT, START + 2 * MINUTE): Move(58_900, 58_900, 58_800, 58_900, 0.03)}
    fill = recalling(script, known)

    async def recall(symbol: str, since: int, until: int) -> None:
        if (error := answers.pop(0)) is not None:
            raise error
        await fill(symbol, since, until)

    await paper.open(recall=recall)
    await paper.trade(58_900, 0.05)
    waiting = await paper.status("a")
    clock.seconds += 10
    await paper.trade(60_000)

    assert waiting == ("open", 0)
    amounts = [amount for amount, _ in await paper.taken("a")]
    assert amounts == [Decimal("0.03"), Decimal("0.05")]


async def test_without_anybody_to_ask_the_account_goes_on_from_now(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("a", price=59_000))
    clock.seconds = 300

    await paper.open()
    await paper.trade(58_900, 0.04)

    assert await paper.status("a") == ("open", Decimal("0.04"))


async def test_a_market_that_is_gone_can_be_read_and_no_more(
    paper: Any, script: Any, order: Any
) -> None:
    await paper.open()
    for symbol in (SPOT, PERP):
        script.book(symbol=symbol)
    await paper.venue.submit(order("coin", amount="0.1"))
    await paper.venue.submit(order("in", amount="0.2", symbol=PERP, leverage=10))
    await paper.venue.submit(order("rests", price=50_000, symbol=PERP, leverage=10))
    before = await standing(paper)

    await paper.open(markets=[market("DOGE-USDT")])

    assert await standing(paper) == before
    assert {m.symbol for m in paper.venue.delisted} == {SPOT, PERP}
    for symbol in (SPOT, PERP):
        with pytest.raises(VenueRefused) as refused:
            await paper.venue.submit(order("more", symbol=symbol))
        assert refused.value.code == MARKET_CLOSED
    await paper.venue.cancel(PERP, "rests")
    assert await paper.venue.open_orders() == []


async def test_a_market_goes_by_its_newest_terms(paper: Any, script: Any, order: Any) -> None:
    await paper.open()
    script.book()
    await paper.venue.submit(order("a", amount="0.1"))
    dearer = [msgspec.structs.replace(m, taker_fee=Decimal("0.002")) for m in MARKETS]

    await paper.open(markets=dearer)
    await paper.venue.submit(order("b", "sell", amount="0.1"))

    (fill,) = await paper.venue.fills(SPOT, "b")
    assert fill.fee == Decimal("0.1") * 60_000 * Decimal("0.002")


async def test_how_far_each_market_was_followed_is_kept(
    paper: Any, script: Any, order: Any, clock: Any
) -> None:
    await paper.open()
    script.book()
    script.book(symbol=PERP)
    await paper.venue.submit(order("spot", price=50_000))
    await paper.venue.submit(order("perp", price=50_000, symbol=PERP, leverage=5))
    clock.seconds = 150
    await paper.trade(60_000, 1, SPOT)
    clock.seconds = 600

    await paper.open(recall=recalling(script, {}))

    assert script.recalled == [
        (SPOT, START + 3 * MINUTE, clock.now()),
        (PERP, START + MINUTE, clock.now()),
    ]
