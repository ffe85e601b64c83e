"""The session over hand-played ports: what it sends, journals, recovers and survives."""

import asyncio
import threading
import time
from decimal import Decimal

import numpy as np
import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import ExchangeError, StorageUnavailable
from trading_mcp.domain.orders import Order, OrderIntent, Refused
from trading_mcp.domain.signals import Signals
from trading_mcp.engine.facts import MetricsMeasured
from trading_mcp.engine.state import State, encoded

START = 1_763_287_200_000
SYMBOLS = ("AAA-USDT", "BBB-USDT")


def buy(amount: str = "1", **fields) -> OrderIntent:
    return OrderIntent(
        **{
            "market": "sim:AAA-USDT",
            "side": "buy",
            "type": "limit" if "price" in fields else "market",
            "amount": Decimal(amount),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


async def test_the_same_candles_twice_give_identical_journals(rig, walk):
    journals = []
    for _ in range(2):
        one = rig(script=walk(90))
        await one.open()
        await one.play()
        journals.append(one.journal.rows)
    assert journals[0] == journals[1]
    assert sum(b'"OrderApproved"' in row for row in journals[0]) > 20


async def test_the_journal_folds_to_the_running_state(rig, walk):
    one = rig(script=walk(60))
    session = await one.open()
    await one.play()
    folded = State()
    for entry in one.journal.read():
        folded.apply(entry)
    assert encoded(folded) == encoded(session.state)


async def test_nothing_is_sent_before_it_is_in_the_journal(rig, walk):
    one = rig(script=walk(60))
    seen: list[bool] = []
    one.venue.answer = lambda order: seen.append(
        any(order.id.encode() in row and b'"OrderApproved"' in row for row in one.journal.rows)
    )
    await one.open()
    await one.play()
    assert seen
    assert all(seen)


async def test_positions_open_and_close_and_the_money_is_the_exchanges(rig, walk):
    one = rig(script=walk(120))
    session = await one.open()
    await one.play()
    assert session.state.tally().trades > 5
    assert session.state.cash["sim:USDT"] == one.venue.money


async def test_an_order_that_cannot_be_journaled_is_not_sent(rig):
    one = rig()
    session = await one.open()
    one.journal.healthy = False
    with pytest.raises(StorageUnavailable):
        await session.submit(buy(), within=1)
    assert one.venue.sent == []


async def test_an_order_whose_entry_fails_on_its_way_is_given_up(rig):
    one = rig()
    session = await one.open()
    intent, core = buy(), session.core
    order, made = core.submit(intent, one.clock.now())
    one.journal.healthy = False
    session.ledger.write(made)
    await one.quiet()
    assert one.venue.sent == []
    assert session.state.ended[order.id].status == "abandoned"


async def test_silence_leaves_an_order_unknown_and_reserved_until_it_is_found(rig):
    one = rig()
    session = await one.open()
    one.venue.answer = one.venue.fall_silent
    one.venue.fills_orders = False
    order = await session.submit(buy("1", price=Decimal(100)), within=1)
    assert order.status == "unknown"
    assert session.core.standings.exposure() == 100
    while session.state.orders[order.id].status == "unknown":
        await session.flight.changed(order.id, within=5)
    assert session.state.orders[order.id].status == "open"
    assert len(one.venue.sent) == 1


async def test_an_order_the_exchange_never_heard_of_ends_only_after_two_looks(rig):
    one = rig()
    session = await one.open()
    one.venue.accepts = False
    one.venue.answer = one.venue.fall_silent
    order = await session.submit(buy(), within=1)
    assert order.status == "unknown"
    one.clock.monotonic = time.monotonic
    while order.id in session.state.orders:
        await session.flight.changed(order.id, within=10)
    assert "never" in session.state.ended[order.id].evidence or (
        "twice" in session.state.ended[order.id].evidence
    )
    assert len(one.venue.sent) == 1


async def test_a_refusal_is_told_and_frees_the_reservation(rig):
    one = rig()
    session = await one.open()
    one.venue.accepts = False
    one.venue.answer = one.venue.refuse
    order = await session.submit(buy(), within=1)
    assert (order.status, session.core.standings.exposure()) == ("rejected", 0)


async def test_after_a_restart_what_was_on_its_way_is_asked_for_and_never_sent_again(rig):
    one = rig()
    session = await one.open()
    order, made = session.core.submit(buy(), one.clock.now())
    # The crash: the entry is on disk, the order reached the exchange, no answer was recorded.
    one.journal.append(session.state.seq, made)
    approved = session.core.hand_out(order.id)
    await session.flight.close()
    await one.venue.submit(approved)
    again = await one.open()
    assert again.state.ended[order.id].status == "filled"
    assert again.state.positions[order.position_id].size == 1
    assert len(one.venue.sent) == 1


async def test_the_kill_switch_cancels_working_entries_and_refuses_new_ones(rig):
    one = rig()
    session = await one.open()
    one.venue.fills_orders = False
    working = await session.submit(buy("1", price=Decimal(99)), within=1)
    cancelled, unresolved = await session.kill("test", "test")
    assert (cancelled, unresolved) == ([working.id], [])
    refused = await session.submit(buy(), within=1)
    assert isinstance(refused, Refused)
    assert refused.objection.code == "KILL_SWITCH_ACTIVE"


async def test_many_callers_at_once_cannot_pass_a_limit_together(rig):
    one = rig()
    session = await one.open()
    one.venue.fills_orders = False
    tried = [session.submit(buy("1", price=Decimal(100)), within=1) for _ in range(64)]
    results = await asyncio.gather(*tried)
    approved = [r for r in results if isinstance(r, Order)]
    assert sum(o.amount * o.price for o in approved) == 1000
    assert len(one.venue.sent) == len(approved) == 10


def broken(kind, ups):
    """A strategy like Ups that goes wrong in one way once it is asked on a live market."""

    class Broken(ups):
        name = f"broken_{kind}"
        asked = threading.Event()

        def signals(self, candles):
            good = super().signals(candles)
            match kind:
                case "raises":
                    raise RuntimeError("a bug in the plugin")
                case "exits":
                    raise SystemExit
                case "hangs":
                    self.asked.set()
                    threading.Event().wait()
                case "returns_nothing":
                    return None
                case "returns_nan":
                    return Signals(
                        good.enter_long,
                        good.exit_long,
                        good.enter_short,
                        good.exit_short,
                        np.full(len(candles), np.nan),
                    )
                case "returns_too_few":
                    return good.each(lambda column: column[:-1])
            return good

    return Broken


@pytest.mark.parametrize(
    "kind", ["raises", "exits", "hangs", "returns_nothing", "returns_nan", "returns_too_few"]
)
async def test_a_strategy_that_goes_wrong_stops_alone(rig, walk, ups, kind):
    bad = broken(kind, ups)
    one = rig([ups, bad], walk(60))
    one.clock.monotonic = time.monotonic
    session = await one.open()
    await one.play()
    assert session.state.strategies[bad.name].active is False
    assert session.state.strategies[bad.name].fault
    assert session.state.strategies["ups"].active is True
    assert session.state.tally("ups").trades > 2
    alerts = [a for a in session.state.alerts.values() if a.trigger == "strategy_broken"]
    assert len(alerts) == 1


async def test_a_strategy_that_breaks_the_contract_is_never_asked(rig, walk, ups):
    class Peeker(ups):
        name = "peeker"

        def signals(self, candles):
            good = super().signals(candles)
            ahead = np.roll(good.enter_long, -1)
            return Signals(
                ahead, good.exit_long, good.enter_short, good.exit_short, np.ones(len(candles))
            )

    one = rig([Peeker], walk(30))
    told = asyncio.Event()
    one.hub.listen(lambda fact: isinstance(fact, e.AlertRaised) and told.set())
    session = await one.open(prove=True)
    await asyncio.wait_for(told.wait(), 60)
    assert "contract" in session.state.strategies["peeker"].fault
    assert one.venue.sent == []


async def test_a_gap_in_the_candles_is_filled_from_the_exchange(rig, walk):
    script = walk(30)
    one = rig(script=[*script[:40], *script[60:]])
    session = await one.open()
    await one.play()
    newest = session.decider._windows["sim:AAA-USDT"]
    steps = np.diff(newest.candles().time)
    assert set(steps.tolist()) == {60_000}


async def test_no_price_waits_for_candles_that_are_asked_for(rig, walk):
    script = walk(6)
    later = [rig().data.move(symbol, 77.0) for symbol in SYMBOLS]
    # Four events a minute: two moves, two candles. The third and fourth minute are missing.
    one = rig(script=[*script[:8], *script[16:20], *later])
    one.data.before = None
    session = await one.open()
    candles, may_answer, decided = one.data.candles, asyncio.Event(), []
    decide = session.decider.decide

    async def slow(*args, **kwargs):
        await may_answer.wait()
        return await candles(*args, **kwargs)

    def noted(closed):
        decided.append(list(closed))
        return decide(decided[-1])

    one.data.candles, session.decider.decide = slow, noted
    await one.play()
    await one.until(lambda: all(p.last == 77.0 for p in session.core.standings.prices.values()))
    assert not session.is_idle
    before = len(decided)

    may_answer.set()
    await one.until(lambda: session.is_idle)

    assert decided[before:] == [["sim:AAA-USDT", "sim:BBB-USDT"]]


async def test_candles_of_one_instant_are_decided_together_after_a_later_price(rig, walk):
    one = rig(script=walk(2))
    later = [one.data.move(symbol, 77.0) for symbol in SYMBOLS]
    script = one.data.script
    one.data.script = [*script[:2], *later, *script[2:4], *script[4:6], *later, *script[6:]]
    session, decided = await one.open(), []
    decide = session.decider.decide

    def noted(closed):
        decided.append(list(closed))
        return decide(decided[-1])

    session.decider.decide = noted
    await one.play()

    assert [keys for keys in decided if keys] == [["sim:AAA-USDT", "sim:BBB-USDT"]] * 2


async def test_an_order_unknown_before_a_restart_is_settled_after_it(rig):
    one = rig()
    session = await one.open()
    one.venue.accepts = False
    one.venue.answer = one.venue.fall_silent
    order = await session.submit(buy(), within=1)
    assert order.status == "unknown"
    await session.flight.close()
    one.clock.monotonic = time.monotonic
    again = await one.open()
    while order.id in again.state.orders:
        await again.flight.changed(order.id, within=10)
    assert again.state.ended[order.id].status == "rejected"


async def test_a_cancel_that_was_cut_off_is_sent_after_the_restart(rig):
    one = rig()
    session = await one.open()
    one.venue.fills_orders = False
    working = await session.submit(buy("1", price=Decimal(99)), within=1)
    await session.flight.close()
    one.journal.append(
        session.state.seq + 1, session.core.request_cancel(working.id, one.clock.now())
    )
    again = await one.open()
    while working.id in again.state.orders:
        await again.flight.changed(working.id, within=5)
    assert one.venue.cancelled == [working.client_id]


async def test_a_full_disk_keeps_no_cancel_back(rig):
    one = rig()
    session = await one.open()
    one.venue.fills_orders = False
    working = await session.submit(buy("1", price=Decimal(99)), within=1)
    one.journal.healthy = False
    cancelled, _ = await session.kill("disk", "test")
    assert cancelled == [working.id]
    assert one.venue.cancelled == [working.client_id]


async def test_a_setting_that_cannot_be_written_is_not_changed(rig):
    one = rig()
    session = await one.open()
    one.journal.healthy = False
    with pytest.raises(StorageUnavailable):
        await session.record(e.EngineSwitched(at=START, running=False, principal="test"))
    assert session.state.running


async def test_a_market_that_falls_silent_is_not_entered(rig):
    one = rig()
    seconds = [0.0]
    one.clock.monotonic = lambda: seconds[0]
    session = await one.open()
    seconds[0] = 60.0
    assert session.stale_markets() == ["sim:AAA-USDT", "sim:BBB-USDT"]
    told = asyncio.Event()
    one.hub.listen(lambda fact: isinstance(fact, MetricsMeasured) and told.set())
    await asyncio.wait_for(told.wait(), 10)
    refused = await session.submit(buy(), within=1)
    assert refused.objection.rule == "price_is_stale"


async def test_a_silent_exchange_does_not_keep_the_session_from_opening(rig):
    one = rig()

    async def silent() -> None:
        raise TimeoutError

    one.venue.balances = silent
    session = await one.open()
    refused = await session.submit(buy(), within=1)
    assert isinstance(refused, Refused)
    cancelled, unresolved = await session.kill("test", "test")
    assert (cancelled, unresolved) == ([], [])


async def test_a_market_that_gives_no_candles_keeps_no_other_back(rig, walk):
    one = rig(script=walk(30))
    candles = one.data.candles

    async def broken(symbol, *args, **kwargs):
        if symbol == "BBB-USDT":
            raise OSError("no data")
        return await candles(symbol, *args, **kwargs)

    one.data.candles = broken
    session = await one.open()
    assert session.unfollowed == {"sim:BBB-USDT"}
    assert session.core.standings.prices["sim:AAA-USDT"].fresh


async def test_whatever_an_exchange_fails_with_is_its_failure(rig):
    one = rig()
    session = await one.open()

    async def broken(symbol):
        raise ValueError("no such field")

    one.data.ticker = broken
    session.core.standings.lose_price("sim:AAA-USDT")
    with pytest.raises(ExchangeError, match="gave no prices and candles for AAA-USDT"):
        await session.watch("sim:AAA-USDT")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.0, -1.0])
async def test_a_price_that_cannot_be_is_not_taken_in(rig, wrong):
    one = rig()
    one.data.script = [one.data.move("AAA-USDT", 101.0), one.data.move("AAA-USDT", wrong)]
    session = await one.open()
    await one.play()
    assert session.core.standings.marks["sim:AAA-USDT"] == 101


async def test_after_a_restart_what_rests_though_nobody_said_so_is_found(rig):
    one = rig()
    session = await one.open()
    order, made = session.core.submit(buy(price=Decimal(90)), one.clock.now())
    one.journal.append(session.state.seq, made)
    approved = session.core.hand_out(order.id)
    await session.flight.close()
    await one.venue.submit(approved)
    again = await one.open()
    assert again.state.orders[order.id].status == "open"
    assert len(one.venue.sent) == 1
