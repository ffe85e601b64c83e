"""What a strategy class must declare before it can be run at all."""

import re
from collections.abc import Iterator

import msgspec

from trading_mcp.domain.orders import MANUAL
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params, params_schema

_NAME = re.compile(r"(?=.{1,48}$)[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TAKEN = frozenset({MANUAL})


def objections(cls: type[Strategy]) -> list[str]:
    """Return what is wrong with the class itself; it never has to run for this."""
    try:
        return [*_unnamed(cls), *_unwritten(cls)] or [*_wrong_params(cls)]
    except Exception as error:  # class attributes and defaults are a plugin's code
        return [f"its declaration raised {type(error).__name__}: {error}"]


def is_name(name: object) -> bool:
    """Say whether *name* may name a strategy."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and name not in _TAKEN


def _unnamed(cls: type[Strategy]) -> Iterator[str]:
    name = getattr(cls, "name", None)
    if not is_name(name):
        yield f"name is {name!r:.60}; expected lower-case words, such as 'my_idea'"


def _unwritten(cls: type[Strategy]) -> Iterator[str]:
    for member in ("warmup", "signals"):
        if getattr(cls, member) is getattr(Strategy, member):
            yield f"{member} is not written"


def _wrong_params(cls: type[Strategy]) -> Iterator[str]:
    kind = cls.params_type
    if not (isinstance(kind, type) and issubclass(kind, Params)):
        yield f"params_type is {kind!r:.60}; expected a subclass of Params"
        return
    if not (kind.__struct_config__.frozen and kind.__struct_config__.forbid_unknown_fields):
        yield "params_type must stay frozen and forbid unknown fields, as Params does"
    try:
        params_schema(kind)
    except TypeError as error:
        yield f"params_type has no JSON schema: {str(error).splitlines()[-1]}"
        return
    try:
        build_params(cls, msgspec.to_builtins(kind()))
    except Exception as error:  # defaults are checked by the plugin's own code
        yield f"the defaults of params_type are not valid: {error}"
