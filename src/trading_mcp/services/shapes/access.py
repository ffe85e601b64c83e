"""Requests and answers of logging in."""

from typing import Annotated

from msgspec import Meta, Struct

from trading_mcp.services.operations import Request

LONGEST_PASSWORD = 1024


class LoginRequest(Request, frozen=True, kw_only=True):
    """Who logs in."""

    username: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]


class Login(Struct, frozen=True, kw_only=True):
    """A token, and when it expires."""

    token: str
    expires_at: str
