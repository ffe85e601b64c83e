"""Logs: facts on standard error, one form for ours and for the libraries', without secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import Processor

Format = Literal["console", "json"]
Level = Literal["debug", "info", "warning", "error"]

_SECRET = re.compile(r"secret|password|passphrase|token|api_?key|authorization|signature", re.I)
_HIDDEN = "[hidden]"
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What would steer the terminal that shows a log, or hide in it. Callers choose their paths."""
_CHATTY = ("uvicorn", "fastmcp", "mcp", "httpx", "httpx2", "httpcore", "asyncio", "websockets")
_SECRETIVE = ("ccxt", "apprise", "urllib3", "requests")
"""Libraries whose more detailed levels print keys and signatures."""


def configure_logging(format: Format, level: Level) -> None:
    """Write all logs of *level* and above to standard error, as text or as lines of JSON."""
    lowest = getattr(logging, level.upper())
    structlog.configure(
        processors=[*_shared(), *_rendering(format)],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(format))
    logging.basicConfig(handlers=[handler], level=lowest, force=True)
    for name in (*_CHATTY, *_SECRETIVE):
        logging.getLogger(name).setLevel(max(lowest, logging.WARNING))


def redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose keys speak of secrets, however deep they are; show what hides in others."""
    return {key: _hidden(key, value) for key, value in event.items()}


def _hidden(key: object, value: Any) -> Any:
    if _is_secret(str(key)):
        return _HIDDEN
    match value:
        case str():
            return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
        case dict():
            return {inner: _hidden(inner, item) for inner, item in value.items()}
        case list() | tuple():
            return [_hidden("", item) for item in value]
        case _:
            return value


@lru_cache(4096)
def _is_secret(key: str) -> bool:
    return _SECRET.search(key) is not None


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redacted,
    ]


def _rendering(format: Format) -> list[Processor]:
    if format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    # The default shows the values of local variables, secrets among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _formatter(format: Format) -> logging.Formatter:
    """Return what writes the libraries' lines as structlog writes ours."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_shared()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_rendering(format),
        ],
    )


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
