"""What happens on the account without us: foreign orders and trades, transfers, differences."""

from decimal import Decimal

import msgspec
import pytest

from trading_mcp.domain import entries as e
from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.domain.orders import EXTERNAL, ExitPlan, Fill, Order, Refused
from trading_mcp.domain.reports import FundingPaid, OrderReport, OrderTerms, Transferred

PLAN = ExitPlan(stop_loss_pct=1.0)


def foreign(
    bench, client_id: str = "by-hand", filled: str = "0", status: str = "open", **terms
) -> OrderReport:
    """An order that somebody else has at the exchange."""
    asked = {"side": "buy", "type": "limit", "amount": Decimal(2), "price": Decimal(90), **terms}
    return OrderReport(
        exchange="sim",
        symbol="BTC-USDT",
        client_id=client_id,
        venue_id="v9",
        status=status,
        filled=Decimal(filled),
        at=bench.now,
        terms=OrderTerms(**asked),
    )


def adopt(bench, report: OrderReport) -> Order:
    bench.keep(bench.core.on_foreign(report, "sim"))
    return bench.state.orders[f"ext_{report.client_id}"]


def trade(bench, trade_id: str, amount: str, client_id: str = "by-hand", **fields) -> Fill:
    return Fill(
        **{
            "exchange": "sim",
            "symbol": "BTC-USDT",
            "trade_id": trade_id,
            "client_id": client_id,
            "side": "buy",
            "amount": Decimal(amount),
            "price": Decimal(90),
            "fee": Decimal(0),
            "fee_currency": "USDT",
            "at": bench.now,
            **fields,
        }
    )


def tell(bench, *fills: Fill) -> None:
    for fill in fills:
        bench.keep(bench.core.on_fill(fill))


def join(bench) -> None:
    joined = e.ExchangeJoined(at=bench.now, exchange="sim", source="test")
    bench.keep(bench.core.record(joined))


def alerts(bench, trigger: str) -> list[str]:
    return [a.severity for a in bench.state.alerts.values() if a.trigger == trigger]


def mismatch(bench, currency: str, total: str) -> Decimal:
    """The exchange has *total*, and nobody knows why."""
    asset = f"sim:{currency}"
    difference = Decimal(total) - bench.state.cash.get(asset, Decimal(0))
    bench.keep(bench.core.on_balance("sim", currency, Decimal(total), "correction"))
    bench.keep(bench.core.on_mismatch(asset, difference, f"{currency} differs"))
    return difference


def test_a_foreign_order_is_counted_and_told_of(bench):
    order = adopt(bench, foreign(bench, filled="0.5"))
    assert (order.owner, order.status, order.remaining) == (EXTERNAL, "partial", Decimal("1.5"))
    assert bench.core.standings.exposure() == 135
    assert bench.core.standings.free_quote("sim", "USDT") == Decimal(10_000) - Decimal("135.135")
    assert alerts(bench, "outside_order") == ["warning"]
    assert bench.state.kill_switch is None


def test_a_foreign_order_is_no_way_past_a_limit(limited):
    bench = limited(max_total_exposure_usd=300)
    adopt(bench, foreign(bench))
    assert bench.submit("buy", "2").objection.rule == "exposure_is_too_large"


def test_a_foreign_order_is_not_counted_as_one_of_ours(bench):
    adopt(bench, foreign(bench))
    tell(bench, trade(bench, "t1", "2"))
    report = msgspec.structs.replace(foreign(bench), status="filled", filled=Decimal(2))
    bench.keep(bench.core.on_report(report))
    assert bench.state.executed().completed == 0
    assert bench.state.positions == {}
    assert bench.state.tally().trades == 0


@pytest.mark.parametrize("told_before", [True, False])
def test_a_foreign_orders_trades_are_booked_once_whenever_they_are_told(bench, told_before):
    first, second = trade(bench, "t1", "0.5"), trade(bench, "t2", "1.5")
    if told_before:
        tell(bench, first)
    adopt(bench, foreign(bench, filled="0.5"))
    tell(bench, first, second, first, second)
    assert bench.state.cash["sim:BTC"] == 2
    assert bench.state.cash["sim:USDT"] == 10_000 - 180
    bench.keep(bench.core.on_report(foreign(bench, filled="2", status="filled")))
    assert bench.state.ended["ext_by-hand"].status == "filled"
    assert alerts(bench, "overfill") == []


