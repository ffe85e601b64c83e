"""Can the limits in `[risk]` reach an exchange's smallest order at the present price?"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from trading_mcp.app.doctor.findings import Finding, fail, ok, warn
from trading_mcp.config import Config
from trading_mcp.domain.limits import MODES
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import EXACT, exact, up_to
from trading_mcp.engine.settings import StrategySettings
from trading_mcp.risk.settings import RiskSettings
from trading_mcp.risk.sizing import ROOM_FOR_EXIT
from trading_mcp.rules.sizing import notional_at_risk


def minimums(
    market: Market, price: float, config: Config, equity: float | None
) -> Iterator[Finding]:
    """Compare *market*'s smallest order at *price* with what the limits let an order be.

    *equity* is the account's worth in quote, None if it is not known, or there is none.
    """
    check = f"exchanges.{market.exchange}.minimums.{market.symbol}"
    amount = least_amount(market, exact(price))
    least = float(amount) * price
    told = f"tick {market.tick:f}, step {market.step:f}; the smallest order is {amount:f} "
    told += f"{market.base}, now {least:,.2f} {market.quote}"
    for key, most in _limits(config, market.exchange).items():
        if most < least:
            do = f"raise {key} by {least / most:,.2f} times at least, or take the pair out"
            yield fail(check, told, expected=f"no more than {key} allows: {most:,.2f}", do=do)
            return
    yield ok(check, told)
    if equity:
        yield from _at_risk(check, least, config.risk, equity)
    yield from _shares(check, least, config.risk, config.strategies.settings)


def _limits(config: Config, exchange: str) -> dict[str, float]:
    """Return the notional that each limit on size leaves to an order, by its setting."""
    risk, factor = config.risk, MODES[config.risk.mode].limit
    limits = {
        "risk.max_position_size_usd": risk.max_position_size_usd * factor,
        "risk.max_total_exposure_usd": risk.max_total_exposure_usd * factor,
    }
    cap = config.exchanges.real[exchange].max_exposure_usd
    return limits if cap is None else {**limits, f"exchanges.{exchange}.max_exposure_usd": cap}


def least_amount(market: Market, price: Decimal) -> Decimal:
    """Return the smallest amount (base, on the step) that can be bought and sold again."""
    by_worth = EXACT.divide(market.min_notional, price)
    return max(up_to(max(market.min_amount, by_worth) * ROOM_FOR_EXIT, market.step), market.step)


def _at_risk(check: str, least: float, risk: RiskSettings, equity: float) -> Iterator[Finding]:
    percent = risk.risk_per_trade_percent * MODES[risk.mode].size
    worth = notional_at_risk(equity, percent, risk.stop_loss_percent)
    if worth < least:
        yield warn(
            f"{check}.risk_per_trade",
            f"{percent:g} % of {equity:,.2f} at a stop {risk.stop_loss_percent:g} % away makes "
            f"entries of {worth:,.2f}, which strategies will not send",
            expected=f"{least:,.2f} at least",
            do="raise risk.risk_per_trade_percent, or take the pair out",
        )


def _shares(
    check: str, least: float, risk: RiskSettings, strategies: Mapping[str, StrategySettings]
) -> Iterator[Finding]:
    exposure = risk.max_total_exposure_usd * MODES[risk.mode].limit
    small = {n: exposure * chosen.weight for n, chosen in strategies.items() if chosen.active}
    small = {name: share for name, share in small.items() if share < least}
    if small:
        told = ", ".join(f"{name} {share:,.2f}" for name, share in sorted(small.items()))
        yield warn(
            f"{check}.weights",
            f"shares of the exposure that are smaller than the smallest order: {told}",
            do="raise their weight in strategies.settings, or risk.max_total_exposure_usd",
        )
