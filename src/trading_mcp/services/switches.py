"""The switches above all trading: the kill switch, and halts that a person ends."""

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import InvalidParameter, KillSwitchActive, RiskLimitExceeded
from trading_mcp.engine.session import Session
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Mutation
from trading_mcp.services.shapes.risk import (
    HaltAnswer,
    KillSwitchAnswer,
    KillSwitchRequest,
    ResumeRequest,
)
from trading_mcp.services.views import iso


class SwitchService:
    """Stopping what may enlarge a position, and letting it go on."""

    def __init__(self, session: Session):
        self._session = session

    @operation("risk", "control", idempotent=True)
    async def activate_kill_switch(
        self, request: KillSwitchRequest, caller: Caller
    ) -> KillSwitchAnswer:
        """Stop all new exposure at once: nothing opens or enlarges a position any more, and working
        entries are cancelled. Open positions keep their stops and may be closed. Use it when
        something looks wrong; only a person can turn it off."""
        was_on = self._session.state.kill_switch is not None
        cancelled, unresolved = await self._session.kill(request.reason, caller.principal)
        said = "Kill switch is active already" if was_on else "Kill switch activated"
        return self._switched(said, cancelled, unresolved)

    @operation(
        "risk",
        "admin",
        destructive=True,
        idempotent=True,
        rest_only="only a person may turn the kill switch off",
    )
    async def deactivate_kill_switch(self, request: Mutation, caller: Caller) -> KillSwitchAnswer:
        """Turn the kill switch off, once no order's outcome is unknown and no drawdown limit is
        exceeded: it would go on again at once."""
        self._must_be_settled()
        self._must_be_within_limits()
        if self._session.tripwire is not None:
            # First the switch outside, or it would turn this one on again.
            self._session.tripwire.clear()
        if self._session.state.kill_switch is None:
            return self._switched("Kill switch is off already", [], [])
        now = self._session.clock.now()
        await self._session.record(
            e.KillSwitchChanged(at=now, switch=None, principal=caller.principal)
        )
        return self._switched("Kill switch deactivated", [], [])

    @operation(
        "risk",
        "admin",
        destructive=True,
        idempotent=True,
        rest_only="only a person may say that a difference is explained",
    )
    async def resume_trading(self, request: ResumeRequest, caller: Caller) -> HaltAnswer:
        """Let the markets of an asset be traded again that were halted because its balance could
        not be explained. Look at what happened first."""
        halted = self._session.state.halted
        asset = self._halted(request.asset)
        if asset is None:
            raise InvalidParameter(
                f"asset: {request.asset[:60]!r} is not halted, or at several exchanges; "
                f"halted: {', '.join(halted) or 'none'}",
                field="asset",
                hint="Name one of those, such as kucoin:BTC.",
                halted=dict(halted),
            )
        at, by = self._session.clock.now(), caller.principal
        await self._session.record(e.TradingResumed(at=at, asset=asset, principal=by))
        return HaltAnswer(message=f"{asset} may be traded again", halted=dict(halted))

    def _halted(self, named: str) -> str | None:
        """Return the halted asset of that name; without an exchange, the only one there is."""
        halted = self._session.state.halted
        same = [asset for asset in halted if asset.partition(":")[2] == named.upper()]
        return named if named in halted else same[0] if len(same) == 1 else None

    def _must_be_settled(self) -> None:
        """Raise KillSwitchActive while something about the account is not known."""
        unknown = [o.id for o in self._session.state.orders.values() if o.status == "unknown"]
        if unknown:
            raise KillSwitchActive(
                "The kill switch stays on while the outcome of orders is unknown",
                unknown_orders=unknown,
            )
        if self._session.core.equity().now is None:
            raise KillSwitchActive(
                "The kill switch stays on while the account's value is unknown: a held market "
                "has no price yet"
            )
        doubts = self._session.core.standings.doubts
        if silent := sorted(name for name, why in doubts.items() if why):
            raise KillSwitchActive(
                f"The kill switch stays on while {', '.join(silent)} has not said what the account "
                "there holds",
                exchanges=silent,
            )

    def _must_be_within_limits(self) -> None:
        """Raise RiskLimitExceeded while a drawdown would turn it on again at once."""
        exceeded = self._session.core.findings()
        if exceeded.drawdown:
            found, limit = exceeded.drawdown
            raise RiskLimitExceeded(
                f"The kill switch stays on: {exceeded.kill}",
                current_drawdown=found,
                max_drawdown=limit,
                hint="Raise the limit (PUT /api/v1/scalping/risk/limits), or wait for the next "
                "day, week or month.",
            )

    def _switched(
        self, message: str, cancelled: list[str], unresolved: list[str]
    ) -> KillSwitchAnswer:
        switch = self._session.state.kill_switch
        return KillSwitchAnswer(
            message=message,
            active=switch is not None,
            reason=switch.reason if switch else "",
            timestamp=iso(self._session.clock.now()),
            cancelled=cancelled,
            unresolved=unresolved,
        )
