"""Which answers mean for certain that an order was not accepted."""

from collections.abc import Mapping

import msgspec

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.domain.reports import VenueRefused

NOT_SENT = "not_sent"
"""The code of a refusal of our own: nothing has left."""
_BROKEN = 500
"""From this HTTP status on, the exchange itself is in trouble, and its words are no evidence."""


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange's words for "not accepted", each with the code of ours that it becomes.

    *codes* hold whatever the message says; *words* are whole messages, whatever their code.
    """

    codes: Mapping[str, str]
    words: Mapping[str, str]

    def meaning(self, code: str, message: str) -> str | None:
        """Return our code for a certain refusal, None if it is not certain."""
        return self.codes.get(code) or self.words.get(message.strip())


def refusal(failed: AskFailed, known: Refusals) -> VenueRefused | None:
    """Return the refusal that *failed* proves, None if the order may have been accepted."""
    if failed.sent == 0:
        return VenueRefused(NOT_SENT, str(failed))
    answer = failed.answer
    # After a second request, the answer may be about what the first one did.
    if answer is None or answer.status >= _BROKEN or failed.sent != 1:
        return None
    code = known.meaning(answer.code, answer.message)
    return VenueRefused(code, f"{answer.code}: {answer.message}") if code else None
