"""Costs, sizes, limits, leverage, funding, and several markets on one account."""

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from backtest_markets import START, history_of, told

from trading_mcp.backtest.histories import Settlements
from trading_mcp.backtest.simulation import simulate
from trading_mcp.backtest.terms import Costs, Exits, Ground, Limits, Terms
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.times import DAY_MS, MINUTE_MS

FREE = Costs(taker_fee=0.0, maker_fee=0.0, slippage=0.0)
FLAT = (100.0, 100.0, 100.0, 100.0)
LOSS = (100.0, 100.0, 98.0, 98.0)
WIDE = RiskParameters(
    max_position_size_usd=1e9,
    max_total_exposure_usd=1e9,
    max_daily_loss_usd=1e9,
    max_consecutive_losses=1000,
    volatility_multiplier=0.0,
    kelly_fraction=0.0,
    max_daily_drawdown_percent=100.0,
    max_weekly_drawdown_percent=100.0,
    max_monthly_drawdown_percent=100.0,
    max_open_positions=100,
)


def limits(**changed):
    return Limits(parameters=msgspec.structs.replace(WIDE, **changed))


def terms(**changed):
    return Terms(**({"capital": 1_000.0, "size_percent": 100.0, "costs": FREE} | changed))


def alternating(losers):
    """Losing candles each entered at the open: wish, enter and stop out within a candle."""
    return [FLAT, *[LOSS, FLAT] * losers]


class TestCosts:
    def test_all_equity_pays_for_the_fee_too(self, loop):
        costs = Costs(taker_fee=0.001, slippage=0.0)
        outcome = simulate([history_of([FLAT] * 3, enter_long=[0])], terms(costs=costs), loop)
        (trade,) = outcome.trades
        assert trade.amount * 100.0 * 1.001 == pytest.approx(1_000.0)
        assert trade.fees == pytest.approx(trade.amount * 100.0 * 0.002)
        assert outcome.equity[-1] == pytest.approx(1_000.0 - trade.fees)

    def test_slippage_and_half_the_spread_are_against_the_trader_both_ways(self, loop):
        costs = Costs(taker_fee=0.0, slippage=0.001, spread=0.002)
        for wish in ("enter_long", "enter_short"):
            outcome = simulate(
                [history_of([FLAT] * 3, **{wish: [0]})], terms(size_percent=50.0, costs=costs), loop
            )
            (trade,) = outcome.trades
            assert trade.entry_price == pytest.approx(100.0 * (1 + trade.side * 0.002))
            assert trade.exit_price == pytest.approx(100.0 * (1 - trade.side * 0.002))

    def test_a_target_that_rests_pays_the_maker_fee_and_its_price(self, loop):
        rows = [FLAT, FLAT, (100.0, 103.0, 100.0, 102.0)]
        costs = Costs(taker_fee=0.001, maker_fee=0.0002, slippage=0.0005, target_rests=True)
        exits = Exits(take_profit_pct=2.0)
        outcome = simulate(
            [history_of(rows, enter_long=[0])],
            terms(size_percent=50.0, costs=costs, exits=exits),
            loop,
        )
        (trade,) = outcome.trades
        assert trade.exit_price == pytest.approx(trade.entry_price * 1.02)
        value = trade.amount * trade.entry_price * 0.001 + trade.amount * trade.exit_price * 0.0002
        assert trade.fees == pytest.approx(value)

    def test_slippage_is_on_unless_it_is_switched_off(self):
        assert Costs().slippage == 0.0005


