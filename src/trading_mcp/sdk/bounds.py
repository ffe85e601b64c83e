"""Types for parameters that carry their bounds; `Annotated[..., Meta(...)]` makes others."""

from typing import Annotated

from msgspec import Meta

Period = Annotated[int, Meta(ge=2, le=200)]
"""A number of candles."""

Percent = Annotated[float, Meta(ge=0, le=100)]
"""A level on a scale of 0 to 100."""
