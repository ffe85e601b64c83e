"""How orders fared: counted once each, right after every turn, and the same after a restart."""

from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import OrderReport
from trading_mcp.engine.opening import read_state
from trading_mcp.engine.state import decoded, encoded


def test_an_order_is_counted_by_how_it_ended(bench):
    bench.open(amount="1")
    refused = bench.submit("buy", "1")
    bench.keep(bench.core.on_refused(refused.id, "no", bench.now))
    unsent = bench.submit("buy", "1")
    bench.keep(bench.core.on_not_sent(unsent.id, "disk", bench.now))
    bench.submit("buy", "1", price=Decimal(99))
    executed = bench.state.executed()
    assert executed.ended == {"filled": 1, "rejected": 1, "abandoned": 1}
    assert (executed.completed, executed.failed) == (1, 2)
    assert executed.fill_rate == pytest.approx(100 / 3)
    assert bench.state.executed("sim") == executed


def test_an_order_that_ends_anew_is_not_counted_twice(bench):
    order = bench.submit("buy", "1", price=Decimal(99))
    bench.accept(order)
    bench.keep(bench.core.on_report(report(bench, order, "cancelled")))
    assert bench.state.executed().ended == {"cancelled": 1}
    bench.fill(order, price="99")
    assert (bench.state.executed().completed, bench.state.executed().fill_rate) == (1, 100.0)
    assert bench.state.executed().ended["cancelled"] == 0


def test_an_order_that_comes_back_is_working_again(bench):
    order = bench.submit("buy", "1", price=Decimal(99))
    bench.keep(bench.core.on_refused(order.id, "not found", bench.now))
    assert bench.state.executed().failed == 1
    bench.keep(bench.core.on_report(report(bench, order, "open")))
    assert bench.state.executed().failed == bench.state.executed().completed == 0
    bench.fill(order, price="99")
    assert (bench.state.executed().completed, bench.state.executed().failed) == (1, 0)


def test_slippage_is_of_orders_at_the_market_from_what_they_expected(bench):
    bench.fill(bench.submit("buy", "1"), price="100.5")
    bench.fill(bench.submit("buy", "1", price=Decimal(101)), price="101")
    stop = bench.submit("buy", "1", type="stop", stop_price=Decimal(110))
    bench.fill(stop, price="110.55")
    executed = bench.state.executed()
    assert executed.measured == 2
    assert executed.average_slippage_pct == pytest.approx(0.5)


def test_maker_and_taker_are_told_apart_by_value(bench):
    order = bench.submit("buy", "3", price=Decimal(100))
    bench.fill(order, amount="1", price="100")
    bench.keep(
        bench.core.on_fill(
            Fill(
                exchange="sim",
                symbol=order.symbol,
                trade_id="maker",
                client_id=order.client_id,
                side="buy",
                amount=Decimal(2),
                price=Decimal(100),
                fee=Decimal(0),
                fee_currency="USDT",
                at=bench.now,
                maker=True,
            )
        )
    )
    assert bench.state.executed().maker_share == pytest.approx(200 / 3)


def test_the_latency_of_each_accepted_order_is_kept_over_a_restart(bench):
    for _ in range(3):
        bench.open(amount="1")
    again = decoded(encoded(bench.state))
    assert again.executed().latency.count == 3
    assert again.executed() == bench.state.executed()


class Kept:
    """A journal with a snapshot in it."""

    def __init__(self, entries, snapshot):
        self._entries, self._snapshot = entries, snapshot

    def snapshot(self):
        return self._snapshot

    def entries(self, after):
        yield from enumerate(self._entries[after:], after + 1)


def test_a_snapshot_of_an_older_fold_is_folded_anew(bench):
    bench.open(amount="1")
    count = len(bench.journal)
    older = {"seq": count, "now": bench.now, "completed": 1, "periods": {"day": [0, "10000"]}}
    assert decoded(msgspec.json.encode(older)) is None
    found = read_state(Kept(bench.journal, (count, msgspec.json.encode(older))))
    assert encoded(found) == encoded(bench.state)
    assert encoded(read_state(Kept(bench.journal, (count, encoded(bench.state))))) == encoded(found)


def report(bench, order, status):
    return OrderReport(
        exchange="sim",
        symbol=order.symbol,
        client_id=order.client_id,
        venue_id=f"v-{order.id}",
        status=status,
        filled=order.filled,
        at=bench.now,
    )
