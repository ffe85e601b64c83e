"""Perpetual positions seen, and positions of every kind closed on somebody's wish."""

import asyncio
from decimal import Decimal

import pytest

from trading_mcp.domain.errors import InvalidParameter, PositionNotFound
from trading_mcp.domain.orders import OrderIntent
from trading_mcp.domain.reports import VenueRefused

PERP = {"pair": "ETH-USDT", "market_type": "perpetual", "amount": 0.2, "leverage": 3}
SPOT = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1}


async def opened_position(desk, **order):
    await desk.ask("submit_market_order", **order)
    return (await desk.ask("get_positions")).positions[0]


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_perpetual_shows_its_margin_and_where_it_is_liquidated(desk, side):
    position = await opened_position(desk, **PERP, side=side)
    await desk.ask("submit_market_order", **SPOT)
    answer = await desk.ask("get_futures_positions", exchange="sim")
    (shown,) = answer.positions
    (theirs,) = await desk.session.exchanges["sim"].venue.holdings()
    market = desk.session.core.markets["sim:ETH-USDT-PERP"]
    assert (answer.count, shown.id, shown.symbol) == (1, position.id, "ETH-USDT-PERP")
    assert shown.notional == pytest.approx(shown.size * shown.mark_price)
    assert shown.margin == pytest.approx(shown.size * shown.entry_price / 3)
    assert shown.roe_percent == pytest.approx(shown.unrealized_pnl / shown.margin * 100)
    assert shown.liquidation_price == pytest.approx(
        float(theirs.liquidation_price), abs=1.5 * float(market.tick)
    )
    assert (shown.liquidation_price < shown.entry_price) == (side == "buy")


async def test_without_leverage_a_long_is_liquidated_at_no_price(desk):
    await opened_position(desk, **{**PERP, "leverage": 1}, side="buy")
    (shown,) = (await desk.ask("get_futures_positions")).positions
    assert shown.liquidation_price is None


async def test_a_perpetual_is_closed_whole_by_the_pairs_plain_name(desk):
    position = await opened_position(desk, **PERP, side="sell")
    closed = await desk.ask(
        "close_futures_position", exchange="sim", symbol="ETH-USDT", position_id=position.id
    )
    assert (closed.outcome, closed.closed, closed.remaining) == ("closed", 0.2, 0)
    assert (await desk.ask("get_futures_positions")).count == 0
    (past,) = (await desk.ask("get_position_history")).positions
    assert past.realized_pnl == closed.realized_pnl
    assert past.exit_price == pytest.approx(closed.exit_price)
    status = await desk.ask("get_order_status", order_id=closed.order_id)
    assert (status.outcome, status.order.size) == ("filled", 0.2)


async def test_a_part_is_closed_and_the_rest_says_so(desk):
    position = await opened_position(desk, **PERP, side="buy")
    ask = {"symbol": "ETH-USDT-PERP", "position_id": position.id}
    part = await desk.ask("close_futures_position", **ask, amount=0.05)
    assert (part.outcome, part.closed, part.remaining) == ("reduced", 0.05, 0.15)
    with pytest.raises(InvalidParameter, match=r"holds 0\.15"):
        await desk.ask("close_futures_position", **ask, amount=0.2)
    assert (await desk.ask("close_futures_position", **ask)).closed == 0.15


@pytest.mark.parametrize("symbol", ["BTC-USDT", "ETH-USDT-PERP"])
async def test_symbol_and_position_must_agree(desk, symbol):
    # A spot position is no perpetual, whatever the symbol.
    kind = SPOT if symbol.startswith("ETH") else {**PERP, "side": "buy"}
    position = await opened_position(desk, **kind)
    with pytest.raises(InvalidParameter, match=r"symbol: .* is a position in ETH") as refused:
        await desk.ask("close_futures_position", symbol=symbol, position_id=position.id)
    assert refused.value.details["field"] == "symbol"
    assert ("spot position" in refused.value.hint) == (kind == SPOT)
    assert (await desk.ask("get_positions")).count == 1


async def test_what_is_not_open_is_not_found(desk):
    position = await opened_position(desk, **PERP, side="buy")
    ask = {"symbol": "ETH-USDT", "position_id": position.id}
    await desk.ask("close_futures_position", **ask)
    with pytest.raises(PositionNotFound, match="closed already"):
        await desk.ask("close_futures_position", **ask)
    with pytest.raises(PositionNotFound, match="No open position"):
        await desk.ask("close_position", position_id="pos_none")


