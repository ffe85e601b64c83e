"""Orders as callers send, cancel and look at them, on the running simulated exchange."""

import asyncio

import msgspec
import pytest

from trading_mcp.domain.errors import (
    ExchangeError,
    InsufficientBalance,
    InvalidParameter,
    KillSwitchActive,
    MissingParameter,
    OrderFailed,
    OrderNotFound,
    StorageUnavailable,
    TradingError,
)

ETH = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1}
SPELLINGS = [
    ("submit_market_order", {}, ("submit_order", {"type": "market"})),
    ("submit_limit_order", {"price": 0.9}, ("submit_order", {"type": "limit"})),
    ("submit_stop_order", {"stop_price": 1.1}, ("submit_order", {"type": "stop"})),
]


@pytest.mark.parametrize(("own", "levels", "general"), SPELLINGS)
async def test_an_order_of_any_type_can_be_sent_in_two_ways(desk, own, levels, general):
    at = await desk.price("ETH-USDT")
    levels = {name: round(share * at, 2) for name, share in levels.items()}
    name, more = general
    one = await desk.ask(own, **ETH, **levels)
    other = await desk.ask(name, **ETH, **levels, **more)
    assert one.outcome == other.outcome == ("accepted" if levels else "filled")
    assert (one.order.type, one.order.size) == (other.order.type, other.order.size)
    assert (one.order.price, one.order.stop_price) == (
        pytest.approx(other.order.price, rel=0.01),
        other.order.stop_price,
    )


@pytest.mark.parametrize(
    ("order", "kind", "field"),
    [
        ({"type": "market", "price": 3000}, InvalidParameter, "price"),
        ({"type": "market", "stop_price": 3000}, InvalidParameter, "stop_price"),
        ({"type": "limit"}, MissingParameter, "price"),
        ({"type": "limit", "price": 3000, "stop_price": 2900}, InvalidParameter, "stop_price"),
        ({"type": "stop"}, MissingParameter, "stop_price"),
        ({"type": "stop", "stop_price": 3000, "price": 3000}, InvalidParameter, "price"),
    ],
)
async def test_a_price_that_does_not_belong_to_the_type_is_refused_by_name(
    desk, order, kind, field
):
    with pytest.raises(kind) as refused:
        await desk.ask("submit_order", **ETH, **order)
    assert refused.value.details["field"] == field
    assert (await desk.ask("get_order_history")).count == 0


async def test_what_is_sent_lies_on_the_markets_grid_and_is_told_so(desk):
    on_tick = round(await desk.price("ETH-USDT") * 0.9, 2)
    placed = await desk.ask(
        "submit_limit_order", pair="ETH-USDT", side="buy", amount=0.123456, price=on_tick + 0.007
    )
    sent = placed.order
    assert sent.size == 0.1234
    assert sent.price == on_tick
    assert sent.notional == pytest.approx(sent.size * sent.price)
    assert (sent.source, sent.exchange, sent.state) == ("simulated", "sim", "open")


async def test_less_than_a_step_more_than_is_held_closes_what_is_held(desk):
    await desk.ask("submit_market_order", **ETH)
    sold = await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.10004)
    assert (sold.order.size, (await desk.ask("get_positions")).count) == (0.1, 0)


@pytest.mark.parametrize("amount", [1e-9, 0.0001])
async def test_an_amount_below_a_step_or_the_minimum_is_refused(desk, amount):
    with pytest.raises(InvalidParameter):
        await desk.ask("submit_order", pair="ETH-USDT", side="buy", type="market", amount=amount)


async def test_an_order_is_found_by_its_id_while_it_works_and_after(desk):
    price = await desk.price("ETH-USDT") * 0.9
    placed = await desk.ask("submit_limit_order", **ETH, price=price)
    name = placed.order.order_id
    assert (await desk.ask("get_order_status", order_id=name, exchange="sim")).outcome == "accepted"
    await desk.ask("cancel_order", order_id=name, exchange="sim")
    ended = await desk.ask("get_order_status", order_id=name)
    assert (ended.outcome, ended.order.status) == ("cancelled", "cancelled")
    assert ended.order.reason == "exchange: cancelled (requested)"


