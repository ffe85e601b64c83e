"""Parameters come from outside whole and valid, or the path of what is wrong is named."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st
from msgspec import Meta, Struct

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Params, Strategy
from trading_mcp.strategy.params import build_params, params_schema


class Session(Struct, frozen=True, forbid_unknown_fields=True):
    hour: int = 0


class IdeaParams(Params, frozen=True, kw_only=True):
    fast: Annotated[int, Meta(ge=2, le=200)] = 9
    slow: Annotated[int, Meta(ge=2, le=200)] = 21
    level: float = 0.5
    levels: tuple[float, ...] = ()
    session: Session = Session()

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError("fast must be below slow")
        if self.level < 0:
            raise RuntimeError("never thought of that")


class Idea(Strategy):
    name = "idea"
    params_type = IdeaParams


def test_what_is_not_given_keeps_its_default() -> None:
    assert build_params(Idea, {"fast": 5, "stop_loss_pct": 1}) == IdeaParams(
        fast=5, stop_loss_pct=1.0
    )
    assert build_params(Idea, {}) == IdeaParams()


@pytest.mark.parametrize(
    ("settings", "field", "message"),
    [
        ({"fats": 5}, "fats", "unknown field `fats`"),
        ({"fast": "5"}, "fast", "Expected `int`, got `str`"),
        ({"fast": True}, "fast", "Expected `int`, got `bool`"),
        ({"fast": 1}, "fast", "Expected `int` >= 2"),
        ({"fast": 201}, "fast", "Expected `int` <= 200"),
        ({"fast": 5.5}, "fast", "Expected `int`"),
        ({"level": None}, "level", "Expected `float`, got `null`"),
        ({"level": float("nan")}, "level", "Expected a finite number"),
        ({"level": float("inf")}, "level", "Expected a finite number"),
        ({"levels": [1, float("nan")]}, "levels[...]", "Expected a finite number"),
        ({"session": {"hour": "x"}}, "session.hour", "Expected `int`, got `str`"),
        ({"session": {"minute": 1}}, "session.minute", "unknown field `minute`"),
        ({"direction": "up"}, "direction", "Invalid enum value 'up'"),
        ({"fast": 50}, None, "fast must be below slow"),
        ({"level": -1.0}, None, "never thought of that"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, Any], field: str | None, message: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        build_params(Idea, settings)
    assert refused.value.message.startswith("idea: ")
    assert message in refused.value.message
    assert refused.value.details.get("field") == field
    assert "stop_loss_pct" in refused.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@run_with(deadline=None)
@given(st.dictionaries(st.sampled_from(IdeaParams.__struct_fields__) | st.text(max_size=5), JSON))
def test_anything_from_outside_is_taken_or_refused(settings: dict[str, Any]) -> None:
    try:
        params = build_params(Idea, settings)
    except InvalidParameter:
        return
    assert 2 <= params.fast < params.slow <= 200


def test_the_schema_tells_bounds_and_defaults() -> None:
    schema = params_schema(IdeaParams)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["fast"] == {
        "type": "integer",
        "minimum": 2,
        "maximum": 200,
        "default": 9,
    }
    assert schema["properties"]["stop_loss_pct"]["default"] == 0.4
    assert schema["properties"]["session"]["$ref"] == "#/$defs/Session"
    assert "hour" in schema["$defs"]["Session"]["properties"]