def test_a_foreign_order_that_traded_while_it_was_looked_at_still_ends(bench):
    listed = foreign(bench)
    tell(bench, trade(bench, "t1", "0.5"))
    adopt(bench, listed)
    report = foreign(bench, filled="0.5", status="cancelled")
    assert not bench.core.misses_fills(report)
    bench.keep(bench.core.on_report(report))
    assert bench.state.ended["ext_by-hand"].status == "cancelled"
    assert bench.core.standings.exposure_of("sim:BTC-USDT") == 0


def test_a_foreign_orders_rest_is_what_the_exchange_says(bench):
    adopt(bench, foreign(bench))
    bench.keep(bench.core.on_report(foreign(bench, filled="1.5")))
    assert bench.state.orders["ext_by-hand"].remaining == Decimal("0.5")
    bench.keep(bench.core.on_report(foreign(bench, filled="1")))  # an older report, told late
    assert bench.state.orders["ext_by-hand"].remaining == Decimal("0.5")


def test_the_same_names_at_two_exchanges_are_two_things(limited, spot):
    there = msgspec.structs.replace(spot, exchange="kex")
    bench = limited(markets=(spot, there))
    tell(bench, trade(bench, "17", "1"), trade(bench, "17", "1", exchange="kex"))
    assert (bench.state.cash["sim:BTC"], bench.state.cash["kex:BTC"]) == (1, 1)
    bench.keep(bench.core.on_balance("kex", "USDT", Decimal(1_000), "opening"))
    ours = bench.submit("buy", "1", market=there, price=Decimal(100))
    tell(bench, trade(bench, "18", "1"))
    bench.fill(ours, trade="18")
    assert bench.state.ended[ours.id].status == "filled"


def test_funding_and_transfers_of_two_exchanges_are_two_things(limited, perpetual):
    there = msgspec.structs.replace(perpetual, exchange="kex")
    bench = limited(markets=(perpetual, there))
    for name in ("sim", "kex"):
        paid = FundingPaid(
            exchange=name,
            symbol=perpetual.symbol,
            funding_id="f1",
            rate=0.0,
            amount=Decimal(1),
            at=bench.now,
        )
        moved = Transferred(
            exchange=name,
            transfer_id="x1",
            currency="USDT",
            amount=Decimal(10),
            kind="deposit",
            at=bench.now,
        )
        for _ in range(2):
            bench.keep(bench.core.on_funding(paid))
            bench.keep(bench.core.on_transferred(moved))
    assert (bench.state.cash["sim:USDT"], bench.state.cash["kex:USDT"]) == (10_011, 11)


def test_an_order_with_our_tag_that_the_journal_does_not_know_kills(bench):
    adopt(bench, foreign(bench, client_id="ord_0000lost-test"))
    assert "does not know" in bench.state.kill_switch.reason
    assert alerts(bench, "alien_order") == ["critical"]
    assert isinstance(bench.submit("buy", "1"), Refused)


def test_another_installations_order_with_our_orders_name_is_not_ours(bench):
    ours = bench.submit("buy", "1", price=Decimal(100))
    bench.accept(ours)
    theirs = foreign(bench, client_id=f"{ours.id}-other", status="cancelled")
    bench.keep(bench.core.on_report(theirs))
    tell(bench, trade(bench, "t1", "1", client_id=theirs.client_id))
    assert bench.state.orders[ours.id].filled == 0
    assert bench.state.positions == {}


@pytest.mark.parametrize("terms", [{"terms": None}, {"symbol": "XYZ-USDT"}])
def test_what_cannot_be_counted_is_not_adopted(bench, terms):
    report = msgspec.structs.replace(foreign(bench), **terms)
    assert bench.core.on_foreign(report, "sim") == []


@pytest.mark.parametrize(
    ("currency", "asset"), [("BTC", "sim:BTC"), ("USDT", "sim:USDT")], ids=["base", "quote"]
)
def test_a_difference_nobody_explains_halts_the_assets_markets_until_resumed(
    bench, currency, asset
):
    mismatch(bench, currency, "9000")
    assert bench.submit("buy", "1").objection.rule == "market_is_halted"
    assert alerts(bench, "balance_mismatch") == ["critical"]
    assert bench.state.kill_switch is None
    bench.restart()
    bench.price(100.0)
    assert bench.submit("buy", "1").objection.rule == "market_is_halted"
    resumed = e.TradingResumed(at=bench.now, asset=asset, principal="somebody")
    bench.keep(bench.core.record(resumed))
    assert isinstance(bench.submit("buy", "1"), Order)


