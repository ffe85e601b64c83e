"""Which parameters a strategy's signals depend on: those that it read while it worked them out.

A strategy is a function of candles and parameters. So two combinations that agree in everything
that was read for one of them have the same signals: the second would read the same values at the
same places, and go the same way. Whatever this cannot see being read counts as everything read.
"""

from typing import Any, NoReturn, cast

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.strategy.answers import validate
from trading_mcp.strategy.base import Params, Strategy

Read = tuple[str, ...]
"""The names of parameters, in their order."""


def signals_and_read(cls: type[Strategy], params: Params, candles: Candles) -> tuple[Signals, Read]:
    """Return what *cls* wishes for with *params*, and what it read for that.

    Raises:
        ValueError: the strategy answers rubbish. What it raises itself goes through.
    """
    fields = params.__struct_fields__
    watched = _Watched(params)
    try:
        signals = cls(cast(Params, watched)).signals(candles)
    except Exception:  # it may have minded being watched; if not, it will raise again
        signals, read = cls(params).signals(candles), set(fields)
    else:
        read = watched.read if watched.read <= set(fields) else set(fields)
    validate(signals, len(candles))
    return signals, tuple(name for name in fields if name in read)


class _Watched:
    """Parameters that note which of them are read, one by one; any other use of them fails."""

    __slots__ = ("_params", "read")

    def __init__(self, params: Params):
        self._params, self.read = params, set[str]()

    @property  # type: ignore[misc]  # so that it passes for what it watches
    def __class__(self) -> Any:
        return type(self._params)

    def __getattr__(self, name: str) -> Any:
        # A method or a property of the parameters reads what is not seen from here: its name is no
        # parameter's, and that is taken for all of them.
        self.read.add(name)
        return getattr(self._params, name)

    def _as_a_whole(self, *_: object) -> NoReturn:
        raise TypeError("parameters are read as a whole")

    __eq__ = __hash__ = __repr__ = __reduce_ex__ = _as_a_whole
