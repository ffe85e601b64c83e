"""The envelopes of the API reference."""

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Data(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """An answer."""

    success: bool = True
    data: T


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Several of a kind."""

    success: bool = True
    data: list[T]
    count: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, in words."""

    success: bool = True
    message: str


class Changed(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What was done, in words, and what it led to."""

    success: bool = True
    message: str
    data: T


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Every error: *code* is one of the documented ones, *details* depend on it."""

    success: bool = False
    error: str
    code: str
    details: dict[str, Any]