class TestGrid:
    ground = Ground(tick=Decimal("0.05"), step=Decimal("0.1"), min_amount=0.5)

    def test_what_is_paid_is_put_on_the_tick_against_the_trader(self, loop):
        costs = Costs(taker_fee=0.0, slippage=0.0001)
        history = history_of([FLAT] * 3, more={"ground": self.ground}, enter_long=[0])
        (trade,) = simulate([history], terms(costs=costs), loop).trades
        assert (trade.entry_price, trade.exit_price) == (100.05, 99.95)
        assert trade.amount == 9.9

    def test_stops_are_put_on_the_nearest_tick(self, loop):
        history = history_of([FLAT, FLAT, LOSS], more={"ground": self.ground}, enter_long=[0])
        exits = Exits(stop_loss_pct=0.98)
        (trade,) = simulate([history], terms(exits=exits), loop).trades
        assert trade.exit_price == 99.0

    def test_nothing_is_rounded_where_that_is_said(self, loop):
        history = history_of([FLAT, FLAT, LOSS], more={"ground": self.ground}, enter_long=[0])
        exits = Exits(stop_loss_pct=0.98)
        (trade,) = simulate([history], terms(exits=exits, rounded=False), loop).trades
        assert trade.exit_price == pytest.approx(99.02)

    def test_an_entry_that_could_not_be_left_again_is_not_made(self, loop):
        history = history_of([FLAT] * 3, more={"ground": self.ground}, enter_long=[0])
        outcome = simulate([history], terms(capital=50.0), loop)
        assert told(outcome) == []
        assert outcome.account["blocked_small"] == 1


class TestLimits:
    def by_risk(self, loop, rows, stop=1.0, history=None, **changed):
        wished = history or {"enter_long": list(range(0, len(rows), 2))}
        return simulate(
            [history_of(rows, **wished)],
            terms(size_percent=None, limits=limits(**changed), exits=Exits(stop_loss_pct=stop)),
            loop,
        )

    def test_a_position_loses_the_risk_per_trade_at_its_stop(self, loop):
        outcome = self.by_risk(loop, [FLAT, LOSS, FLAT], risk_per_trade_percent=0.5)
        assert outcome.trades.pnl.tolist() == [pytest.approx(-5.0)]

    def test_a_plan_without_a_stop_gets_the_risk_cores_own(self, loop):
        outcome = self.by_risk(loop, [FLAT, LOSS, FLAT], stop=0.0, stop_loss_percent=1.5)
        assert outcome.trades.exit_price[0] == pytest.approx(98.5)

    def test_a_stop_is_widened_to_what_the_market_moves_and_the_target_with_it(self, loop):
        rows = [FLAT, FLAT, (100.0, 104.0, 100.0, 104.0)]
        history = history_of(rows, more={"atr": np.full(3, 2.0)}, enter_long=[0])
        outcome = simulate(
            [history],
            terms(
                size_percent=None,
                limits=limits(volatility_multiplier=1.0, risk_per_trade_percent=0.5),
                exits=Exits(stop_loss_pct=1.0, take_profit_pct=2.0),
            ),
            loop,
        )
        (trade,) = outcome.trades
        assert trade.exit_price == pytest.approx(104.0)  # twice as far
        assert trade.amount == pytest.approx(2.5)  # half as much

    def test_position_and_exposure_are_limited(self, loop):
        small = self.by_risk(loop, [FLAT, LOSS, FLAT], max_position_size_usd=50.0)
        assert small.trades.amount[0] == pytest.approx(0.5)
        less = self.by_risk(loop, [FLAT, LOSS, FLAT], max_total_exposure_usd=40.0)
        assert less.trades.amount[0] == pytest.approx(0.4)

    def test_a_strategys_share_of_the_exposure_is_limited(self, loop):
        held = Limits(parameters=limits(max_total_exposure_usd=40.0).parameters, weight=0.5)
        outcome = simulate([history_of([FLAT] * 3, enter_long=[0])], terms(limits=held), loop)
        assert outcome.trades.amount[0] == pytest.approx(0.2)

    def test_a_weak_signal_is_not_acted_on(self, loop):
        history = history_of([FLAT] * 3, strength=0.4, enter_long=[0])
        outcome = simulate([history], terms(limits=limits(confidence_threshold=0.5)), loop)
        assert told(outcome) == []
        assert outcome.account["blocked_weak"] == 1

    def test_losers_in_a_row_pause_entries_and_then_are_forgiven(self, loop):
        rows = alternating(10)
        outcome = self.by_risk(loop, rows, max_consecutive_losses=2, loss_cooldown_minutes=6.0)
        # The second loser ends at minute 4: nothing is entered before minute 10.
        assert outcome.trades.entry_row.tolist() == [1, 3, 11, 13]
        assert outcome.account["blocked_paused"] == 6

    def test_a_days_loss_ends_entries_until_the_next_day(self, loop):
        start = START + DAY_MS - 10 * MINUTE_MS
        history = history_of(alternating(8), start=start, enter_long=list(range(0, 17, 2)))
        held = limits(max_daily_loss_usd=9.0, risk_per_trade_percent=0.5)
        outcome = simulate(
            [history], terms(size_percent=None, limits=held, exits=Exits(stop_loss_pct=1.0)), loop
        )
        # Each loses 5 of 1,000; the day is over at row 10.
        assert outcome.trades.entry_row.tolist()[:3] == [1, 3, 11]

    def test_a_drawdown_ends_entries_for_good(self, loop):
        outcome = self.by_risk(loop, alternating(8), max_daily_drawdown_percent=1.2)
        assert len(outcome.trades) == 3
        assert outcome.account["killed_at"] == START + 6 * MINUTE_MS

    def test_only_so_many_positions_are_open_at_once(self, loop):
        pairs = [history_of([FLAT] * 4, market=name, enter_long=[0]) for name in "ABC"]
        outcome = simulate(
            pairs, terms(size_percent=10.0, limits=limits(max_open_positions=2)), loop
        )
        assert sorted(outcome.trades.market.tolist()) == [0, 1]
        assert outcome.account["blocked_full"] == 1


