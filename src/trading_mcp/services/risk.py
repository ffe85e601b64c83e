"""Risk: limits, exposure, the sentinel's state, checks without sending."""

import math
from decimal import Decimal

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.limits import RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import ZERO, exact
from trading_mcp.domain.orders import Order, OrderIntent, Verdict
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.session import Session
from trading_mcp.risk import rules, sentinel
from trading_mcp.services.held import held_by_hand
from trading_mcp.services.intents import by_hand
from trading_mcp.services.lookup import market_of
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Nothing, OfExchange
from trading_mcp.services.shapes.risk import (
    CheckAnswer,
    CheckRequest,
    Exposure,
    Parameters,
    RiskLimits,
    RiskLimitsUpdate,
    RiskState,
    RuleVerdict,
)
from trading_mcp.services.views import iso, number

NEAR = 0.2
"""The share of a limit that is left when a check warns."""
_WARNED = {
    rule.__name__
    for rule in (
        rules.position_is_too_large,
        rules.exposure_is_too_large,
        rules.balance_is_too_small,
        rules.too_many_positions,
        rules.orders_come_too_fast,
    )
}


class RiskService:
    """What may be asked about risk."""

    def __init__(self, session: Session):
        self._session = session

    @operation("risk", rest_only="agents use get_risk_state and check_risk_limits")
    async def get_risk_limits(self, request: Nothing, caller: Caller) -> RiskLimits:
        """Return the risk parameters and how the account stands to them."""
        state = self._session.state
        reason, net = self._session.why_halted(), self._daily_net()
        return RiskLimits(
            parameters=msgspec.convert(msgspec.to_builtins(state.parameters), Parameters),
            risk_mode=state.mode,
            can_trade=not reason,
            limit_reason=reason,
            current_exposure=number(self._session.core.standings.exposure()),
            daily_pnl=number(state.realized("day")),
            daily_net_pnl=number(net) if net is not None else None,
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
        parameters, by = msgspec.convert(merged, RiskParameters), caller.principal
        entries: list[e.AnyEntry] = []
        if parameters != state.parameters:
            entries.append(e.ParametersChanged(at=now, parameters=parameters, principal=by))
        if mode not in (None, state.mode):
            entries.append(e.ModeChanged(at=now, mode=mode, principal=by))
        await self._session.record(*entries)
        return await self.get_risk_limits(Nothing(), caller)

    @operation("risk")
    async def get_exposure(self, request: OfExchange, caller: Caller) -> Exposure:
        """Return the notional at risk in quote currency, working entries included, in total and by
        symbol, and what is left of the limit. Use it to see the room before a trade;
        check_risk_limits judges one exact order."""
        by_symbol, core = self._by_symbol(request.exchange), self._session.core
        used, limit = sum(by_symbol.values(), ZERO), core.max_exposure()
        left = limit - core.standings.exposure()
        terms = core.standings.terms.get(request.exchange or "")
        if terms is not None and terms.max_exposure is not None:
            limit = min(limit, terms.max_exposure)
            left = min(left, limit - used)
        return Exposure(
            current_exposure=number(used),
            max_exposure=number(limit),
            exposure_percent=float(used / limit * 100),
            available_exposure=number(max(left, ZERO)),
            by_symbol={symbol: number(worth) for symbol, worth in by_symbol.items()},
        )

    @operation("risk")
    async def get_risk_state(self, request: Nothing, caller: Caller) -> RiskState:
        """Return drawdowns of the UTC day, week and month, exposure, losing streak, risk mode,
        kill switch, and whether new positions are allowed now and, if not, why. Use it before
        trading and when an order was refused."""
        session, state = self._session, self._session.state
        equity = session.core.equity()
        falls = [fall if math.isfinite(fall) else 0.0 for fall in sentinel.drawdowns(equity)]
        by_symbol, reason = self._by_symbol(None), session.why_halted()
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
            halted=dict(state.halted),
            equity=number(equity.now) if equity.now is not None else None,
            last_update=iso(session.clock.now()),
        )

    @operation("risk", mcp_only="the reference names no route for it")
    async def check_risk_limits(self, request: CheckRequest, caller: Caller) -> CheckAnswer:
        """Judge an order without sending it: every rule's verdict with its headroom, and the
        largest amount (base) that would pass now. Use it before execute_trade or submit_*; the
        order is judged again when it is sent."""
        session, market = self._session, market_of(self._session, request)
        await session.watch(market.key)
        price = exact(request.price) if request.price is not None else None
        intent = by_hand(session, market, request, caller, price=price)
        now = session.clock.now()
        verdicts = session.core.review(intent, now)
        objection = next((v for v in verdicts if not v.allowed), None)
        cautions = session.core.findings().warnings
        return CheckAnswer(
            allowed=objection is None,
            reason=objection.reason if objection else "",
            max_size=number(session.core.largest(self._at_most(intent, market), now)),
            warnings=[*_warnings(verdicts), *(caution.message for caution in cautions)],
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

    def _at_most(self, intent: OrderIntent, market: Market) -> OrderIntent:
        """Return *intent*; against the position held by hand, as closing no more than that."""
        held = held_by_hand(self._session, market)
        if held is None or intent.reduces or intent.side != closing_side(held.side):
            return intent
        return msgspec.structs.replace(
            intent, amount=held.size, reduces=held.id, leverage=held.leverage, plan=None
        )

    def _daily_net(self) -> Decimal | None:
        earned = self._session.core.earnings("day")
        return earned.net if earned is not None else None

    def _by_symbol(self, exchange: str | None) -> dict[str, Decimal]:
        name = self._session.exchange(exchange).name if exchange else None
        core = self._session.core
        state = self._session.state
        busy: list[Position | Order] = [*state.positions.values(), *state.orders.values()]
        keys = sorted({item.market for item in busy if name in (None, item.exchange)})
        worths: dict[str, Decimal] = {}
        for key in keys:
            symbol = core.markets[key].symbol
            worths[symbol] = worths.get(symbol, ZERO) + core.standings.exposure_of(key)
        return {symbol: worth for symbol, worth in worths.items() if worth}


def _warnings(verdicts: tuple[Verdict, ...]) -> list[str]:
    """Name the limits on money, positions and pace of which little would be left."""
    return [
        f"{v.rule}: {v.found:.2f} of {v.limit:.2f} would be used"
        for v in verdicts
        if v.allowed and v.rule in _WARNED and v.limit and (v.found or 0) > v.limit * (1 - NEAR)
    ]