@pytest.mark.parametrize("question", ["cancel_order", "get_order_status"])
async def test_an_order_that_is_not_there_is_not_found(desk, question):
    with pytest.raises(OrderNotFound) as missing:
        await desk.ask(question, order_id="ord_none")
    assert (missing.value.code, missing.value.status) == ("ORDER_FAILED", 404)
    assert "get_open_orders" in missing.value.hint


@pytest.mark.parametrize(
    "question", ["cancel_order", "get_order_status", "get_order_history", "cancel_all_orders"]
)
async def test_an_exchange_that_is_not_configured_is_said_so(desk, question):
    order = {"order_id": "ord_1"} if question in ("cancel_order", "get_order_status") else {}
    with pytest.raises(InvalidParameter, match="not configured"):
        await desk.ask(question, exchange="kucoin", **order)


async def test_an_order_of_another_exchange_is_not_found_there(desk):
    placed = await desk.ask("submit_market_order", **ETH)
    sim = desk.session.exchanges["sim"]
    other = msgspec.structs.replace(sim, name="other")
    desk.session.exchanges = {"sim": sim, "other": other}
    with pytest.raises(OrderNotFound, match="on other"):
        await desk.ask("get_order_status", order_id=placed.order.order_id, exchange="other")
    assert (await desk.ask("get_order_history", exchange="other")).count == 0
    assert (await desk.ask("get_order_history", exchange="sim")).count == 1


async def resting(desk, pair: str, amount: float, share: float = 0.9, **more) -> str:
    price = await desk.price(pair) * share
    side = "buy" if share < 1 else "sell"
    placed = await desk.ask(
        "submit_limit_order", pair=pair, side=side, amount=amount, price=price, **more
    )
    assert placed.outcome == "accepted"
    return placed.order.order_id


async def test_all_orders_of_a_pair_are_cancelled_and_others_stay(desk):
    eth = [await resting(desk, "ETH-USDT", 0.01) for _ in range(3)]
    btc = await resting(desk, "BTC-USDT", 0.001)
    answer = await desk.ask("cancel_all_orders", pair="ETH-USDT")
    assert sorted(answer.cancelled) == sorted(eth)
    assert (answer.filled, answer.may_trade, answer.kept) == ([], {}, [])
    assert [o.order_id for o in (await desk.ask("get_open_orders")).orders] == [btc]
    assert (await desk.ask("cancel_all_orders", exchange="sim")).cancelled == [btc]


async def test_what_only_closes_is_kept_unless_asked_for(desk):
    await desk.ask("submit_market_order", **ETH)
    target = await resting(desk, "ETH-USDT", 0.1, 1.1)
    entry = await resting(desk, "ETH-USDT", 0.01)
    first = await desk.ask("cancel_all_orders")
    assert (first.cancelled, first.kept) == ([entry], [target])
    assert (await desk.ask("cancel_all_orders", exits=True)).cancelled == [target]


async def test_cancelling_works_under_the_kill_switch(desk):
    await desk.ask("submit_market_order", **ETH)
    target = await resting(desk, "ETH-USDT", 0.1, 1.1)
    await desk.ask("activate_kill_switch", reason="test")
    assert (await desk.ask("cancel_all_orders", exits=True)).cancelled == [target]
    with pytest.raises(KillSwitchActive) as refused:
        await desk.ask("submit_stop_order", **ETH, stop_price=await desk.price("ETH-USDT") * 1.1)
    assert "only a person can turn it off" in refused.value.hint


async def test_a_pair_that_is_none_does_not_pass_for_nothing_to_cancel(desk):
    await resting(desk, "ETH-USDT", 0.01)
    with pytest.raises(InvalidParameter, match="not a market"):
        await desk.ask("cancel_all_orders", pair="EHT-USDT")
    with pytest.raises(InvalidParameter, match="only together with pair"):
        await desk.ask("cancel_all_orders", market_type="perpetual")