async def test_closing_works_under_the_kill_switch_while_the_engine_is_stopped(desk):
    position = await opened_position(desk, **PERP, side="buy")
    await desk.ask("stop_bot")
    await desk.ask("activate_kill_switch", reason="test")
    closed = await desk.ask("close_futures_position", symbol="ETH-USDT", position_id=position.id)
    assert closed.outcome == "closed"


async def test_what_rests_to_close_it_makes_room(desk):
    position = await opened_position(desk, **SPOT)
    target = round(position.current_price * 1.2, 2)
    rest = {"pair": "ETH-USDT", "side": "sell", "amount": 0.04}
    limit = await desk.ask("submit_limit_order", **rest, price=target)
    stop = await desk.ask("submit_stop_order", **rest, stop_price=target / 1.5)
    closed = await desk.ask("close_position", position_id=position.id)
    assert (closed.outcome, closed.closed) == ("closed", 0.1)
    for order in (limit, stop):
        found = await desk.ask("get_order_status", order_id=order.order.order_id)
        assert found.outcome == "cancelled"


async def test_the_same_key_closes_once(desk):
    position = await opened_position(desk, **PERP, side="buy")
    ask = {"position_id": position.id, "amount": 0.05, "idempotency_key": "k"}
    answers = await asyncio.gather(*(desk.ask("close_position", **ask) for _ in range(4)))
    again = await desk.ask("close_position", **ask)
    assert all(answer == again for answer in answers)
    assert (await desk.ask("get_positions")).positions[0].size == 0.15


@pytest.mark.parametrize("amount", [None, 0.05])
async def test_a_close_that_was_cut_off_before_its_answer_is_not_done_again(opened, amount):
    """As after a crash: the order is in the journal, its answer is not."""
    async with opened() as desk:
        position = await opened_position(desk, **PERP, side="buy")
        ask = {"position_id": position.id, "amount": amount, "idempotency_key": "k"}
        first = await desk.ask("close_position", **ask)
        del desk.session.state.answers["test:k"]
        again = await desk.ask("close_position", **ask)
        assert again == first
        assert (await desk.ask("get_positions")).count == (amount is not None)


async def test_a_strategys_position_is_closed_like_any(opened):
    async with opened('strategies.enabled=["rsi"]') as desk:
        await desk.session.follow("sim:ETH-USDT-PERP")
        entry = OrderIntent(
            market="sim:ETH-USDT-PERP",
            side="buy",
            type="market",
            amount=Decimal("0.2"),
            owner="rsi_scalping",
            principal="engine",
            reason="signal",
        )
        await desk.session.submit(entry, within=3)
        (position,) = (await desk.ask("get_positions")).positions
        assert position.strategy == "rsi_scalping"
        closed = await desk.ask(
            "close_futures_position", symbol="ETH-USDT", position_id=position.id
        )
        assert closed.outcome == "closed"
        assert (await desk.ask("get_position_history")).positions[0].strategy == "rsi_scalping"


async def test_a_close_that_the_exchange_refuses_is_gone_on_with(desk):
    position = await opened_position(desk, **PERP, side="buy")
    venue = desk.session.exchanges["sim"].venue
    accepting = venue.submit

    async def refusing_once(order):
        venue.submit = accepting
        raise VenueRefused("too_busy", "come back later")

    venue.submit = refusing_once
    first = await desk.ask("close_position", position_id=position.id)
    (shown,) = (await desk.ask("get_positions")).positions
    assert (first.outcome, first.remaining, shown.status) == ("closing", 0.2, "closing")
    assert "come back later" in first.message
    assert (await desk.ask("close_position", position_id=position.id)).outcome == "closed"


async def test_a_close_whose_outcome_is_unknown_is_not_sent_again(desk):
    position = await opened_position(desk, **PERP, side="buy")
    venue = desk.session.exchanges["sim"].venue
    sent = []

    async def silent(order):
        sent.append(order)
        raise TimeoutError

    venue.submit = silent
    for _ in range(2):
        answer = await desk.ask("close_position", position_id=position.id)
        assert (answer.outcome, answer.remaining) == ("unknown", 0.2)
    assert len(sent) == 1
