"""The gate, rule by rule: what it objects to, and that nothing slips through."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.limits import MODES, KillSwitch, RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ApprovedOrder, OrderIntent, Refused
from trading_mcp.domain.positions import Position
from trading_mcp.risk import gate, halts, rules
from trading_mcp.risk.sizing import held_to_limits
from trading_mcp.risk.standing import Pause, Price, Standing

MARKET = Market(
    exchange="sim",
    symbol="BTC-USDT-PERP",
    base="BTC",
    quote="USDT",
    type="perpetual",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    min_amount=Decimal("0.001"),
    min_notional=Decimal(5),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
    max_leverage=20,
)
PRICE = Price(bid=Decimal("99.9"), ask=Decimal("100.1"), last=Decimal(100), fresh=True)
FREE = Standing(
    now=1_000,
    market=MARKET,
    price=PRICE,
    parameters=RiskParameters(max_position_size_usd=1_000.0, max_total_exposure_usd=2_000.0),
    mode="Normal",
    kill_switch=None,
    pauses={},
    equity=Decimal(10_000),
    exposure=Decimal(0),
    owner_exposure=lambda owner: Decimal(0),
    owner_weight=lambda owner: 0.5,
    positions_open=0,
    positions=(),
    orders=(),
    free_quote=Decimal(10_000),
    free_base=Decimal(0),
    recent_entries=0,
)
SPOT = msgspec.structs.replace(MARKET, symbol="BTC-USDT", type="spot", max_leverage=1)


def intent(**fields) -> OrderIntent:
    return OrderIntent(
        **{
            "market": MARKET.key,
            "side": "buy",
            "type": "market",
            "amount": Decimal(1),
            "owner": "manual",
            "principal": "test",
            "reason": "manual",
            **fields,
        }
    )


def passed(wanted: OrderIntent, **standing):
    account = msgspec.structs.replace(FREE, **standing)
    return gate.approve(wanted, account, order_id="ord_1", client_id="ord_1-x")


def test_an_order_within_every_limit_is_approved_as_it_will_be_sent():
    approved = passed(intent(type="limit", amount=Decimal("1.23456"), price=Decimal("99.99")))
    assert approved == ApprovedOrder(
        id="ord_1",
        client_id="ord_1-x",
        exchange="sim",
        symbol="BTC-USDT-PERP",
        side="buy",
        type="limit",
        amount=Decimal("1.234"),
        price=Decimal("99.9"),
        stop_price=None,
        reduce_only=False,
        leverage=1,
    )


HELD = Position(
    id="pos_1",
    market=MARKET.key,
    exchange="sim",
    symbol=MARKET.symbol,
    side="long",
    owner="manual",
    leverage=1,
    opened_at=0,
    tick=MARKET.tick,
    entered=Decimal(1),
    entered_value=Decimal(100),
)
SWITCH = KillSwitch(reason="test", principal="test", activated_at=1)
OBJECTIONS = [
    ("kill_switch_is_on", "KILL_SWITCH_ACTIVE", {}, {"kill_switch": SWITCH}),
    ("price_is_stale", "MARKET_CLOSED", {}, {"price": None}),
    (
        "price_is_stale",
        "MARKET_CLOSED",
        {},
        {"price": msgspec.structs.replace(PRICE, fresh=False)},
    ),
    ("exchange_is_in_doubt", "EXCHANGE_ERROR", {}, {"doubt": "did not answer"}),
    ("market_is_halted", "MARKET_CLOSED", {}, {"halted": "a difference"}),
    (
        "exchange_cap_is_exceeded",
        "EXPOSURE_LIMIT_EXCEEDED",
        {},
        {"exchange_limit": Decimal(500), "exchange_exposure": Decimal(450)},
    ),
    ("equity_is_unknown", "RISK_LIMIT_EXCEEDED", {}, {"equity": None}),
    (
        "entries_are_paused",
        "RISK_LIMIT_EXCEEDED",
        {},
        {"pauses": {"max_daily_loss_usd": Pause("lost", 2_000)}},
    ),
    (
        "spot_cannot_be_shorted",
        "INSUFFICIENT_BALANCE",
        {"side": "sell"},
        {"market": SPOT},
    ),
    (
        "position_is_being_closed",
        "INVALID_PARAMETER",
        {},
        {"positions": (msgspec.structs.replace(HELD, leaving="stop_loss"),)},
    ),
    ("order_is_too_small", "INVALID_PARAMETER", {"amount": Decimal("0.04")}, {}),
    ("order_is_too_small", "INVALID_PARAMETER", {"amount": Decimal("0.0001")}, {}),
    ("leverage_is_too_high", "RISK_LIMIT_EXCEEDED", {"leverage": 4}, {}),
    ("too_many_positions", "MAX_POSITIONS_REACHED", {}, {"positions_open": 5}),
    ("position_is_too_large", "RISK_LIMIT_EXCEEDED", {"amount": Decimal(10)}, {}),
    ("exposure_is_too_large", "EXPOSURE_LIMIT_EXCEEDED", {}, {"exposure": Decimal(1_950)}),
    (
        "strategy_share_is_used_up",
        "EXPOSURE_LIMIT_EXCEEDED",
        {"owner": "wise"},
        {"owner_exposure": lambda owner: Decimal(950)},
    ),
    ("balance_is_too_small", "INSUFFICIENT_BALANCE", {}, {"free_quote": Decimal(100)}),
    ("orders_come_too_fast", "RISK_LIMIT_EXCEEDED", {}, {"recent_entries": 60}),
    (
        "order_is_nothing",
        "INVALID_PARAMETER",
        {"side": "sell", "type": "limit", "price": Decimal("0"), "reduces": "pos_1"},
        {"positions": (HELD,)},
    ),
    (
        "price_is_too_far",
        "RISK_LIMIT_EXCEEDED",
        {"type": "limit", "price": Decimal(110)},
        {},
    ),
    (
        "stop_is_on_the_wrong_side",
        "INVALID_PARAMETER",
        {"type": "stop", "stop_price": Decimal(99)},
        {},
    ),
    ("position_is_not_open", "POSITION_NOT_FOUND", {"side": "sell", "reduces": "pos_9"}, {}),
]


@pytest.mark.parametrize(("rule", "code", "order", "standing"), OBJECTIONS)
def test_each_rule_objects_to_what_it_is_named_for(rule, code, order, standing):
    refused = passed(intent(**order), **standing)
    assert isinstance(refused, Refused)
    assert (refused.objection.rule, refused.objection.code) == (rule, code)
    assert refused.objection.reason


def test_every_rule_has_a_case_here_or_in_the_core_tests():
    elsewhere = {
        "position_would_flip",
        "leverage_differs_from_the_position",
        "market_is_held_the_other_way",
        "position_is_being_built",
        "more_is_closed_than_held",
    }
    every = {r.__name__ for r in (*rules.ALWAYS, *rules.ENTERING, *rules.REDUCING)}
    assert every == elsewhere | {rule for rule, *_ in OBJECTIONS}


def test_a_check_that_fails_means_stop(monkeypatch):
    def broken(intent, standing):
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "ENTERING", (*rules.ENTERING, broken))
    assert passed(intent()).objection.code == "INTERNAL_ERROR"


def test_an_exposure_that_is_not_a_number_stops_entries():
    refused = passed(intent(), exposure=Decimal("NaN"))
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("mode", list(MODES))
def test_no_mode_goes_beyond_the_limits(mode):
    account = msgspec.structs.replace(FREE, mode=mode)
    assert account.max_position <= Decimal(str(FREE.parameters.max_position_size_usd))
    assert account.max_exposure <= Decimal(str(FREE.parameters.max_total_exposure_usd))


def test_a_review_has_the_verdict_of_every_rule_that_applies():
    verdicts = gate.review(intent(amount=Decimal(100)), FREE)
    assert [v.rule for v in verdicts] == [r.__name__ for r in (*rules.ENTERING, *rules.ALWAYS)]
    objecting = {v.rule for v in verdicts if not v.allowed}
    assert {"position_is_too_large", "exposure_is_too_large"} <= objecting


CENTS = st.decimals("0", "4000", places=2)
ACCOUNTS = st.builds(
    lambda **fields: msgspec.structs.replace(FREE, **fields),
    exposure=CENTS,
    free_quote=CENTS,
    mode=st.sampled_from(list(MODES)),
    market=st.sampled_from([MARKET, SPOT]),
    free_base=st.decimals("0", "20", places=4),
)
ORDERS = st.builds(
    intent,
    side=st.sampled_from(["buy", "sell"]),
    amount=st.decimals("0.001", "50", places=3),
    price=st.none() | st.decimals("96", "104", places=1),
    leverage=st.integers(1, 3),
)


@given(ORDERS, ACCOUNTS)
def test_the_largest_amount_passes_and_one_step_more_is_refused_for_money(order, account):
    most = gate.largest(order, account)
    step = account.market.step
    more = msgspec.structs.replace(order, amount=most + step)
    said = {v.rule: v.allowed for v in gate.review(gate.on_grid(more, account), account)}
    growing = {rule.__name__ for rule in rules.GROWING}
    if most:
        passing = msgspec.structs.replace(order, amount=most)
        final = gate.on_grid(passing, account)
        assert all(v.allowed for v in gate.review(final, account))
        assert {rule for rule, allowed in said.items() if not allowed} <= growing
        assert not all(said.values())
    else:
        assert not all(said.values())


def test_no_amount_is_the_largest_while_nothing_may_be_opened():
    account = msgspec.structs.replace(FREE, kill_switch=SWITCH)
    assert gate.largest(intent(), account) == 0


def test_of_a_position_at_most_all_may_be_closed():
    account = msgspec.structs.replace(FREE, positions=(HELD,), kill_switch=SWITCH)
    closing = intent(side="sell", amount=Decimal("0.2"), reduces="pos_1")
    assert gate.largest(closing, account) == HELD.size


@given(st.floats(0.001, 1e6), st.integers(1, 3), ACCOUNTS)
def test_an_amount_held_to_the_limits_passes_every_rule_on_money(wanted, leverage, account):
    amount, capped = held_to_limits(wanted, PRICE.ask, "manual", account, leverage)
    order = gate.on_grid(intent(amount=amount, leverage=leverage), account)
    refused = {v.rule for v in gate.review(order, account) if not v.allowed}
    assert not amount or not refused & {rule.__name__ for rule in rules.GROWING}
    if not capped:
        worth = float(amount * PRICE.ask)
        assert wanted - float(account.market.step * PRICE.ask) <= worth <= wanted * (1 + 1e-12)


def test_what_halts_the_gate_is_what_is_said_elsewhere():
    for account in (
        msgspec.structs.replace(FREE, kill_switch=SWITCH),
        msgspec.structs.replace(FREE, pauses={"max_daily_loss_usd": Pause("lost", 2_000)}),
        msgspec.structs.replace(FREE, equity=None),
    ):
        refused = gate.approve(intent(), account, order_id="ord_1", client_id="ord_1-x")
        assert isinstance(refused, Refused)
        assert refused.objection.reason == halts.halt(account).reason
    assert halts.halt(FREE) is None


@pytest.mark.parametrize(
    ("side", "level", "waits"),
    [
        ("buy", "100.1", False),
        ("buy", "100.2", True),
        ("sell", "99.9", False),
        ("sell", "99.8", True),
    ],
)
def test_a_stop_waits_beyond_the_last_price_and_the_best_offer(side, level, waits):
    result = passed(intent(side=side, type="stop", stop_price=Decimal(level)))
    assert isinstance(result, ApprovedOrder) == waits
