"""KuCoin's dead man's switch: the high-frequency spot account has one."""

from trading_mcp.adapters.ccxt.kucoin.room import Room
from trading_mcp.domain.quotes import NotOffered

_SHORTEST_S, _LONGEST_S = 5, 86_400
_MOST_NAMED = 50
_OFF = -1


async def set_switch(room: Room, seconds: float | None, *, hf: bool) -> None:
    """Let KuCoin cancel the spot orders in the book unless this is called again in *seconds*.

    Stop orders and perpetuals are not among them. None ends it.

    Raises:
        NotOffered: the spot account is a classic one, or none is traded.
    """
    names = [room.wire_id(m) for m in room.listed.values() if m.market.type == "spot"]
    if not hf or not names:
        raise NotOffered("a switch that cancels orders when nothing is heard")
    timeout = _OFF if seconds is None else round(min(max(seconds, _SHORTEST_S), _LONGEST_S))
    # Without names it is for all markets; only so many can be named.
    named = {"symbols": ",".join(names)} if len(names) <= _MOST_NAMED else {}
    await room.questions.ask(
        "privatePostHfOrdersDeadCancelAll", purpose="cancel", timeout=timeout, **named
    )
