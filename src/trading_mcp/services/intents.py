"""Orders by hand: what a request means, given what is held."""

from decimal import Decimal
from typing import Protocol

from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import MANUAL, ExitPlan, OrderIntent, Side
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.session import Session
from trading_mcp.services.held import held_by_hand
from trading_mcp.services.operations import Caller


class Asked(Protocol):
    """What every request for an order says."""

    @property
    def side(self) -> Side:
        """Buy or sell."""

    @property
    def amount(self) -> float:
        """In base."""

    @property
    def leverage(self) -> int:
        """Of a perpetual."""


def by_hand(
    session: Session,
    market: Market,
    asked: Asked,
    caller: Caller,
    *,
    price: Decimal | None = None,
    stop_price: Decimal | None = None,
    plan: ExitPlan | None = None,
) -> OrderIntent:
    """Return the order that *asked* means: one against the position held by hand reduces it.

    Without *plan*, a position that it opens has the risk parameters' own exits.
    """
    held = held_by_hand(session, market)
    # As it would be sent: what lies between two steps must not decide what an order means.
    amount = market.amount(exact(asked.amount))
    closes = held is not None and asked.side == closing_side(held.side)
    # Closing more than is held is for the gate to refuse, as an entry against a position.
    reduced = held if held is not None and closes and amount <= held.size else None
    return OrderIntent(
        market=market.key,
        side=asked.side,
        type="limit" if price is not None else "stop" if stop_price is not None else "market",
        amount=amount,
        price=price,
        stop_price=stop_price,
        owner=MANUAL,
        principal=caller.principal,
        reason="manual",
        leverage=reduced.leverage if reduced else asked.leverage,
        reduces=reduced.id if reduced else None,
        plan=None if reduced else plan or default_plan(session),
        idempotency=caller.claim,
    )


def closing(position: Position, amount: Decimal, caller: Caller) -> OrderIntent:
    """Return the market order that takes *amount* off *position*, whoever owns it."""
    return OrderIntent(
        market=position.market,
        side=closing_side(position.side),
        type="market",
        amount=amount,
        owner=position.owner,
        principal=caller.principal,
        reason="manual",
        leverage=position.leverage,
        reduces=position.id,
        idempotency=caller.claim,
    )


def default_plan(session: Session) -> ExitPlan:
    """Return the exits of a position whose order does not say."""
    parameters = session.state.parameters
    return ExitPlan(
        stop_loss_pct=parameters.stop_loss_percent,
        take_profit_pct=parameters.take_profit_percent,
    )
