"""What is certain about a request: whether it left this machine, and what came back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec

_LONGEST = 200


class Answer(msgspec.Struct, frozen=True):
    """An exchange's answer: the HTTP status, and its own code and words ("" where it has none)."""

    status: int
    code: str
    message: str


class Trail:
    """Follows the requests of one question: how many left, and how the last was answered."""

    def __init__(self) -> None:
        self.sent = 0
        self.answer: Answer | None = None


class AskFailed(Exception):
    """A question to the exchange failed, in words that hold no secrets.

    *sent* is how many requests left; with 0, nothing can have happened. *answer* is what the
    exchange said, None if it said nothing that can be understood.
    """

    def __init__(self, message: str, *, sent: int = 1, answer: Answer | None = None):
        super().__init__(harmless(message))
        self.sent, self.answer = sent, answer


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


@contextmanager
def following() -> Iterator[Trail]:
    """Follow the requests that are made inside: concurrent ones have trails of their own."""
    trail = Trail()
    token = _trail.set(trail)
    try:
        yield trail
    finally:
        _trail.reset(token)


def harmless(text: str) -> str:
    """Return *text* short, on one line, and without anything that a terminal would act on."""
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]


def make_followable(client: Any) -> None:
    """Let *client* leave trails, and send no request anywhere but where it was meant to go."""
    fetch, handle_errors, connect = client.fetch, client.handle_errors, client.open

    async def followed_fetch(
        url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        if (trail := _trail.get()) is not None:
            trail.sent, trail.answer = trail.sent + 1, None
        return await fetch(url, method, headers, body)

    def noted_errors(status: int, reason: str, *rest: Any) -> Any:
        if (trail := _trail.get()) is not None:
            trail.answer = _read(status, rest[4])
        return handle_errors(status, reason, *rest)

    def opened(lazy: bool = False) -> None:
        before = client.session
        connect(lazy)
        if client.session is not before:
            _forbid_redirects(client.session)

    client.fetch, client.handle_errors, client.open = followed_fetch, noted_errors, opened


def _read(status: int, response: Any) -> Answer | None:
    if not isinstance(response, Mapping) or response.get("code") is None:
        return None
    words = response.get("msg") or ""
    return Answer(status, str(response["code"]), harmless(str(words)))


def _forbid_redirects(session: Any) -> None:
    """A redirect would carry a signed order to another address, maybe for a second time."""
    import aiohttp

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(_refuse_redirect)
    config.freeze()
    session.trace_configs.append(config)


async def _refuse_redirect(*_: Any) -> None:
    raise AskFailed("the exchange's address redirects to another one; that is not followed")