class TestMargin:
    def ground(self, **more):
        return {"ground": Ground(is_margined=True, maintenance=0.005, **more)}

    def test_leverage_multiplies_what_is_held_and_ties_up_the_margin(self, loop):
        rows = [FLAT, FLAT, (100.0, 101.0, 100.0, 101.0)]
        history = history_of(rows, more=self.ground(), enter_long=[0])
        outcome = simulate([history], terms(size_percent=50.0, leverage=4), loop)
        assert outcome.trades.amount.tolist() == [20.0]
        assert outcome.trades.pnl.tolist() == [20.0]

    @pytest.mark.parametrize("side", [1, -1])
    def test_a_liquidation_takes_the_margin_and_no_more(self, loop, side):
        worse = 100.0 * (1 - side * 0.15)
        gone = (worse, max(worse, 100.0), min(worse, 100.0), 100.0)
        wish = "enter_long" if side > 0 else "enter_short"
        history = history_of([FLAT, FLAT, gone], more=self.ground(), **{wish: [0]})
        outcome = simulate([history], terms(size_percent=50.0, leverage=10), loop)
        assert told(outcome)[0][5] == "liquidation"
        assert outcome.trades.pnl.tolist() == [pytest.approx(-500.0)]

    def test_a_stop_before_the_liquidation_saves_the_rest_of_the_margin(self, loop):
        rows = [FLAT, FLAT, (100.0, 100.0, 85.0, 90.0)]
        history = history_of(rows, more=self.ground(), enter_long=[0])
        exits = Exits(stop_loss_pct=5.0)
        outcome = simulate([history], terms(size_percent=50.0, leverage=10, exits=exits), loop)
        assert told(outcome) == [(1, 1, 100.0, 2, 95.0, "stop_loss")]

    def test_a_gap_beyond_stop_and_liquidation_is_a_liquidation(self, loop):
        rows = [FLAT, FLAT, (85.0, 86.0, 84.0, 85.0)]
        history = history_of(rows, more=self.ground(), enter_long=[0])
        exits = Exits(stop_loss_pct=5.0)
        outcome = simulate([history], terms(size_percent=50.0, leverage=10, exits=exits), loop)
        assert told(outcome)[0][5] == "liquidation"
        assert outcome.equity[-1] == pytest.approx(500.0)

    def test_a_spot_market_is_not_sold_short(self, loop):
        history = history_of([FLAT] * 3, more={"ground": Ground(can_short=False)}, enter_short=[0])
        outcome = simulate([history], terms(), loop)
        assert told(outcome) == []
        assert outcome.account["blocked_short"] == 1


