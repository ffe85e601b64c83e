"""Risk: limits, exposure, the sentinel's state, the kill switch, checks without sending."""

import math
from decimal import Decimal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import KillSwitchActive, RiskLimitExceeded
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import Order, OrderIntent, Verdict
from trading_mcp.domain.positions import Position
from trading_mcp.engine.session import Session
from trading_mcp.risk import sentinel
from trading_mcp.services.intents import by_hand
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Mutation, Nothing, OfExchange
from trading_mcp.services.shapes.risk import (
    CheckAnswer,
    CheckRequest,
    Exposure,
    KillSwitchAnswer,
    KillSwitchRequest,
    Parameters,
    RiskLimits,
    RiskLimitsUpdate,
    RiskState,
    RuleVerdict,
)
from trading_mcp.services.views import iso, number, symbol_from

NEAR = 0.2
"""The share of a limit that is left when a check warns."""


class RiskService:
    """What may be asked about risk."""

    def __init__(self, session: Session):
        self._session = session

    @operation("risk", rest_only="agents use get_risk_state and check_risk_limits")
    async def get_risk_limits(self, request: Nothing, caller: Caller) -> RiskLimits:
        """Return the risk parameters and how the account stands to them."""
        state = self._session.state
        reason = self._limit_reason()
        return RiskLimits(
            parameters=msgspec.convert(msgspec.to_builtins(state.parameters), Parameters),
            risk_mode=state.mode,
            can_trade=not reason,
            limit_reason=reason,
            current_exposure=number(self._session.core.standings.exposure()),
            daily_pnl=self._daily_pnl(),
            consecutive_losses=state.consecutive_losses,
        )

    @operation(
        "risk",
        "admin",
        idempotent=True,
        rest_only="an agent must not be able to raise its own limits",
    )
    async def update_risk_limits(self, request: RiskLimitsUpdate, caller: Caller) -> RiskLimits:
        """Replace the risk parameters that are named; the others stay."""
        state, now = self._session.state, self._session.clock.now()
        wanted = {k: v for k, v in msgspec.to_builtins(request).items() if v is not None}
        wanted.pop("idempotency_key", None)
        mode = wanted.pop("risk_mode", None)
        merged = {**msgspec.to_builtins(state.parameters), **wanted}
        entries: list[e.AnyEntry] = [
            e.ParametersChanged(
                at=now,
                parameters=msgspec.convert(merged, RiskParameters),
                principal=caller.principal,
            )
        ]
        if mode is not None:
            entries.append(e.ModeChanged(at=now, mode=mode, principal=caller.principal))
        await self._session.record(*entries)
        return await self.get_risk_limits(Nothing(), caller)

    @operation("risk")
    async def get_exposure(self, request: OfExchange, caller: Caller) -> Exposure:
        """Return the notional at risk in quote currency, working entries included, in total and
        by symbol, and how much of the limit is left. Use it to see whether there is room before
        a trade; check_risk_limits judges one exact order."""
        by_symbol = self._by_symbol(request.exchange)
        used = sum(by_symbol.values(), ZERO)
        limit = self._session.core.max_exposure()
        return Exposure(
            current_exposure=number(used),
            max_exposure=number(limit),
            exposure_percent=float(used / limit * 100),
            available_exposure=number(max(limit - used, ZERO)),
            by_symbol={symbol: number(worth) for symbol, worth in by_symbol.items()},
        )

    @operation("risk")
    async def get_risk_state(self, request: Nothing, caller: Caller) -> RiskState:
        """Return the risk sentinel's state: drawdowns of the UTC day, week and month (positive
        percent), exposure, losing streak, risk mode, kill switch, and whether new positions are
        allowed now and, if not, why. Use it before trading and when an order was refused."""
        session, state = self._session, self._session.state
        falls = [
            fall if math.isfinite(fall) else 0.0
            for fall in sentinel.drawdowns(session.core.equity())
        ]
        by_symbol = self._by_symbol(None)
        reason = self._limit_reason()
        return RiskState(
            current_drawdown_daily=falls[0],
            current_drawdown_weekly=falls[1],
            current_drawdown_monthly=falls[2],
            total_exposure=number(sum(by_symbol.values(), ZERO)),
            exposure_by_symbol={symbol: number(worth) for symbol, worth in by_symbol.items()},
            consecutive_losses=state.consecutive_losses,
            risk_mode=state.mode,
            kill_switch_active=state.kill_switch is not None,
            kill_switch_reason=state.kill_switch.reason if state.kill_switch else "",
            can_trade=not reason,
            limit_reason=reason,
            last_update=iso(session.clock.now()),
        )

    @operation("risk", "control", idempotent=True)
    async def activate_kill_switch(
        self, request: KillSwitchRequest, caller: Caller
    ) -> KillSwitchAnswer:
        """Stop all new exposure at once: nothing opens or enlarges a position from this answer
        on, and working entries are cancelled. Open positions keep their stops and may be closed.
        Use it whenever something looks wrong. It stays on over restarts; only a person can turn
        it off."""
        cancelled, unresolved = await self._session.kill(request.reason, caller.principal)
        return self._switched("Kill switch activated", cancelled, unresolved)

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
        unknown = [o.id for o in self._session.state.orders.values() if o.status == "unknown"]
        if unknown:
            raise KillSwitchActive(
                "The kill switch stays on while the outcome of orders is unknown",
                unknown_orders=unknown,
            )
        exceeded = sentinel.judge(self._session.core.equity(), self._session.state.parameters)
        if exceeded.kill:
            raise RiskLimitExceeded(
                f"The kill switch stays on: {exceeded.kill}",
                hint="Raise the limit (PUT /api/v1/scalping/risk/limits), or wait for the next "
                "day, week or month.",
            )
        if self._session.state.kill_switch is not None:
            off = e.KillSwitchChanged(
                at=self._session.clock.now(), switch=None, principal=caller.principal
            )
            await self._session.record(off)
        return self._switched("Kill switch deactivated", [], [])

    @operation("risk")
    async def check_risk_limits(self, request: CheckRequest, caller: Caller) -> CheckAnswer:
        """Judge an order without sending it: every rule's verdict with its headroom, and the
        largest amount (base) that would pass now. Use it before execute_trade or submit_*. An
        allowed answer is no promise: the order is judged again when it is sent."""
        market = self._session.market(
            self._session.exchange(request.exchange).name,
            symbol_from(request.pair, request.market_type),
        )
        if market.key not in self._session.core.standings.prices:
            await self._session.follow(market.key)
        price = exact(request.price) if request.price is not None else None
        intent = by_hand(self._session, market, request, caller, price=price)
        verdicts = self._session.core.review(intent, self._session.clock.now())
        objection = next((v for v in verdicts if not v.allowed), None)
        return CheckAnswer(
            allowed=objection is None,
            reason=objection.reason if objection else "",
            max_size=number(self._largest(intent, market, verdicts)),
            warnings=_warnings(verdicts),
            verdicts=[
                RuleVerdict(
                    rule=v.rule,
                    allowed=v.allowed,
                    reason=v.reason,
                    limit=v.limit,
                    found=v.found,
                    headroom=v.headroom,
                )
                for v in verdicts
            ],
        )

    def _largest(
        self, intent: OrderIntent, market: Market, verdicts: tuple[Verdict, ...]
    ) -> Decimal:
        """Return the amount at which the tightest limit on money or coins would be reached."""
        standing = self._session.core.standings.standing(market.key, self._session.clock.now())
        price = intent.price or (standing.price.ask if standing.price else ZERO)
        by_money = {"position_is_too_large", "exposure_is_too_large", "balance_is_too_small"}
        blocked = any(not v.allowed and v.limit is None for v in verdicts)
        if price <= 0 or blocked:
            return ZERO
        room = intent.amount
        largest = [
            room + EXACT.divide(exact(v.headroom), _money_per_unit(v, price, intent, market))
            for v in verdicts
            if v.rule in by_money and v.headroom is not None
        ]
        coins = [exact(v.limit) for v in verdicts if v.rule == "spot_cannot_be_shorted" and v.limit]
        return market.amount(max(min([*largest, *coins], default=ZERO), ZERO))

    def _limit_reason(self) -> str:
        state, now = self._session.state, self._session.clock.now()
        if state.kill_switch is not None:
            return f"Kill switch active: {state.kill_switch.reason}"
        for pause in state.pauses.values():
            if now < pause.until:
                return pause.reason
        if self._session.core.standings.equity() is None:
            return "The account's value is unknown: a held market has no price yet"
        return "" if self._session.healthy else "The journal cannot be written"

    def _daily_pnl(self) -> float:
        equity = self._session.core.equity()
        if equity.now is None or equity.day is None:
            return 0.0
        return float(equity.now - equity.day)

    def _by_symbol(self, exchange: str | None) -> dict[str, Decimal]:
        name = self._session.exchange(exchange).name if exchange else None
        core = self._session.core
        state = self._session.state
        busy: list[Position | Order] = [*state.positions.values(), *state.orders.values()]
        keys = sorted({item.market for item in busy if name in (None, item.exchange)})
        worths = {core.markets[key].symbol: core.standings.exposure_of(key) for key in keys}
        return {symbol: worth for symbol, worth in worths.items() if worth}

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


def _money_per_unit(
    verdict: Verdict, price: Decimal, intent: OrderIntent, market: Market
) -> Decimal:
    if verdict.rule != "balance_is_too_small":
        return price
    return price * (1 / Decimal(intent.leverage) + market.taker_fee)


def _warnings(verdicts: tuple[Verdict, ...]) -> list[str]:
    """Name the limits on money, positions and speed of which little would be left."""
    return [
        f"{v.rule}: {v.found:.2f} of {v.limit:.2f}"
        for v in verdicts
        if v.allowed and v.limit and v.found and v.limit > 1 and v.found > v.limit * (1 - NEAR)
    ]
