"""Limits, the sentinel, the kill switch, and plans, on the running simulated exchange."""

import asyncio
from decimal import Decimal

import pytest

from trading_mcp.domain.accounts import Flow
from trading_mcp.domain.entries import EntriesPaused, FundsMoved, OrderChanged, TradingHalted
from trading_mcp.domain.errors import (
    InvalidParameter,
    KillSwitchActive,
    RiskLimitExceeded,
    TradingError,
)
from trading_mcp.domain.markets import ExchangeTerms
from trading_mcp.risk import rules

ROOMY = {"max_position_size_usd": 5_000, "max_total_exposure_usd": 6_000}


async def test_a_check_has_every_rules_verdict_with_its_headroom(desk):
    found = await desk.ask("check_risk_limits", pair="BTC-USDT", side="buy", amount=1)
    by_rule = {v.rule: v for v in found.verdicts}
    assert set(by_rule) == {r.__name__ for r in (*rules.ENTERING, *rules.ALWAYS)}
    objecting = [v for v in found.verdicts if not v.allowed]
    assert {v.rule for v in objecting} >= {"position_is_too_large", "exposure_is_too_large"}
    assert all(v.headroom < 0 and v.reason for v in objecting if v.limit is not None)
    size = by_rule["position_is_too_large"]
    assert size.headroom == pytest.approx(size.limit - size.found)
    assert found.reason == objecting[0].reason


@pytest.mark.parametrize(
    "order",
    [
        {"pair": "BTC-USDT", "side": "buy"},
        {"pair": "DOGE-USDT-PERP", "side": "sell", "leverage": 3},
        {"pair": "ETH-USDT", "side": "buy", "price": 1_000.0},
        {"pair": "SOL-USDT", "side": "sell"},
    ],
)
async def test_an_order_of_the_largest_size_passes_and_a_step_more_does_not(desk, order):
    await desk.ask("submit_market_order", pair="SOL-USDT", side="buy", amount=2.5)
    market = desk.session.core.markets[f"sim:{order['pair']}"]
    if "price" in order:
        order = {**order, "price": round(await desk.price(order["pair"]) * 0.9, 1)}
    first = await desk.ask("check_risk_limits", **order, amount=0.001)
    most = first.max_size
    assert most > 0
    checked = await desk.ask("check_risk_limits", **order, amount=most)
    more = float(market.amount(market.step + Decimal(str(most))))
    beyond = await desk.ask("check_risk_limits", **order, amount=more)
    # Nothing is waited for in between: all three are judged at one price.
    assert checked.max_size == beyond.max_size == most
    assert checked.allowed, checked.reason
    assert not beyond.allowed


async def test_a_check_warns_of_limits_that_are_near(desk):
    await desk.ask("update_risk_limits", max_daily_drawdown_percent=0.001)
    await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
    price = await desk.price("BTC-USDT")
    found = await desk.ask(
        "check_risk_limits", pair="BTC-USDT", side="buy", amount=round(950 / price, 5)
    )
    assert any(w.startswith("position_is_too_large: 9") for w in found.warnings)
    assert any("Daily drawdown" in w for w in found.warnings)


async def test_a_size_loses_the_risk_at_the_stop(desk):
    await desk.ask("update_risk_limits", **ROOMY)
    found = await desk.ask(
        "calculate_position_size",
        pair="BTC-USDT",
        risk_percent=1.0,
        stop_loss_percent=4.0,
        entry_price=50_000.0,
    )
    # 1 % of 10,000 is 100, lost over 4 %: 2,500, at 50,000 each.
    assert (found.amount, found.notional, found.risk_amount) == (0.05, 2_500.0, 100.0)
    assert (found.capped_by, found.wanted_notional) == ("", 2_500.0)
    assert found.margin == pytest.approx(2_500 * 1.001)