class TestFunding:
    def run(self, loop, wish, settled, rate=0.001, rows=6, exit_at=None):
        leaves = {wish.replace("enter", "exit"): [exit_at]} if exit_at is not None else {}
        more = {"settlements": Settlements(np.array(settled), np.full(len(settled), rate))}
        history = history_of([FLAT] * rows, more=more, **{wish: [0]}, **leaves)
        return simulate([history], terms(size_percent=50.0), loop)

    @pytest.mark.parametrize(("wish", "sign"), [("enter_long", -1), ("enter_short", 1)])
    def test_longs_pay_shorts_at_a_positive_rate(self, loop, wish, sign):
        outcome = self.run(loop, wish, [START + 3 * MINUTE_MS])
        assert outcome.trades.funding.tolist() == [pytest.approx(sign * 0.5)]
        assert outcome.trades.pnl.tolist() == [pytest.approx(sign * 0.5)]
        assert outcome.equity[-1] == pytest.approx(1_000 + sign * 0.5)

    def test_whoever_enters_or_leaves_at_that_very_moment_pays(self, loop):
        entered = self.run(loop, "enter_long", [START + MINUTE_MS])
        left = self.run(loop, "enter_long", [START + 3 * MINUTE_MS], exit_at=2)
        assert entered.trades.funding.tolist() == left.trades.funding.tolist() == [-0.5]

    def test_after_having_left_nothing_is_paid(self, loop):
        outcome = self.run(loop, "enter_long", [START + 3 * MINUTE_MS + 5], exit_at=2)
        assert outcome.trades.funding.tolist() == [0.0]

    def test_before_having_entered_nothing_is_paid(self, loop):
        outcome = self.run(loop, "enter_long", [START + MINUTE_MS - 1])
        assert outcome.trades.funding.tolist() == [0.0]


class TestSeveralMarkets:
    def test_they_share_one_account_in_the_order_of_time(self, loop):
        up = [FLAT, FLAT, (100.0, 110.0, 100.0, 110.0), (110.0,) * 4, (110.0,) * 4]
        first = history_of(up, market="A", enter_long=[0], exit_long=[2])
        second = history_of([FLAT] * 5, market="B", enter_long=[2])
        outcome = simulate([first, second], terms(), loop)
        assert outcome.trades.market.tolist() == [0, 1]
        assert outcome.trades.amount.tolist() == [10.0, 11.0]  # A's gain is there to buy B
        assert outcome.equity.tolist() == [1_000.0, 1_000.0, 1_100.0, 1_100.0, 1_100.0]

    def test_what_one_ties_up_the_other_cannot_spend(self, loop):
        pairs = [history_of([FLAT] * 3, market=name, enter_long=[0]) for name in "AB"]
        outcome = simulate(pairs, terms(size_percent=80.0), loop)
        assert outcome.trades.amount.tolist() == [8.0, 2.0]

    def test_a_market_whose_candles_are_missing_for_a_while_waits(self, loop):
        full = history_of([FLAT] * 6, market="A")
        gapped = history_of([FLAT] * 3, market="B", enter_long=[0])
        gapped.candles.time.base[1:] += 3 * MINUTE_MS
        outcome = simulate([full, gapped], terms(), loop)
        assert len(outcome.equity) == 6
        (trade,) = outcome.trades
        assert outcome.bars.time[trade.entry_row] == START + 4 * MINUTE_MS

    def test_each_alone_comes_to_the_same_as_beside_one_that_does_nothing(self, loop):
        rows = [FLAT, (100.0, 102.0, 99.5, 101.0), (101.0, 101.0, 97.0, 98.0), FLAT, FLAT]
        exits = Exits(stop_loss_pct=1.0, take_profit_pct=3.0, trailing_stop_pct=1.5)
        history = history_of(rows, enter_long=[0], enter_short=[2])
        alone = simulate([history], terms(exits=exits), loop)
        idle = history_of([FLAT] * 5, market="Z")
        beside = simulate([history, idle], terms(exits=exits), loop)
        assert beside.equity.tolist() == alone.equity.tolist()
        assert beside.trades.pnl.tolist() == alone.trades.pnl.tolist()
