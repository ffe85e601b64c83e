"""Questions to an exchange through ccxt, whose failures tell what is known and no more."""

from collections.abc import Awaitable, Callable
from typing import Any

from trading_mcp.adapters.ccxt.allowance import Purpose
from trading_mcp.adapters.ccxt.budget import asking_for
from trading_mcp.adapters.ccxt.evidence import AskFailed, Trail, following


class Asker:
    """Asks through a client that leaves trails; the purpose decides whose turn it is."""

    def __init__(self, client: Any):
        self.client = client

    async def call(self, purpose: Purpose, make: Callable[[], Awaitable[Any]]) -> Any:
        """Return what the call that *make* begins answers; raise AskFailed for any failure."""
        with asking_for(purpose), following() as trail:
            # The failure is raised outside: ccxt's own may hold an address with a signature.
            answer, failure = await _outcome(make, trail)
        if failure is not None:
            raise failure
        return answer


async def _outcome(
    make: Callable[[], Awaitable[Any]], trail: Trail
) -> tuple[Any, AskFailed | None]:
    try:
        return await make(), None
    except AskFailed as failed:
        return None, AskFailed(str(failed), sent=trail.sent, answer=trail.answer)
    except Exception as error:  # whatever ccxt or the network raised: only the trail is evidence
        return None, AskFailed(_words(error, trail), sent=trail.sent, answer=trail.answer)


def _words(error: Exception, trail: Trail) -> str:
    kind, answer = type(error).__name__, trail.answer
    if answer is not None:
        return f"{kind}: {answer.code}: {answer.message}"
    return kind if trail.sent else f"{kind}: {error}"
