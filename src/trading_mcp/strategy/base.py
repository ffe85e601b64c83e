"""The base class of every strategy."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.signals import Signals

Direction = Literal["long", "short", "both"]

ENGINE_WINDOW = 500
"""How many closed candles the engine shows a strategy; more if its warm-up is longer."""


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every strategy can be configured with; a strategy adds its own fields.

    The `_pct` exits are percent of the entry price. 0 means: no such exit; a stop loss of 0
    means the risk parameters' own.
    """

    direction: Direction = "both"
    stop_loss_pct: Annotated[float, Meta(ge=0, le=50)] = 0.4
    take_profit_pct: Annotated[float, Meta(ge=0, le=100)] = 0.8
    trailing_stop_pct: Annotated[float, Meta(ge=0, le=50)] = 0.0
    breakeven_pct: Annotated[float, Meta(ge=0, le=50)] = 0.0


class Strategy:
    """Maps closed candles to wishes, knowing neither position, money nor mode.

    Subclasses set `name` and `params_type` and write `warmup` and `signals`. An instance holds
    nothing but its parameters.
    """

    name: ClassVar[str]
    params_type: ClassVar[type[Params]] = Params

    def __init__(self, params: Params):
        self.params = params

    @property
    def warmup(self) -> int:
        """How many candles must come before the first row that means anything."""
        raise NotImplementedError

    def signals(self, candles: Candles) -> Signals:
        """Return what to do after each candle. Row i may depend on rows 0..i only."""
        raise NotImplementedError
