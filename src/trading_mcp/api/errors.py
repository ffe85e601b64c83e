"""Turning any exception into the documented error, for HTTP and for MCP."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar.exceptions import HTTPException, ValidationException

from trading_mcp.domain.errors import (
    InternalError,
    InvalidParameter,
    InvalidRequest,
    MethodNotAllowed,
    MissingParameter,
    NotFound,
    TooManyRequests,
    TradingError,
    Unauthorized,
)
from trading_mcp.services.choices import choice

log = structlog.get_logger(__name__)
LONGEST = 300
"""Characters of an error that may quote what the caller sent."""

_AT = re.compile(r"(?P<what>.*?)(?: - at `(?P<path>[^`]*)`(?: in `(?P<owner>[^`]*)`)?)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`")
_EXPECTED = re.compile(r"Expected `(?P<type>[^`]*)`(?P<bound>[^,]*)(?:, got `(?P<found>[^`]*)`)?")


class Misdirected(InvalidRequest):
    """The Host header names another server."""

    status = 421


class BodyTooLarge(InvalidRequest):
    """The body is longer than the server takes."""

    status = 413


class BodyTooSlow(InvalidRequest):
    """The body did not arrive in time."""

    status = 408


class Busy(InvalidRequest):
    """As many connections are open as the server takes."""

    status = 503
    retriable = True


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as callers see it."""

    status: int
    error: str
    code: str
    details: dict[str, Any]
    retriable: bool
    requires_human: bool
    outcome: str
    hint: str
    headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the documented HTTP body; what it has no key for stands in the details."""
        details = dict(self.details)
        if self.outcome != "none":
            details["outcome"] = self.outcome
        if self.hint:
            details["hint"] = self.hint
        for flag in ("retriable", "requires_human"):
            if getattr(self, flag):
                details[flag] = True
        return {"success": False, "error": self.error, "code": self.code, "details": details}

    def content(self) -> dict[str, Any]:
        """Return the structured content of an MCP error result."""
        kept = {f: getattr(self, f) for f in self.__struct_fields__ if f not in _HTTP_ONLY}
        return {"success": False, **kept}

    def text(self) -> str:
        """Return the error as a sentence or two."""
        unknown = "The outcome is unknown: ask before you repeat it." * (self.outcome == "unknown")
        parts = [part for part in (f"{self.code}: {self.error}", unknown, self.hint) if part]
        return " ".join([*map(_ended, parts[:-1]), parts[-1]])


_HTTP_ONLY = ("status", "headers")


def _ended(part: str) -> str:
    return part if part.endswith((".", "?", "!")) else f"{part}."


def problem(error: Exception) -> Problem:
    """Return what the caller is told of *error*; a fault of our own goes to the log as well."""
    known = _known(error)
    if known is None:
        log.error("request_failed", exc_info=error)
        request_id = structlog.contextvars.get_contextvars().get("request_id", "")
        known = InternalError("Internal server error", request_id=request_id)
    return Problem(
        status=known.status,
        error=known.message,
        code=known.code,
        details=known.details,
        retriable=known.retriable,
        requires_human=known.requires_human,
        outcome=known.outcome,
        hint=known.hint,
        headers=_headers(error, known),
    )


def _headers(error: Exception, known: TradingError) -> dict[str, str]:
    match known:
        case Unauthorized():
            return {"www-authenticate": 'Bearer realm="trading-mcp"'}
        case TooManyRequests():
            return {"retry-after": str(known.retry_after_s)}
        case _:
            return (error.headers or {}) if isinstance(error, HTTPException) else {}


def refusal(error: msgspec.DecodeError | UnicodeDecodeError, kind: Any) -> TradingError:
    """Return the error that says what msgspec found wrong with a request of *kind*, and where."""
    if not isinstance(error, msgspec.ValidationError):
        return InvalidRequest(f"The body is not JSON: {error}"[:LONGEST])
    found = _AT.fullmatch(str(error))
    path = _path(found["path"], found["owner"]) if found else "$"
    what = found["what"] if found else str(error)
    if field := _FIELD.fullmatch(what):
        return _about_field(field["fault"], f"{path}.{field['name']}"[:LONGEST])
    if chosen := choice(what, kind, path):
        return InvalidParameter(f"{_name(path)}: {chosen[0]}", field=path, expected=chosen[1])
    fault = InvalidRequest if path == "$" else InvalidParameter
    facts = _facts(what)
    hint = _AS_OBJECT if facts.get("found") == "str" and _is_object(facts) else ""
    return fault(f"{_name(path)}: {what}"[:LONGEST], hint=hint, field=path, **facts)


_AS_OBJECT = 'Send a JSON object itself, {"name": value}, and not text that holds one.'


def _is_object(facts: Mapping[str, str]) -> bool:
    return facts["expected"].split(" | ")[0] == "object"


def _path(path: str | None, owner: str | None) -> str:
    # A fault in a mapping's key is "at `key` in `$.config`".
    return owner or path or "$"


def _name(path: str) -> str:
    return path.removeprefix("$.") if path != "$" else "The request"


def _about_field(fault: str, path: str) -> TradingError:
    if fault == "missing required":
        return MissingParameter(f"{_name(path)} is required", field=path)
    return InvalidRequest(f"{_name(path)} is not known here", field=path)


def _facts(what: str) -> dict[str, str]:
    found = _EXPECTED.fullmatch(what)
    if found is None:
        return {}
    facts = {"expected": found["type"] + found["bound"]}
    return {**facts, "found": found["found"]} if found["found"] else facts


def _known(error: Exception) -> TradingError | None:
    match error:
        case TradingError():
            return error
        case ValidationException():
            return _of_parameter(error)
        case HTTPException() if error.status_code in _BY_STATUS:
            kind, message, hint = _BY_STATUS[error.status_code]
            return kind(message, hint=hint)
        case HTTPException() if 400 <= error.status_code < 500:
            return InvalidRequest(error.detail[:LONGEST])
        case _:
            return None


_BY_STATUS: dict[int, tuple[type[TradingError], str, str]] = {
    404: (NotFound, "No such path", "GET /docs lists the paths."),
    405: (MethodNotAllowed, "The path takes other methods", "The header Allow names them."),
    413: (BodyTooLarge, "The body is too large", ""),
}


def _of_parameter(error: ValidationException) -> TradingError:
    """Read what Litestar says of a query, path or header parameter."""
    faults = error.extra if isinstance(error.extra, list) else []
    if faults and (name := faults[0].get("key")):
        if name == "data":  # Litestar's name for the body, which only an absent one fails here
            return MissingParameter("A JSON body is required", field="$")
        what = str(faults[0].get("message", ""))
        return InvalidParameter(f"{name}: {what}"[:LONGEST], field=str(name), **_facts(what))
    if missing := re.match(r"Missing required \w+ parameter '(\w+)'", error.detail):
        return MissingParameter(f"{missing[1]} is required", field=missing[1])
    return InvalidRequest(error.detail[:LONGEST])
