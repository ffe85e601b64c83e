"""What callers may ask, and what they get, on the running simulated exchange."""

import asyncio

import pytest

from trading_mcp.domain.entries import StrategyProven
from trading_mcp.domain.errors import (
    EngineNotRunning,
    ExposureLimitExceeded,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidParameter,
    KillSwitchActive,
    OrderFailed,
    OrderNotFound,
    PositionNotFound,
    RiskLimitExceeded,
    StrategyNotFound,
)


async def test_a_market_order_opens_the_manual_position_with_default_exits(desk):
    answer = await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    assert (answer.outcome, answer.order.status) == ("filled", "filled")
    (position,) = (await desk.ask("get_positions")).positions
    assert (position.size, position.strategy, position.side) == (0.1, "manual", "long")
    assert position.stop_loss == pytest.approx(position.entry_price * 0.995, rel=1e-4)
    assert position.take_profit == pytest.approx(position.entry_price * 1.01, rel=1e-4)


async def test_selling_what_the_position_holds_closes_it(desk):
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.1)
    history = await desk.ask("get_position_history")
    assert (await desk.ask("get_positions")).count == 0
    assert (history.count, history.positions[0].close_reason) == (1, "manual")
    assert history.positions[0].realized_pnl < 0


async def test_selling_more_than_is_held_is_refused_whole(desk):
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    with pytest.raises(InvalidParameter, match="at most"):
        await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.2)
    assert (await desk.ask("get_positions")).positions[0].size == 0.1


async def test_selling_coins_that_are_not_there_is_refused(desk):
    with pytest.raises(InsufficientBalance) as refused:
        await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.1)
    assert refused.value.details["available"] == 0


async def test_a_limit_order_rests_counts_and_is_cancelled(desk):
    price = (await desk.ask("get_ticker", pair="ETH-USDT")).last * 0.9
    placed = await desk.ask(
        "submit_limit_order", pair="ETH-USDT", side="buy", amount=0.1, price=price
    )
    exposure = await desk.ask("get_exposure")
    listed = await desk.ask("get_open_orders", pair="ETH-USDT")
    portfolio = await desk.ask("get_portfolio")
    assert (placed.outcome, listed.count) == ("accepted", 1)
    assert exposure.current_exposure == pytest.approx(placed.order.notional)
    assert portfolio.in_orders == pytest.approx(placed.order.notional * 1.001, rel=1e-3)
    cancelled = await desk.ask("cancel_order", order_id=placed.order.order_id)
    assert cancelled.outcome == "cancelled"
    assert (await desk.ask("get_exposure")).current_exposure == 0
    with pytest.raises(OrderFailed, match="ended already"):
        await desk.ask("cancel_order", order_id=placed.order.order_id)


async def test_the_same_key_trades_once_and_gives_the_same_answer(desk):
    order = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1, "idempotency_key": "k"}
    answers = await asyncio.gather(*(desk.ask("submit_market_order", **order) for _ in range(5)))
    again = await desk.ask("submit_market_order", **order)
    assert {a.order.order_id for a in answers} == {again.order.order_id}
    assert (await desk.ask("get_positions")).positions[0].size == 0.1
    with pytest.raises(IdempotencyConflict):
        await desk.ask("submit_market_order", **{**order, "amount": 0.2})


async def test_the_same_key_holds_over_a_restart(opened):
    order = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1, "idempotency_key": "k"}
    async with opened() as desk:
        first = await desk.ask("submit_market_order", **order)
    async with opened() as desk:
        again = await desk.ask("submit_market_order", **order)
        assert again == first
        assert (await desk.ask("get_positions")).positions[0].size == 0.1


async def test_everything_is_as_it_was_after_a_restart(opened):
    async with opened() as desk:
        await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        await desk.ask("update_risk_limits", max_open_positions=7, risk_mode="Conservative")
        await desk.ask("activate_kill_switch", reason="going home")
        before = [
            await desk.ask("get_risk_limits"),
            (await desk.ask("get_positions")).positions[0].entry_price,
            (await desk.ask("get_portfolio")).available_balance,
        ]
    async with opened() as desk:
        after = [
            await desk.ask("get_risk_limits"),
            (await desk.ask("get_positions")).positions[0].entry_price,
            (await desk.ask("get_portfolio")).available_balance,
        ]
        assert after[1:] == before[1:]
        assert after[0].parameters == before[0].parameters
        assert (after[0].risk_mode, after[0].can_trade) == ("Conservative", False)
        assert "going home" in (await desk.ask("get_risk_state")).kill_switch_reason