def test_a_halted_market_may_be_left(bench):
    entry = bench.open(plan=PLAN)
    mismatch(bench, "USDT", "9000")
    assert isinstance(bench.submit("sell", "0.5", reduces=entry.position_id), Order)
    assert len(bench.approved(bench.price(98.0))) == 1


def test_a_coins_difference_halts_its_own_markets_alone(bench, perpetual):
    mismatch(bench, "BTC", "1")
    assert isinstance(bench.submit("buy", "1", market=perpetual), Order)


def test_rounding_halts_nothing(bench):
    mismatch(bench, "BTC", "0.0000009")
    mismatch(bench, "USDT", "9999.9999")
    assert bench.state.halted == {}
    assert alerts(bench, "balance_mismatch") == []
    assert bench.state.cash["sim:BTC"] == Decimal("0.0000009")


def test_a_difference_of_unknown_worth_halts(limited, spot):
    other = msgspec.structs.replace(spot, symbol="ETH-USDT", base="ETH")
    bench = limited(markets=(spot, other))
    bench.core.standings.marks.pop(other.key)
    mismatch(bench, "ETH", "0.00000001")
    assert "sim:ETH" in bench.state.halted


def test_a_position_owns_no_more_than_the_account_has(bench):
    entry = bench.open(amount="2", plan=PLAN)
    mismatch(bench, "BTC", "0.5")
    assert bench.state.positions[entry.position_id].size == Decimal("0.5")
    mismatch(bench, "BTC", "0")
    closed = bench.state.closed[entry.position_id]
    assert (closed.close_reason, closed.realized_pnl) == ("not in the account", 0)


def test_what_more_there_is_belongs_to_no_position(bench):
    entry = bench.open(plan=PLAN)
    mismatch(bench, "BTC", "3")
    assert bench.state.positions[entry.position_id].size == 1


def test_a_transfer_is_booked_once_and_is_no_profit(bench):
    moved = Transferred(
        exchange="sim",
        transfer_id="7",
        currency="USDT",
        amount=Decimal(-4_000),
        kind="withdrawal",
        at=bench.now,
    )
    for _ in range(3):
        bench.keep(bench.core.on_transferred(moved))
    bench.price(100.0)
    equity = bench.core.equity()
    assert bench.state.cash["sim:USDT"] == equity.now == equity.day == equity.month == 6_000
    assert bench.core.earnings("day").net == 0
    assert bench.state.halted == {}


def test_what_was_before_we_joined_is_in_the_opening_balance(bench):
    join(bench)
    before = bench.now - 1
    tell(bench, trade(bench, "t1", "1", at=before))
    moved = Transferred(
        exchange="sim",
        transfer_id="7",
        currency="USDT",
        amount=Decimal(5),
        kind="deposit",
        at=before,
    )
    assert bench.core.on_transferred(moved) == []
    assert bench.state.cash == {"sim:USDT": Decimal(10_000)}


def test_a_foreign_orders_trades_before_we_joined_are_not_booked(bench):
    join(bench)
    adopt(bench, foreign(bench, filled="0.5"))
    tell(bench, trade(bench, "t1", "0.5", at=bench.now - 1))
    assert bench.state.cash == {"sim:USDT": Decimal(10_000)}


def test_our_own_fill_is_booked_though_the_exchanges_clock_is_behind_ours(bench):
    join(bench)
    order = bench.submit("buy", "1")
    bench.fill(order, at=bench.now - 3_000)
    assert bench.state.positions[order.position_id].size == 1


def test_nothing_is_opened_on_an_exchange_in_doubt(bench):
    entry = bench.open(plan=PLAN)
    bench.core.doubt("sim", "reconciling", "did not answer")
    bench.core.doubt("sim", "deadline", "did not renew")
    assert bench.submit("buy", "1").objection.rule == "exchange_is_in_doubt"
    assert isinstance(bench.submit("sell", "0.5", reduces=entry.position_id), Order)
    bench.core.trust("sim", "reconciling")
    assert "did not renew" in bench.submit("buy", "1").objection.reason
    bench.core.trust("sim", "deadline")
    assert isinstance(bench.submit("buy", "1"), Order)


def test_an_exchanges_doubt_is_its_own(limited, spot):
    there = msgspec.structs.replace(spot, exchange="kex")
    bench = limited(markets=(spot, there))
    bench.core.doubt("kex", "reconciling", "did not answer")
    assert isinstance(bench.submit("buy", "1"), Order)


