"""The gate, rule by rule."""

from guard import Guard

RULES = "risk/rules.py"
EACH = "risk/test_gate.py::test_each_rule_objects_to_what_it_is_named_for"
ENTERING = (
    "kill_switch_is_on",
    "exchange_is_in_doubt",
    "market_is_halted",
    "price_is_stale",
    "equity_is_unknown",
    "entries_are_paused",
    "position_would_flip",
    "position_is_being_closed",
    "market_is_held_the_other_way",
    "spot_cannot_be_shorted",
    "order_is_too_small",
    "leverage_is_too_high",
    "leverage_differs_from_the_position",
    "position_is_being_built",
    "too_many_positions",
    "position_is_too_large",
    "exposure_is_too_large",
    "exchange_cap_is_exceeded",
    "strategy_share_is_used_up",
    "balance_is_too_small",
    "orders_come_too_fast",
)
ELSEWHERE = {
    "position_would_flip": "engine/test_core.py::test_closing_more_than_is_held_is_refused",
    "market_is_held_the_other_way": (
        "engine/test_core.py::test_opposite_sides_of_one_perpetual_are_not_held_at_once"
    ),
    "leverage_differs_from_the_position": (
        "engine/test_core.py::test_a_position_is_enlarged_with_its_own_leverage_only"
    ),
    "position_is_being_built": (
        "engine/test_core.py::test_the_gate_refuses_a_strategys_second_entry_whoever_asks"
    ),
}
"""What the gate's own test does not show by itself."""


def _entering() -> list[Guard]:
    lines = ["ENTERING: tuple[Rule, ...] = (", *(f"    {rule}," for rule in ENTERING), ")"]
    found = []
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        rule = line.strip(" ,")
        standing, removed = f"{before}\n{line}\n{after}\n", f"{before}\n{after}\n"
        found.append(Guard(f"rule: {rule}", RULES, standing, removed, (ELSEWHERE.get(rule, EACH),)))
    return found


GUARDS = (
    *_entering(),
    Guard(
        "rule: order_is_nothing",
        RULES,
        "= (order_is_nothing, price_is_too_far, stop_is_on_the_wrong_side)",
        "= (price_is_too_far, stop_is_on_the_wrong_side)",
        (EACH,),
    ),
    Guard(
        "rule: price_is_too_far",
        RULES,
        "= (order_is_nothing, price_is_too_far, stop_is_on_the_wrong_side)",
        "= (order_is_nothing, stop_is_on_the_wrong_side)",
        (EACH,),
    ),
    Guard(
        "rule: stop_is_on_the_wrong_side",
        RULES,
        "= (order_is_nothing, price_is_too_far, stop_is_on_the_wrong_side)",
        "= (order_is_nothing, price_is_too_far)",
        (EACH,),
    ),
    Guard(
        "rule: position_is_not_open",
        RULES,
        "REDUCING: tuple[Rule, ...] = (position_is_not_open, more_is_closed_than_held)",
        "REDUCING: tuple[Rule, ...] = (more_is_closed_than_held,)",
        (EACH,),
    ),
    Guard(
        "rule: more_is_closed_than_held",
        RULES,
        "REDUCING: tuple[Rule, ...] = (position_is_not_open, more_is_closed_than_held)",
        "REDUCING: tuple[Rule, ...] = (position_is_not_open,)",
        ("engine/test_core.py::test_closing_more_than_is_held_is_refused",),
    ),
    Guard(
        "a sale of coins opens no position",
        RULES,
        "opening = any(order.position_id for order in standing.entering(intent.owner))",
        "opening = any(standing.entering(intent.owner))",
        ("engine/test_core.py::test_selling_coins_of_no_position_makes_no_room_for_one_more",),
    ),
    Guard(
        "a rule that fails refuses",
        "risk/gate.py",
        'allowed=False,\n            code="INTERNAL_ERROR",',
        'allowed=True,\n            code="INTERNAL_ERROR",',
        ("risk/test_gate.py::test_a_check_that_fails_means_stop",),
    ),
    Guard(
        "what is judged is what is sent",
        "risk/gate.py",
        "    final = on_grid(intent, standing)\n    verdicts",
        "    final = intent\n    verdicts",
        ("risk/test_gate.py::test_an_order_within_every_limit_is_approved_as_it_will_be_sent",),
    ),
    Guard(
        "a deep fall kills",
        "engine/watch.py",
        "        kill(desk, found.kill, ENGINE)",
        "        pass",
        ("engine/test_core.py::test_a_deep_fall_of_the_day_turns_the_kill_switch_on",),
    ),
    Guard(
        "a lost day pauses entries",
        "engine/watch.py",
        "        _pause_for_the_day(desk, found.pause)",
        "        pass",
        ("engine/test_core.py::test_a_lost_day_ends_with_its_day",),
    ),
    Guard(
        "losing in a row pauses entries",
        "engine/watch.py",
        "    _pause_after_losses(desk)\n    _judge",
        "    _judge",
        ("engine/test_core.py::test_losing_in_a_row_pauses_entries_for_a_while",),
    ),
)