async def test_the_kill_switch_refuses_entries_cancels_orders_and_allows_exits(desk):
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    price = (await desk.ask("get_ticker", pair="ETH-USDT")).last * 0.9
    placed = await desk.ask(
        "submit_limit_order", pair="BTC-USDT", side="buy", amount=0.001, price=price
    )
    killed = await desk.ask("activate_kill_switch", reason="test")
    assert killed.cancelled == [placed.order.order_id]
    with pytest.raises(KillSwitchActive) as refused:
        await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    assert refused.value.details["reason"] == "test"
    assert refused.value.details["activated_at"].endswith("Z")
    await desk.ask("submit_market_order", pair="ETH-USDT", side="sell", amount=0.1)
    assert (await desk.ask("get_positions")).count == 0
    assert not (await desk.ask("deactivate_kill_switch")).active


async def test_a_check_says_what_every_rule_says_and_what_would_pass(desk):
    price = (await desk.ask("get_ticker", pair="BTC-USDT")).ask
    check = await desk.ask("check_risk_limits", pair="BTC-USDT", side="buy", amount=1)
    assert not check.allowed
    assert len([v for v in check.verdicts if not v.allowed]) >= 2
    assert check.max_size == pytest.approx(1000 / price, rel=0.01)
    allowed = await desk.ask(
        "check_risk_limits", pair="BTC-USDT", side="buy", amount=check.max_size * 0.99
    )
    assert allowed.allowed


async def test_an_exposure_beyond_the_limit_is_refused_with_figures(desk):
    await desk.ask("update_risk_limits", max_total_exposure_usd=100)
    with pytest.raises(ExposureLimitExceeded) as refused:
        await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    assert refused.value.details["max_exposure"] == 100


async def test_a_scalp_needs_the_engine_and_has_its_own_exits(desk):
    scalp = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1, "stop_loss_pct": 2.0}
    with pytest.raises(EngineNotRunning):
        await desk.ask("execute_trade", **scalp)
    await desk.ask("start_bot", pairs=["DOGE-USDT"])
    await desk.ask("execute_trade", **scalp, trailing_stop_pct=1.5)
    (position,) = (await desk.ask("get_positions")).positions
    assert position.stop_loss >= position.entry_price * 0.979
    assert position.trailing_stop_percent == 1.5


async def test_an_exchange_that_is_not_there_is_refused_while_the_engine_runs(desk):
    await desk.ask("start_bot")
    with pytest.raises(InvalidParameter, match="'nope' is not configured"):
        await desk.ask("start_bot", exchange="nope")


async def test_a_short_needs_a_perpetual_and_books_its_margin(desk):
    short = {"pair": "ETH-USDT", "side": "sell", "amount": 0.2, "leverage": 2}
    before = (await desk.ask("get_portfolio")).available_balance
    answer = await desk.ask("submit_market_order", **short, market_type="perpetual")
    (position,) = (await desk.ask("get_positions")).positions
    after = await desk.ask("get_portfolio")
    assert (position.side, position.symbol, position.leverage) == ("short", "ETH-USDT-PERP", 2)
    margin = answer.order.filled * answer.order.average_price / 2
    assert before - after.available_balance == pytest.approx(margin, rel=0.01)
    assert after.total_value_usd == pytest.approx(10_000, rel=0.001)


async def test_leverage_beyond_the_limit_is_refused(desk):
    with pytest.raises(RiskLimitExceeded, match="Leverage"):
        await desk.ask(
            "submit_market_order", pair="ETH-USDT-PERP", side="buy", amount=0.1, leverage=50
        )


