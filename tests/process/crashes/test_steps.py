"""Killed at any step of an order's life, the server loses nothing and does nothing twice.

`made.X` is where the entry X has been decided on and nothing of it is on disk, `durable.X` where
it is and nobody has heard of it. A number behind a step says which time the server dies there.
"""

from decimal import Decimal

import pytest

from trading_mcp.domain.entries import PeriodOpened

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("begun")]

MARKET = "BTC-USDT-PERP"
"""A perpetual: selling too much there would not fail, but turn the position around."""
AMOUNT = Decimal("0.002")
QUIET = {"strategies__enabled": [], "exchanges__sim__speed": 1e-6, "scalping__settle_fence_ms": 0}
"""Nobody trades but the caller, at prices that stand still."""

BUY = {"pair": MARKET, "side": "buy", "amount": float(AMOUNT), "idempotency_key": "in"}
SELL = {"pair": MARKET, "side": "sell", "amount": float(AMOUNT), "idempotency_key": "out"}
KILL_SWITCH = "/api/v1/risk/sentinel/kill-switch"

NEVER_SENT = {"journal.committed", "order.before_send"}
"""Killed there, an order is journaled but has not left; nobody sends it later."""


@pytest.mark.parametrize(
    "step",
    [
        "made.OrderApproved",
        "journal.before_insert",
        "journal.before_commit",
        "journal.committed",
        "order.before_send",
        "exchange.accepted",
        "order.accepted",
        "made.FillBooked",
        "journal.committed:2",
        "durable.FillBooked",
        "durable.Answered",
    ],
)
def test_an_order_that_is_asked_for_again_trades_once(serve, books, step: str) -> None:
    serve(**QUIET, failpoint=step).die_of("submit_market_order", **BUY)
    assert books().objections() == []

    again = serve(**QUIET)
    again.settle()
    again.call("submit_market_order", **BUY)
    again.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert found.traded(MARKET) == (0 if step in NEVER_SENT else AMOUNT)


@pytest.mark.parametrize("step", ["order.before_send:2", "exchange.accepted:2"])
def test_a_close_goes_on_after_the_crash_and_closes_once(serve, books, step: str) -> None:
    dying = serve(**QUIET, failpoint=step)
    name = dying.call("submit_market_order", **BUY)["order"]["position_id"]
    close = {"symbol": "BTC-USDT", "position_id": name, "idempotency_key": "out"}
    dying.die_of("close_futures_position", **close)

    again = serve(**QUIET)
    again.settle()
    answer = again.call("close_futures_position", **close)
    again.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert (answer["outcome"], answer["closed"]) == ("closed", float(AMOUNT))
    assert found.traded(MARKET) == 0


@pytest.mark.parametrize(
    "step",
    [
        "order.before_send:2",
        "exchange.accepted:2",
        "order.accepted:2",
        "made.FillBooked:2",
        "durable.FillBooked:2",
    ],
)
def test_a_position_is_left_once(serve, books, step: str) -> None:
    dying = serve(**QUIET, failpoint=step)
    dying.call("submit_market_order", **BUY)
    dying.die_of("submit_market_order", **SELL)

    again = serve(**QUIET)
    again.settle()
    again.call("submit_market_order", **SELL)
    left = again.call("get_positions")["positions"]
    again.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert found.traded(MARKET) == sum((Decimal(str(p["size"])) for p in left), Decimal(0))
    assert found.traded(MARKET) == (AMOUNT if step == "order.before_send:2" else 0)


@pytest.mark.parametrize("step", ["cancel.before_send", "exchange.cancelled", "cancel.sent"])
def test_a_cancel_that_was_cut_off_can_be_asked_for_again(serve, books, step: str) -> None:
    dying = serve(**QUIET, failpoint=step)
    order_id = dying.call("submit_limit_order", **below(dying, 0.9))["order"]["order_id"]
    dying.die_of("cancel_order", order_id=order_id)

    again = serve(**QUIET)
    again.call("cancel_order", order_id=order_id)
    again.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert [order.status for order in found.orders.values()] == ["cancelled"]


@pytest.mark.parametrize(
    "step", ["durable.KillSwitchChanged", "cancel.before_send", "exchange.cancelled"]
)
def test_a_kill_switch_that_was_cut_off_stays_on_and_finishes_its_work(
    serve, books, step: str
) -> None:
    dying = serve(**QUIET, failpoint=step)
    for share in (0.8, 0.9):
        dying.call("submit_limit_order", **below(dying, share))
    dying.die_of("activate_kill_switch", reason="a drill")

    again = serve(**QUIET)
    again.settle()
    refused = again.call("submit_market_order", **BUY)
    again.stop()

    found = books()
    assert refused["code"] == "KILL_SWITCH_ACTIVE"
    assert found.state.kill_switch.reason == "a drill"
    assert [order.status for order in found.orders.values()] == ["cancelled", "cancelled"]
    assert (found.objections(), found.under_way) == ([], [])


@pytest.mark.parametrize("step", ["made.OrderChanged", "durable.OrderChanged", "made.FillBooked"])
def test_dying_again_while_recovering_changes_nothing(launch, serve, books, step: str) -> None:
    serve(**QUIET, failpoint="exchange.accepted").die_of("submit_market_order", **BUY)
    recovering = launch(**QUIET, failpoint=step)
    recovering.was_killed()
    assert books().objections() == []

    again = serve(**QUIET)
    again.settle()
    again.stop()

    found = books()
    assert (found.objections(), found.under_way) == ([], [])
    assert found.traded(MARKET) == AMOUNT


def test_what_one_recovery_did_not_find_out_the_next_one_does(launch, serve, books) -> None:
    serve(**QUIET, failpoint="order.before_send").die_of("submit_market_order", **BUY)
    launch(**QUIET, failpoint="durable.OrderChanged").was_killed()

    again = serve(**QUIET)
    again.settle()
    again.stop()

    found = books()
    assert found.objections() == []
    assert [order.status for order in found.orders.values()] == ["rejected"]


@pytest.mark.parametrize("step", ["made.FundingBooked", "durable.FundingBooked:2"])
def test_funding_is_booked_once(serve, books, step: str) -> None:
    dying = serve(**QUIET | {"exchanges__sim__speed": 20_000}, failpoint=step)
    dying.call("execute_trade", **BUY, stop_loss_pct=50, take_profit_pct=100)
    dying.was_killed()
    assert books().objections() == []

    again = serve(**QUIET)
    again.settle()
    again.stop()

    found = books()
    assert found.objections() == []
    assert found.state.position(next(iter(found.positions))).funding != 0


def test_a_day_begins_once(launch, books) -> None:
    # Not `serve`: shortly before midnight the first day ends before the server is ready.
    hasty = QUIET | {"exchanges__sim__speed": 20_000}
    launch(**hasty, failpoint="made.PeriodOpened").was_killed()
    launch(**hasty, failpoint="durable.PeriodOpened").was_killed()
    launch(**hasty, failpoint="durable.PeriodOpened").was_killed()

    found = books()
    assert found.objections() == []
    assert sum(isinstance(entry, PeriodOpened) for entry in found.entries) > 3


def below(server, share: float) -> dict[str, object]:
    """Return an order to buy at *share* of the price, which rests."""
    price = round(server.call("get_ticker", pair=MARKET)["last"] * share)
    return {"pair": MARKET, "side": "buy", "amount": float(AMOUNT), "price": price}