def test_an_exchange_has_a_cap_of_its_own(limited, spot):
    there = msgspec.structs.replace(spot, exchange="kex")
    bench = limited(terms=ExchangeTerms(max_exposure=Decimal(250)), markets=(spot, there))
    bench.open(amount="1")
    adopt(bench, foreign(bench, amount=Decimal(1), price=Decimal(100)))
    assert bench.submit("buy", "1").objection.rule == "exchange_cap_is_exceeded"
    assert isinstance(bench.submit("buy", "0.5"), Order)


def test_a_position_may_be_left_beyond_the_cap(limited):
    bench = limited(terms=ExchangeTerms(max_exposure=Decimal(150)))
    entry = bench.open(amount="1")
    bench.price(200.0)
    assert isinstance(bench.submit("sell", "1", reduces=entry.position_id), Order)


def test_an_order_taken_for_dead_that_turns_up_kills_and_counts_again(bench):
    order = bench.submit("buy", "1", price=Decimal(100))
    bench.keep(bench.core.on_unknown(order.id, "silence", bench.now))
    bench.keep(bench.core.on_refused(order.id, "not accepted: twice", bench.now))
    assert bench.core.standings.exposure() == 0
    bench.fill(order, "0.4")
    assert bench.state.positions[order.position_id].size == Decimal("0.4")
    assert "taken for dead" in bench.state.kill_switch.reason
    report = bench.report_of(order, "open", bench.now)
    bench.keep(bench.core.on_report(msgspec.structs.replace(report, filled=Decimal("0.4"))))
    assert bench.state.orders[order.id].remaining == Decimal("0.6")


def agree(bench, asset: str = "sim:BTC") -> None:
    """All trades have been told, and our balance is the exchange's."""
    bench.keep(bench.core.on_agreed(asset))


def test_what_a_person_sold_of_a_position_is_closed_at_that_price_and_fee(bench):
    entry = bench.open(amount="2", plan=PLAN)
    tell(bench, trade(bench, "t1", "0.5", side="sell", price=Decimal(110), fee=Decimal(1)))
    agree(bench)
    held = bench.state.positions[entry.position_id]
    assert (held.size, held.realized_pnl, held.close_reason) == (
        Decimal("1.5"),
        4,
        "closed_outside",
    )
    tell(bench, trade(bench, "t2", "1.5", side="sell", price=Decimal(90), fee=Decimal(0)))
    agree(bench)
    closed = bench.state.closed[entry.position_id]
    assert (closed.realized_pnl, closed.close_reason) == (4 - 15, "closed_outside")
    assert closed.closed_at == bench.now
    assert bench.state.halted == {}
    assert bench.state.tally().trades == 1


def test_coins_of_no_position_are_sold_first(bench):
    tell(bench, trade(bench, "t0", "1"))
    entry = bench.open(plan=PLAN)
    first = trade(bench, "t1", "1", side="sell", price=Decimal(50))
    tell(bench, first, trade(bench, "t2", "0.4", side="sell", price=Decimal(110), at=bench.now + 1))
    agree(bench)
    held = bench.state.positions[entry.position_id]
    assert (held.size, held.exit_price) == (Decimal("0.6"), 110)


def test_a_sale_told_before_the_purchase_it_sold_closes_nothing(bench):
    entry = bench.open(plan=PLAN)
    tell(bench, trade(bench, "t2", "1", side="sell"), trade(bench, "t1", "1"))
    agree(bench)
    assert bench.state.positions[entry.position_id].size == 1


def test_the_oldest_position_is_closed_first(bench):
    old = bench.open(amount="1", plan=PLAN, owner="wise")
    bench.price(100.0)
    new = bench.open(amount="1", plan=PLAN)
    tell(bench, trade(bench, "t1", "1.5", side="sell", price=Decimal(90), fee=Decimal(3)))
    agree(bench)
    assert bench.state.closed[old.position_id].realized_pnl == -10 - 2
    held = bench.state.positions[new.position_id]
    assert (held.size, held.fees) == (Decimal("0.5"), 1)


@pytest.mark.parametrize(("opening", "closing"), [("buy", "sell"), ("sell", "buy")])
def test_a_contract_closed_by_hand_is_closed_here_beyond_it_nothing(
    bench, perpetual, opening, closing
):
    entry = bench.open(opening, "1", market=perpetual, plan=PLAN)
    asset, told = "sim:BTC-USDT-PERP", {"side": closing, "symbol": perpetual.symbol}
    tell(bench, trade(bench, "t1", "0.4", **told))
    agree(bench, asset)
    assert bench.state.positions[entry.position_id].size == Decimal("0.6")
    tell(bench, trade(bench, "t2", "1", **told))
    agree(bench, asset)
    assert bench.state.closed[entry.position_id].exited == 1
    assert bench.state.halted == {}