@pytest.mark.parametrize(
    ("limits", "order", "rule"),
    [
        ({"max_position_size_usd": 700}, {}, "position_is_too_large"),
        ({"max_total_exposure_usd": 600}, {}, "exposure_is_too_large"),
        ({"max_position_size_usd": 9e6, "max_total_exposure_usd": 9e6}, {}, "balance_is_too_small"),
        ({"max_position_size_usd": 0.5}, {}, "position_is_too_large"),
        ({}, {"risk_percent": 0.001, "stop_loss_percent": 99}, "order_is_too_small"),
    ],
)
async def test_the_limit_that_makes_a_size_smaller_is_named(desk, limits, order, rule):
    if limits:
        await desk.ask("update_risk_limits", **limits)
    asked = {"risk_percent": 10, "stop_loss_percent": 0.5, **order}
    found = await desk.ask("calculate_position_size", pair="ETH-USDT", **asked)
    assert found.capped_by == rule
    assert found.notional <= found.wanted_notional
    if found.amount:
        checked = await desk.ask(
            "check_risk_limits",
            pair="ETH-USDT",
            side="buy",
            amount=found.amount,
            price=found.entry_price,
        )
        assert checked.allowed, checked.reason


async def test_left_out_the_size_is_what_the_parameters_and_the_mode_say(desk):
    await desk.ask("update_risk_limits", risk_mode="Aggressive", risk_per_trade_percent=0.1)
    found = await desk.ask("calculate_position_size", pair="ETH-USDT")
    assert found.risk_percent == pytest.approx(0.15)
    assert found.stop_loss_percent == 0.5


async def test_a_leverage_beyond_the_market_is_refused(desk):
    with pytest.raises(InvalidParameter, match="leverage: at most 1"):
        await desk.ask("calculate_position_size", pair="ETH-USDT", leverage=2)


@pytest.mark.parametrize(("side", "sign"), [("buy", -1), ("sell", 1)])
async def test_a_stop_lies_so_many_ranges_away_on_the_tick(desk, side, sign):
    asked = {"pair": "BTC-USDT", "interval": "15m", "period": 14}
    ranges = await desk.ask("calculate_atr", **asked)
    found = await desk.ask("calculate_stop_loss", **asked, side=side, entry_price=60_000.0)
    market = desk.session.core.markets["sim:BTC-USDT"]
    assert found.atr == pytest.approx(ranges.atr, rel=1e-6)
    assert found.stop_loss == pytest.approx(60_000 + sign * 2 * found.atr, abs=float(market.tick))
    assert Decimal(str(found.stop_loss)) % market.tick == 0
    assert found.distance == pytest.approx(abs(60_000 - found.stop_loss))
    assert found.distance_percent == pytest.approx(found.distance / 600)
    assert (found.source, found.timestamp) == ("simulated", ranges.timestamp)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"entry_price": 0.5, "side": "buy"}, "at or below zero"),
        ({"entry_price": 60_000.0, "side": "buy", "interval": "7m"}, "unknown interval"),
        (
            {"entry_price": 1e14, "atr_multiplier": 0.01, "pair": "DOGE-USDT", "side": "sell"},
            "tick",
        ),
    ],
)
async def test_a_stop_that_would_be_none_is_refused(desk, asked, says):
    with pytest.raises(InvalidParameter, match=says):
        await desk.ask("calculate_stop_loss", **{"pair": "BTC-USDT", **asked})


async def test_a_target_wins_the_ratio_of_what_the_stop_loses(desk):
    asked = {"pair": "BTC-USDT", "entry_price": 43_000.0}
    found = await desk.ask("calculate_take_profit", **asked, side="buy", stop_loss=42_700.0)
    assert (found.take_profit, found.risk, found.reward) == (43_600.0, 300.0, 600.0)
    assert found.risk_reward_ratio == 2.0
    short = await desk.ask(
        "calculate_take_profit", **asked, side="sell", stop_loss=43_300.0, risk_reward_ratio=3
    )
    assert short.take_profit == 42_100.0
    usual = await desk.ask("calculate_take_profit", **asked, side="buy")
    assert (usual.stop_loss, usual.take_profit) == (42_785.0, 43_430.0)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"side": "buy", "stop_loss": 43_300.0}, "must lie below"),
        ({"side": "sell", "stop_loss": 42_700.0}, "must lie above"),
        ({"side": "buy", "stop_loss": 43_000.0}, "must lie below"),
        ({"side": "sell", "stop_loss": 80_000.0, "risk_reward_ratio": 5}, "at or below zero"),
    ],
)
async def test_a_target_that_would_be_none_is_refused(desk, asked, says):
    with pytest.raises(InvalidParameter, match=says):
        await desk.ask("calculate_take_profit", pair="BTC-USDT", entry_price=43_000.0, **asked)