async def test_the_history_has_every_order_once_page_by_page(desk):
    sent = [await resting(desk, pair, 0.01) for pair in ("ETH-USDT", "SOL-USDT") * 4]
    await desk.ask("cancel_all_orders", pair="SOL-USDT")
    found, cursor = [], None
    while True:
        page = await desk.ask("get_order_history", limit=3, cursor=cursor)
        found += [order.order_id for order in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            break
        await resting(desk, "ETH-USDT", 0.01)  # what comes meanwhile moves no page
    assert found == sent[::-1]
    of_one = await desk.ask("get_order_history", pair="SOL-USDT", exchange="sim")
    assert [order.order_id for order in of_one.orders] == sent[1::2][::-1]
    assert {order.status for order in of_one.orders} == {"cancelled"}


@pytest.mark.parametrize(
    "cursor", ["nonsense", "W10=", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMCwiYSJd", "é"]
)
async def test_a_cursor_that_no_answer_gave_is_refused(desk, cursor):
    with pytest.raises(InvalidParameter, match="next_cursor"):
        await desk.ask("get_order_history", cursor=cursor)


async def test_open_orders_are_bounded_and_counted(desk):
    for _ in range(3):
        await resting(desk, "ETH-USDT", 0.01)
    some = await desk.ask("get_open_orders", limit=2)
    assert (len(some.orders), some.count) == (2, 3)


ONCE = [
    ("submit_order", {**ETH, "type": "market"}),
    ("submit_stop_order", {**ETH, "stop_price": 1e5, "amount": 0.001}),
    ("cancel_all_orders", {}),
]


@pytest.mark.parametrize(("name", "arguments"), ONCE)
async def test_the_same_key_has_one_effect_and_one_answer(desk, name, arguments):
    arguments = {**arguments, "idempotency_key": "k"}
    first = await asyncio.gather(*(desk.ask(name, **arguments) for _ in range(3)))
    again = await desk.ask(name, **arguments)
    assert all(answer == again for answer in first)
    assert (await desk.ask("get_order_history")).count == (name != "cancel_all_orders")


async def test_a_key_that_begins_like_another_is_another(desk):
    await desk.ask("submit_order", **ETH, type="market", idempotency_key="k#1")
    await desk.ask("submit_order", **{**ETH, "amount": 0.05}, type="market", idempotency_key="k")
    assert (await desk.ask("get_order_history")).count == 2


async def test_what_was_done_is_not_called_unavailable_because_its_answer_cannot_be_kept(
    desk, monkeypatch
):
    name = await resting(desk, "ETH-USDT", 0.1)

    def full():
        raise StorageUnavailable("the disk is full")

    monkeypatch.setattr(desk.session, "must_be_writable", full)
    answer = await desk.ask("cancel_order", order_id=name, idempotency_key="k")
    assert answer.outcome == "cancelled"


async def test_of_two_trades_at_once_the_second_does_not_get_the_firsts_exits(desk):
    await desk.ask("start_bot")
    trades = await asyncio.gather(
        *(desk.ask("execute_trade", **ETH, stop_loss_pct=percent) for percent in (1, 7)),
        return_exceptions=True,
    )
    (refused,) = [trade for trade in trades if isinstance(trade, InvalidParameter)]
    assert "exits of its own" in refused.message
    (position,) = (await desk.ask("get_positions")).positions
    assert position.size == 0.1


async def test_a_refusal_by_the_exchange_has_its_reason(opened):
    async with opened("exchanges.sim.faults.reject=1") as desk:
        with pytest.raises(OrderFailed, match="exchange refused") as failed:
            await desk.ask("submit_order", **ETH, type="market")
        found = await desk.ask("get_order_status", order_id=failed.value.details["order_id"])
        assert (found.outcome, found.order.status) == ("failed", "failed")
        assert found.order.reason == found.message.partition("; ")[2]


async def test_more_than_the_account_has_is_refused_with_figures(desk):
    with pytest.raises(InsufficientBalance) as refused:
        await desk.ask("submit_order", pair="ETH-USDT", side="sell", type="market", amount=0.1)
    assert refused.value.details["available"] == 0
    assert isinstance(refused.value, TradingError)


async def test_what_leaves_a_position_does_not_wait_for_an_exchange_that_gives_no_candles(
    desk, monkeypatch
):
    await desk.ask("submit_market_order", **ETH)

    async def unreachable(market):
        raise OSError("GET http://127.0.0.1:1/candles")

    for feed in desk.session.feeds.values():
        monkeypatch.setattr(feed, "follow", unreachable)
    monkeypatch.setattr(desk.session, "watch", desk.session.follow)
    sold = await desk.ask("submit_market_order", **{**ETH, "side": "sell"})
    assert sold.outcome == "filled"
    with pytest.raises(ExchangeError) as failed:
        await desk.ask("submit_market_order", pair="SOL-USDT", side="buy", amount=1)
    assert "http" not in failed.value.message