async def test_stops_move_where_they_protect_and_nowhere_else(desk):
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    (position,) = (await desk.ask("get_positions")).positions
    price, name = position.current_price, position.id
    moved = await desk.ask("update_sltp", position_id=name, stop_loss=round(price * 0.98, 2))
    assert moved.stop_loss == pytest.approx(price * 0.98, abs=0.01)
    with pytest.raises(InvalidParameter, match="below"):
        await desk.ask("update_sltp", position_id=name, stop_loss=price * 1.02)
    with pytest.raises(InvalidParameter, match="above"):
        await desk.ask("update_sltp", position_id=name, take_profit=price * 0.98)
    trailing = await desk.ask("enable_trailing_stop", position_id=name, distance_percent=1)
    assert trailing.stop_loss == pytest.approx(price * 0.99, rel=0.001)
    with pytest.raises(PositionNotFound):
        await desk.ask("update_sltp", position_id="pos_none", stop_loss=1)


async def test_a_strategy_is_configured_within_its_bounds_or_not_at_all(opened):
    async with opened('strategies.enabled=["rsi"]') as desk:
        view = await desk.ask(
            "configure_strategy",
            name="rsi_scalping",
            config={"rsi_period": 7, "weight": 0.25, "stop_loss_pct": 0.3},
        )
        assert (view.config["rsi_period"], view.weight) == (7, 0.25)
        for bad in ({"rsi_period": -1}, {"rsi_perod": 7}, {"weight": 2}, {"rsi_oversold": 90}):
            with pytest.raises(InvalidParameter):
                await desk.ask("configure_strategy", name="rsi_scalping", config=bad)
        again = await desk.ask("get_strategy", name="rsi_scalping")
        assert again == view
        with pytest.raises(StrategyNotFound, match="rsi_scalping"):
            await desk.ask("get_strategy", name="nope")


async def test_pairs_come_and_go(desk):
    await desk.ask("add_pair", pair="SOL/USDT")
    assert "SOL-USDT" in (await desk.ask("bot_status")).pairs
    await desk.ask("remove_pair", pair="SOL-USDT")
    assert "SOL-USDT" not in (await desk.ask("bot_status")).pairs
    with pytest.raises(InvalidParameter, match="not traded"):
        await desk.ask("remove_pair", pair="SOL-USDT")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("get_ticker", {"pair": "BTC-USDT", "exchange": "kucoin"}, "not configured"),
        ("get_ticker", {"pair": "NOPE-USDT"}, "not a market"),
        ("get_ticker", {"pair": "nonsense"}, "expected a pair"),
        ("get_candles", {"pair": "BTC-USDT", "interval": "7m"}, "unknown interval"),
    ],
)
async def test_what_does_not_exist_is_said_with_what_does(desk, name, arguments, says):
    with pytest.raises(InvalidParameter, match=says):
        await desk.ask(name, **arguments)


async def test_an_unknown_order_is_not_found(desk):
    with pytest.raises(OrderNotFound):
        await desk.ask("cancel_order", order_id="ord_none")


async def test_candles_and_rsi_agree_with_the_market(desk):
    candles = await desk.ask("get_candles", pair="BTC-USDT", interval="5m", limit=50)
    assert candles.count == 50
    assert all(
        c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in candles.candles
    )
    rsi = await desk.ask("calculate_rsi", pair="BTC-USDT", interval="5m", limit=5)
    assert len(rsi.values) == 5
    assert rsi.rsi == rsi.values[-1]
    assert 0 <= rsi.rsi <= 100


async def test_an_opportunity_has_levels_on_the_right_sides(opened):
    async with opened('strategies.enabled=["rsi", "macd"]') as desk:
        await _proven(desk, 2)
        found = await desk.ask("analyze_opportunity", pair="DOGE-USDT", timeframes=["1m", "5m"])
        low, high = sorted([found.stop_loss, found.take_profit])
        assert low < found.entry_price < high
        assert 0 <= found.confidence <= 1
        assert set(found.by_timeframe) == {"1m", "5m"}
        signals = await desk.ask("get_signals", pairs=["DOGE-USDT", "BTC-USDT"])
        assert len(signals.signals) == 4
        assert signals.faults == {}


async def _proven(desk, count: int) -> None:
    """Wait until so many strategies have passed the check."""
    told = asyncio.Event()
    desk.session.hub.listen(lambda fact: isinstance(fact, StrategyProven) and told.set())
    while len(desk.session.state.proven) < count:
        told.clear()
        await asyncio.wait_for(told.wait(), 60)