async def test_a_plan_without_an_entry_starts_at_the_price_an_order_would_meet(desk):
    stop = await desk.ask("calculate_stop_loss", pair="ETH-USDT", side="buy")
    ticker = await desk.ask("get_ticker", pair="ETH-USDT")
    assert stop.entry_price == pytest.approx(ticker.ask, rel=0.001)
    assert stop.stop_loss < stop.entry_price


async def test_the_kill_switch_cancels_resting_limit_and_stop_entries(desk):
    price = await desk.price("ETH-USDT")
    entry = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1}
    limit = await desk.ask("submit_limit_order", **entry, price=price * 0.9)
    stop = await desk.ask("submit_stop_order", **entry, stop_price=price * 1.1)
    killed = await desk.ask("activate_kill_switch", reason="a drill")
    assert set(killed.cancelled) == {limit.order.order_id, stop.order.order_id}
    assert (killed.unresolved, killed.active) == ([], True)
    assert (await desk.ask("get_exposure")).current_exposure == 0
    state = await desk.ask("get_risk_state")
    assert (state.kill_switch_active, state.can_trade) == (True, False)
    assert "a drill" in state.limit_reason
    status = await desk.ask("bot_status")
    assert (status.can_trade, status.limit_reason) == (False, state.limit_reason)
    for name, more in (
        ("submit_market_order", {}),
        ("submit_limit_order", {"price": price * 0.9}),
        ("submit_stop_order", {"stop_price": price * 1.1}),
    ):
        with pytest.raises(KillSwitchActive):
            await desk.ask(name, **entry, **more)
    again = await desk.ask("deactivate_kill_switch")
    assert (again.active, again.message) == (False, "Kill switch deactivated")
    await desk.ask("submit_market_order", **entry)


async def test_a_pause_after_losses_takes_back_resting_entries_and_leaves_exits(desk):
    price = await desk.price("ETH-USDT")
    entry = {"pair": "ETH-USDT", "side": "buy", "amount": 0.1}
    await desk.ask("submit_market_order", **entry)
    resting = await desk.ask("submit_limit_order", **entry, price=price * 0.96)
    leaving = {"pair": "ETH-USDT", "side": "sell", "amount": 0.1, "price": price * 1.04}
    target = await desk.ask("submit_limit_order", **leaving)
    cancelled = asyncio.Event()
    desk.session.hub.listen(lambda fact: _is_cancelled(fact) and cancelled.set())
    now = desk.session.clock.now()
    lost = EntriesPaused(at=now, rule="max_daily_loss_usd", reason="a bad day", until=now + 600_000)
    await desk.session.record(lost)
    async with asyncio.timeout(10):
        await cancelled.wait()
    left = await desk.ask("get_open_orders")
    assert [order.order_id for order in left.orders] == [target.order.order_id]
    gone = await desk.ask("get_order_status", order_id=resting.order.order_id)
    assert gone.order.state == "cancelled"


def _is_cancelled(fact: object) -> bool:
    return isinstance(fact, OrderChanged) and fact.order.status == "cancelled"


