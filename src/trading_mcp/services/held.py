"""What is held, and what is about to be: the positions that requests are about."""

from trading_mcp.domain.errors import PositionNotFound
from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import MANUAL, Order
from trading_mcp.domain.positions import Position
from trading_mcp.engine.session import Session


def held_by_hand(session: Session, market: Market) -> Position | None:
    """Return the position that was opened by hand in *market*."""
    held = session.core.standings.positions_in(market.key)
    return next((position for position in held if position.owner == MANUAL), None)


def entering_by_hand(session: Session, market: Market) -> Order | None:
    """Return the order by hand that is opening a position in *market* right now.

    One that rests is none: whatever trades first decides on the exits.
    """
    entering = session.core.standings.standing(market.key, session.clock.now()).entering(MANUAL)
    return next((order for order in entering if order.type == "market"), None)


def open_position(session: Session, position_id: str, exchange: str | None = None) -> Position:
    """Return an open position, if it is one of *exchange* (None: any). Raises PositionNotFound."""
    name = session.exchange(exchange).name if exchange is not None else None
    position = session.state.positions.get(position_id)
    if position is not None and name in (None, position.exchange):
        return position
    found = f"No open position {position_id!r}" + (f" on {name}" if name else "")
    if position is None and position_id in session.state.closed:
        found = f"Position {position_id} is closed already"
    raise PositionNotFound(
        found,
        hint="get_positions lists the open ones.",
        position_id=position_id,
        open=list(session.state.positions)[:20],
    )
