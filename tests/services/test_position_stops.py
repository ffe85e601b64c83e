"""What protects a position, moved by hand: to where it protects, and nowhere else."""

from decimal import Decimal

import pytest

from trading_mcp.domain.errors import InvalidParameter, PositionNotFound
from trading_mcp.rules import exits

SIDES = [("ETH-USDT", "buy", 1), ("ETH-USDT-PERP", "sell", -1)]
CHANGES = [
    ("update_sltp", {"stop_loss": 1.0}),
    ("move_to_breakeven", {}),
    ("enable_trailing_stop", {"distance_percent": 1.0}),
]


@pytest.fixture
async def desk(opened):
    """A market that tells no price of its own, so that those shown here stay."""
    async with opened("exchanges.sim.price_interval_ms=60000") as one:
        yield one


async def held(desk, pair: str = "ETH-USDT", side: str = "buy"):
    await desk.ask("submit_market_order", pair=pair, side=side, amount=0.1)
    return (await desk.ask("get_positions")).positions[0]


def marked(desk, position, share: float) -> float:
    """The market shows another price, until the next one comes."""
    price = round(position.entry_price * share, 2)
    desk.session.core.standings.marks[f"sim:{position.symbol}"] = Decimal(str(price))
    return price


@pytest.mark.parametrize(("pair", "side", "sign"), SIDES)
async def test_a_stop_or_target_on_the_wrong_side_is_refused_by_name(desk, pair, side, sign):
    position = await held(desk, pair, side)
    for field, away in (("stop_loss", 0.02), ("take_profit", -0.02)):
        level = position.current_price * (1 + sign * away)
        with pytest.raises(InvalidParameter) as refused:
            await desk.ask("update_sltp", position_id=position.id, **{field: level})
        assert refused.value.details["field"] == field
    (after,) = (await desk.ask("get_positions")).positions
    assert (after.stop_loss, after.take_profit) == (position.stop_loss, position.take_profit)


@pytest.mark.parametrize(("pair", "side", "sign"), SIDES)
async def test_break_even_is_refused_until_the_price_has_paid_for_both_fees(desk, pair, side, sign):
    position = await held(desk, pair, side)
    with pytest.raises(InvalidParameter, match="Break-even of") as refused:
        await desk.ask("move_to_breakeven", position_id=position.id)
    fee = float(desk.session.core.markets[f"sim:{pair}"].taker_fee)
    even = exits.breakeven_price(sign, position.entry_price, fee)
    assert refused.value.details["breakeven_price"] == pytest.approx(even, abs=0.01)
    marked(desk, position, 1 + sign * 0.01)
    moved = await desk.ask("move_to_breakeven", position_id=position.id)
    assert moved.stop_loss == pytest.approx(even, abs=0.01)


async def test_break_even_never_loosens_a_stop(desk):
    position = await held(desk)
    price = marked(desk, position, 1.05)
    tight = await desk.ask("update_sltp", position_id=position.id, stop_loss=round(price * 0.99, 2))
    marked(desk, position, 1.05)
    answer = await desk.ask("move_to_breakeven", position_id=position.id)
    assert answer.stop_loss == tight.stop_loss
    assert "already" in answer.message


@pytest.mark.parametrize(("pair", "side", "sign"), SIDES)
async def test_a_trailing_stop_begins_behind_the_price(desk, pair, side, sign):
    position = await held(desk, pair, side)
    price = marked(desk, position, 1.0)
    answer = await desk.ask("enable_trailing_stop", position_id=position.id, distance_percent=0.3)
    assert answer.stop_loss == pytest.approx(price * (1 - sign * 0.003), abs=0.01)


async def test_a_trailing_stop_nearer_than_the_tick_is_refused(desk):
    position = await held(desk)
    with pytest.raises(InvalidParameter, match="half a tick"):
        await desk.ask("enable_trailing_stop", position_id=position.id, distance_percent=1e-9)
    assert (await desk.ask("get_positions")).positions[0].trailing_stop_percent == 0


@pytest.mark.parametrize(("change", "arguments"), CHANGES)
async def test_a_position_on_its_way_out_is_not_changed(desk, change, arguments):
    position = await held(desk)
    venue = desk.session.exchanges["sim"].venue

    async def silent(order):
        raise TimeoutError

    venue.submit = silent
    await desk.ask("close_position", position_id=position.id)
    with pytest.raises(InvalidParameter, match="is being closed"):
        await desk.ask(change, position_id=position.id, **arguments)


@pytest.mark.parametrize(("change", "arguments"), CHANGES)
async def test_a_position_that_is_not_there_is_not_found(desk, change, arguments):
    with pytest.raises(PositionNotFound) as missing:
        await desk.ask(change, position_id="pos_none", **arguments)
    assert (missing.value.code, missing.value.status) == ("POSITION_NOT_FOUND", 404)


async def test_no_level_at_all_is_refused(desk):
    position = await held(desk)
    with pytest.raises(InvalidParameter, match="at least one"):
        await desk.ask("update_sltp", position_id=position.id)


async def test_a_position_says_whose_market_it_is_in_and_stays_open_under_a_resting_exit(desk):
    position = await held(desk)
    await desk.ask(
        "submit_limit_order",
        pair="ETH-USDT",
        side="sell",
        amount=0.1,
        price=position.current_price * 1.2,
    )
    state = await desk.ask("get_manager_state")
    assert (state.open_positions, state.total_exposure > 0) == (1, True)
    (shown,) = state.positions
    assert (shown.source, shown.exchange, shown.status) == ("simulated", "sim", "open")
    await desk.ask("close_position", position_id=position.id)
    (past,) = (await desk.ask("get_position_history")).positions
    assert (past.source, past.status, past.unrealized_pnl) == ("simulated", "closed", 0)
    assert past.current_price == past.exit_price
