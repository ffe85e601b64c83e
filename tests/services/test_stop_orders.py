"""Stop orders from end to end: sent, held, triggered as the price moves, over restarts."""

import pytest

from trading_mcp.adapters.simulated.market import SeededMarket
from trading_mcp.adapters.simulated.settings import SimulatedSettings
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.numbers import exact

DAY_MS = 86_400_000
ROOMY = ("risk.stop_loss_percent=40", "risk.take_profit_percent=90")
ETH = {"pair": "ETH-USDT", "amount": 0.1}


async def reachable(desk, symbol: str, rising: bool) -> float:
    """Return a level that the seeded market's price will reach within days, and not before soon."""
    market, now = SeededMarket(SimulatedSettings().seed), desk.session.clock.now()
    price = await desk.price(symbol)
    for days in (1, 2, 4, 8, 16, 32):
        way = market.move(symbol, now, now + days * DAY_MS)
        far = way.high if rising else way.low
        if abs(far / price - 1) > 0.002:
            break
    level = desk.session.core.markets[f"sim:{symbol}"].near_price(exact((price + far) / 2))
    return float(level)


async def test_stops_survive_a_restart_and_trade_when_the_price_comes(opened):
    async with opened(*ROOMY) as desk:
        await desk.ask("submit_market_order", pair="BTC-USDT", side="buy", amount=0.01)
        (held,) = (await desk.ask("get_positions")).positions
        wishes = [
            {"pair": "BTC-USDT", "side": "sell", "amount": 0.01},
            {"pair": "ETH-USDT", "side": "buy", "amount": 0.1},
            {"pair": "SOL-USDT-PERP", "side": "buy", "amount": 1, "leverage": 2},
            {"pair": "DOGE-USDT-PERP", "side": "sell", "amount": 100, "leverage": 2},
        ]
        placed = []
        for wish in wishes:
            level = await reachable(desk, wish["pair"], wish["side"] == "buy")
            answer = await desk.ask("submit_stop_order", **wish, stop_price=level)
            assert (answer.outcome, answer.order.stop_price) == ("accepted", level)
            placed.append(answer.order)
        protecting, *entering = placed
        assert protecting.position_id == held.id
        assert (await desk.ask("get_positions")).positions[0].status == "open"
        reserved = sum(order.size * order.stop_price for order in entering)
        exposure = (await desk.ask("get_exposure")).current_exposure
        assert exposure - held.size * held.current_price == pytest.approx(reserved, rel=1e-3)
    async with opened(*ROOMY) as desk:
        assert (await desk.ask("get_open_orders")).orders == placed[::-1]
    async with opened(*ROOMY, "exchanges.sim.speed=100000") as desk:
        ended = [(await desk.ended(order.order_id)).order for order in placed]
        positions = {p.id: p for p in (await desk.ask("get_positions")).positions}
        (closed,) = (await desk.ask("get_position_history")).positions
    for order in ended:
        sign = 1 if order.side == "buy" else -1
        assert (order.state, order.type) == ("filled", "stop")
        assert (order.average_price - order.stop_price) * sign >= 0
    assert (closed.id, closed.status, closed.close_reason) == (held.id, "closed", "manual")
    sides = [positions[order.position_id].side for order in ended[1:]]
    assert sides == ["long", "long", "short"]
    for position in positions.values():
        assert (position.stop_loss < position.entry_price) == (position.side == "long")


@pytest.mark.parametrize(
    ("side", "share", "says"), [("buy", 0.99, "above"), ("sell", 1.01, "below")]
)
async def test_a_stop_on_the_wrong_side_is_refused(desk, side, share, says):
    await desk.ask("submit_market_order", **ETH, side="buy")
    level = await desk.price("ETH-USDT") * share
    with pytest.raises(InvalidParameter, match=says) as refused:
        await desk.ask("submit_stop_order", **ETH, side=side, stop_price=level)
    assert refused.value.details["field"] == "stop_price"


async def test_a_stop_that_protects_may_be_cancelled_and_frees_what_it_held(desk):
    await desk.ask("submit_market_order", **ETH, side="buy")
    level = await desk.price("ETH-USDT") * 0.9
    placed = await desk.ask("submit_stop_order", **ETH, side="sell", stop_price=level)
    with pytest.raises(InvalidParameter, match="working orders close"):
        await desk.ask("submit_market_order", **ETH, side="sell")
    await desk.ask("cancel_order", order_id=placed.order.order_id)
    sold = await desk.ask("submit_market_order", **ETH, side="sell")
    assert sold.outcome == "filled"
