"""The proof that a strategy neither looks ahead nor lacks warm-up, before it is believed."""

from trading_mcp.backtest.honesty.digests import source_digest
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.ports import TrialLedger
from trading_mcp.strategy.base import Strategy
from trading_mcp.strategy.conformance import check_strategy


class NotProven(InvalidParameter):
    """A strategy that fails the conformance trials: what it answers over a past means nothing."""


def prove(cls: type[Strategy], ledger: TrialLedger) -> str:
    """Return the digest of the source of *cls*, after it has passed the trials once.

    The trials take a second or two, and are held again only when the source has changed.

    Raises:
        NotProven: it failed; the detail `findings` holds all that was found.
        StorageUnavailable: the ledger cannot be asked.
    """
    digest = source_digest(cls)
    if not ledger.is_proven(digest):
        report = check_strategy(cls)
        if not report.passed:
            raise _refusal(cls, report.findings)
        ledger.note_proven(digest)
    return digest


def _refusal(cls: type[Strategy], findings: tuple[str, ...]) -> NotProven:
    listed = "\n  ".join(findings)
    return NotProven(
        f"{cls.name} fails the proof that is held before a run, so it was not run:\n  {listed}",
        hint="Row i of a strategy's answer may depend on rows 0..i only, and on no more than "
        "`warmup` rows before; `trading-mcp plugins check` holds the same trials.",
        findings=list(findings),
    )
