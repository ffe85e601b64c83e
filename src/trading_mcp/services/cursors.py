"""Cursors: where the next page of a long list begins, in a word that callers hand back as it is."""

import base64
from typing import TypeVar

import msgspec

from trading_mcp.domain.errors import InvalidParameter

Place = TypeVar("Place", bound=msgspec.Struct)


def cursor(place: msgspec.Struct) -> str:
    """Return *place* in one word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def place(cursor: str | None, kind: type[Place]) -> Place | None:
    """Return the place that *cursor* stands for; None without one.

    Raises InvalidParameter for what no answer gave.
    """
    if cursor is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise InvalidParameter(
            "cursor: expected the next_cursor of an earlier answer, unchanged", field="cursor"
        ) from None
