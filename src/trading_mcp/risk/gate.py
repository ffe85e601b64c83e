"""The one gate: every order of every caller passes here, and only here becomes approved."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from trading_mcp.domain.numbers import EXACT, ZERO
from trading_mcp.domain.orders import ApprovedOrder, OrderIntent, Refused, Verdict
from trading_mcp.risk import rules
from trading_mcp.risk.findings import verdict
from trading_mcp.risk.standing import Standing

MOST_STEPS = 1 << 80
"""No amount has more steps: where the search for a limit ends when there is none."""


def on_grid(intent: OrderIntent, standing: Standing) -> OrderIntent:
    """Return *intent* with the very amount and prices that would be sent."""
    market = standing.market
    return msgspec.structs.replace(
        intent,
        amount=market.amount(intent.amount),
        price=market.limit_price(intent.price, intent.side) if intent.price is not None else None,
        stop_price=market.near_price(intent.stop_price) if intent.stop_price is not None else None,
    )


def review(intent: OrderIntent, standing: Standing) -> tuple[Verdict, ...]:
    """Return what every rule that applies says of *intent*, which must be on the grid."""
    applying = rules.REDUCING if intent.reduces else rules.ENTERING
    return tuple(_judged(rule, intent, standing) for rule in (*applying, *rules.ALWAYS))


def approve(
    intent: OrderIntent, standing: Standing, *, order_id: str, client_id: str
) -> ApprovedOrder | Refused:
    """Approve *intent* for sending, or say why not. The first objection counts."""
    final = on_grid(intent, standing)
    verdicts = review(final, standing)
    objection = next((v for v in verdicts if not v.allowed), None)
    if objection is not None:
        return Refused(intent=final, objection=objection, verdicts=verdicts)
    return ApprovedOrder(
        id=order_id,
        client_id=client_id,
        exchange=standing.market.exchange,
        symbol=standing.market.symbol,
        side=final.side,
        type=final.type,
        amount=final.amount,
        price=final.price,
        stop_price=final.stop_price,
        reduce_only=final.reduces is not None,
        leverage=final.leverage,
        expected_price=final.expected_price,
    )


def largest(intent: OrderIntent, standing: Standing) -> Decimal:
    """Return the largest amount (base) of *intent* that would pass now, 0 if none would.

    On the step: one step more is refused by a rule on money or coins.
    """
    final, step = on_grid(intent, standing), standing.market.step
    applying = rules.REDUCING if intent.reduces else rules.ENTERING
    growing = [rule for rule in applying if rule in rules.GROWING]

    def sized(steps: int) -> OrderIntent:
        return msgspec.structs.replace(final, amount=EXACT.multiply(Decimal(steps), step))

    def is_within(steps: int) -> bool:
        return all(_judged(rule, sized(steps), standing).allowed for rule in growing)

    most = sized(_last(is_within))
    passes = all(verdict.allowed for verdict in review(most, standing))
    return most.amount if passes else ZERO


def _last(is_within: Callable[[int], bool]) -> int:
    """Return the last number for which *is_within* holds, which it does up to there only."""
    low, high = 0, 1
    while high < MOST_STEPS and is_within(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_within(middle) else (low, middle)
    return low


def _judged(rule: rules.Rule, intent: OrderIntent, standing: Standing) -> Verdict:
    try:
        return verdict(rule.__name__, rule(intent, standing))
    except Exception as error:  # a check that fails means stop, not go
        return Verdict(
            rule=rule.__name__,
            allowed=False,
            code="INTERNAL_ERROR",
            reason=f"The check {rule.__name__} failed: {type(error).__name__}",
        )