def test_a_trade_of_an_order_by_hand_that_was_adopted_closes_too(bench):
    entry = bench.open(plan=PLAN)
    adopt(bench, foreign(bench, side="sell", amount=Decimal(1)))
    tell(bench, trade(bench, "t1", "1", side="sell", price=Decimal(120)))
    agree(bench)
    assert bench.state.closed[entry.position_id].realized_pnl == 20


def test_what_no_trade_explains_is_written_off_and_halts(bench):
    entry = bench.open(amount="2", plan=PLAN)
    moved = Transferred(
        exchange="sim",
        transfer_id="7",
        currency="BTC",
        amount=Decimal("-0.5"),
        kind="withdrawal",
        at=bench.now,
    )
    bench.keep(bench.core.on_transferred(moved))
    agree(bench)
    held = bench.state.positions[entry.position_id]
    assert (held.size, held.realized_pnl) == (Decimal("1.5"), 0)
    assert "no trade explains it" in bench.state.halted["sim:BTC"]
    assert alerts(bench, "balance_mismatch") == ["critical"]


def test_a_sale_that_was_agreed_on_explains_nothing_later(bench):
    tell(bench, trade(bench, "t0", "1"))
    entry = bench.open(plan=PLAN)
    tell(bench, trade(bench, "t1", "1", side="sell", price=Decimal(50)))
    agree(bench)
    mismatch(bench, "BTC", "0.5")
    assert bench.state.positions[entry.position_id].exit_price == 100


def test_a_sale_that_a_crash_kept_from_being_compared_is_remembered_with_its_price(bench):
    entry = bench.open(amount="2", plan=PLAN)
    sale = trade(bench, "t1", "0.5", side="sell", price=Decimal(110), fee=Decimal(1))
    tell(bench, sale)
    bench.restart()
    bench.price(100.0)
    tell(bench, sale)
    agree(bench)
    held = bench.state.positions[entry.position_id]
    assert (held.size, held.realized_pnl) == (Decimal("1.5"), 4)
    assert bench.state.halted == {}


def test_a_sale_that_was_agreed_on_before_a_crash_explains_nothing_after_it(bench):
    tell(bench, trade(bench, "t0", "1"))
    entry = bench.open(plan=PLAN)
    tell(bench, trade(bench, "t1", "1", side="sell", price=Decimal(50)))
    agree(bench)
    bench.restart()
    bench.price(100.0)
    mismatch(bench, "BTC", "0.5")
    assert bench.state.positions[entry.position_id].exit_price == 100


def test_what_was_closed_outside_is_told_by_the_journal(bench):
    entry = bench.open(amount="2", plan=PLAN)
    tell(bench, trade(bench, "t1", "0.5", side="sell", price=Decimal(110), fee=Decimal(1)))
    agree(bench)
    size = bench.state.positions[entry.position_id].size
    folded = type(bench.state)()
    for entry_made in bench.journal:
        folded.apply(entry_made)
    assert folded.positions[entry.position_id].size == size


def test_an_exit_that_is_larger_than_what_is_left_is_called_off(bench):
    entry = bench.open(amount="2", plan=PLAN)
    resting = bench.submit("sell", "2", price=Decimal(105), reduces=entry.position_id)
    bench.accept(resting)
    tell(bench, trade(bench, "t1", "0.5", side="sell"))
    agree(bench)
    assert bench.state.orders[resting.id].cancelling


def test_an_exit_that_is_refused_again_and_again_halts_its_market_and_is_told_of_no_more(bench):
    entry = bench.open(plan=PLAN)
    (order,) = bench.approved(bench.price(98.0))
    bench.refuse(order)
    for _ in range(7):
        (order,) = bench.approved(bench.wait(61_000))
        bench.refuse(order)
    refused = [o for o in bench.state.ended.values() if o.status == "rejected"]
    assert len(refused) == 8
    assert f"5 times in a row to close {entry.position_id}" in bench.state.halted["sim:BTC"]
    assert alerts(bench, "order_error") == ["warning"] * 4 + ["critical"]
    (again,) = bench.approved(bench.wait(61_000))
    bench.accept(again)
    bench.fill(again)
    assert entry.position_id in bench.state.closed