async def test_a_drawdown_beyond_its_limit_kills_and_stays_so_over_a_restart(opened):
    async with opened() as desk:
        await desk.ask("update_risk_limits", max_daily_drawdown_percent=0.001)
        await desk.ask("submit_market_order", pair="ETH-USDT", side="buy", amount=0.1)
        state = await desk.ask("get_risk_state")
        assert state.current_drawdown_daily == pytest.approx(
            100 * (1 - state.equity / 10_000), abs=1e-6
        )
        assert state.current_drawdown_weekly == state.current_drawdown_daily
        assert "Daily drawdown limit exceeded" in state.kill_switch_reason
        assert state.exposure_by_symbol.keys() == {"ETH-USDT"}
    async with opened() as desk:
        assert (await desk.ask("get_risk_state")).kill_switch_active
        with pytest.raises(RiskLimitExceeded, match="stays on"):
            await desk.ask("deactivate_kill_switch")
        await desk.ask("update_risk_limits", max_daily_drawdown_percent=50)
        assert not (await desk.ask("deactivate_kill_switch")).active


async def test_the_kill_switch_stays_on_while_the_accounts_value_is_unknown(desk):
    await desk.ask("activate_kill_switch")
    coins = FundsMoved(at=desk.session.clock.now(), flow=Flow("sim:XRP", Decimal(1)), why="gift")
    await desk.session.record(coins)
    with pytest.raises(KillSwitchActive, match="value is unknown"):
        await desk.ask("deactivate_kill_switch")
    state = await desk.ask("get_risk_state")
    assert (state.equity, state.can_trade) == (None, False)
    with pytest.raises(TradingError, match="not known yet"):
        await desk.ask("get_pnl")


async def test_the_risk_mode_is_changed_with_the_limits_and_only_it_is_noted(desk):
    before = desk.session.state.parameters
    found = await desk.ask("update_risk_limits", risk_mode="Conservative")
    assert (found.risk_mode, desk.session.state.parameters) == ("Conservative", before)
    exposure = await desk.ask("get_exposure")
    assert exposure.max_exposure == 1_500
    check = await desk.ask("check_risk_limits", pair="ETH-USDT", side="buy", amount=0.1)
    size = next(v for v in check.verdicts if v.rule == "position_is_too_large")
    assert size.limit == 500


async def test_limits_that_stay_as_they_are_are_no_news(desk):
    before = await desk.ask("update_risk_limits", risk_mode="Aggressive")
    seq = desk.session.state.seq
    again = await desk.ask("update_risk_limits", risk_mode="Aggressive", max_open_positions=5)
    assert again.parameters == before.parameters
    assert desk.session.state.seq == seq


async def test_a_repeated_request_does_not_set_anew_what_was_set_since(desk):
    asked = {"max_open_positions": 7, "idempotency_key": "k"}
    first = await desk.ask("update_risk_limits", **asked)
    await desk.ask("update_risk_limits", max_open_positions=9)
    assert await desk.ask("update_risk_limits", **asked) == first
    assert desk.session.state.parameters.max_open_positions == 9


async def test_an_exchange_with_a_cap_of_its_own_is_shown_that_cap(desk) -> None:
    cap = ExchangeTerms(max_exposure=Decimal(500))
    desk.session.core.standings.terms = {"sim": cap}

    there = await desk.ask("get_exposure", exchange="sim")
    everywhere = await desk.ask("get_exposure")

    assert (there.max_exposure, there.available_exposure) == (500, 500)
    assert (everywhere.max_exposure, everywhere.available_exposure) == (3000, 3000)


async def test_it_is_told_that_nothing_can_be_opened_though_no_limit_forbids_it(desk) -> None:
    session, told = desk.session, []
    pairs = set(session.state.pairs)

    async def look() -> None:
        state = await desk.ask("get_risk_state")
        assert state.can_trade == (not state.limit_reason)
        told.append(state.limit_reason)

    await look()
    session.core.doubt("sim", "asked", "did not answer")
    await look()
    session.core.trust("sim", "asked")
    session.unfollowed |= pairs
    await look()
    session.unfollowed.remove(min(pairs))
    await look()
    session.unfollowed.clear()
    at = session.clock.now()
    await session.record(TradingHalted(at=at, asset="sim:USDT", reason="a difference"))
    await look()

    assert [reason.partition(":")[0] for reason in told] == [
        "",
        "sim did not answer",
        "sim tells no market's prices any more",
        "",
        f"{session.state.pairs[0]}".partition(":")[0],
    ]
    assert "is halted: a difference" in told[-1]
