"""The journal's entries: each a fact with its outcome, so that replay needs no rule to be rerun."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from trading_mcp.domain.accounts import Asset, Flow, Worth
from trading_mcp.domain.limits import Alert, KillSwitch, RiskMode, RiskParameters
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import Fill, Order
from trading_mcp.domain.others import OthersTrade
from trading_mcp.domain.positions import Position

Period = Literal["day", "week", "month"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry", tag=True):
    """One fact, at *at* (trading time, UTC ms)."""

    at: int


class Founded(Entry, frozen=True, kw_only=True):
    """The data directory begins. *installation* makes our client order ids unique for ever."""

    installation: str


class FundsMoved(Entry, frozen=True, kw_only=True):
    """A balance changed by something that is no trade of ours: opening, deposit, correction.

    *worth* is what that adds to the account, in quote: the starts of day, week and month move
    with it, so that a deposit is no profit and a withdrawal no loss.
    """

    flow: Flow
    why: str
    worth: Decimal = ZERO


class OrderApproved(Entry, frozen=True, kw_only=True):
    """The gate let an order through. Written before anything is sent."""

    order: Order


class OrderRefused(Entry, frozen=True, kw_only=True):
    """The gate refused an order."""

    market: str
    side: str
    amount: Decimal
    owner: str
    principal: str
    rule: str
    code: str
    reason: str


class OrderChanged(Entry, frozen=True, kw_only=True):
    """An order's status changed; its `evidence` says on whose word."""

    order: Order


class FillBooked(Entry, frozen=True, kw_only=True):
    """A fill was booked: the order, the position (if it has one) and the balances after it."""

    fill: Fill
    order: Order
    position: Position | None
    flows: tuple[Flow, ...]


class FundingBooked(Entry, frozen=True, kw_only=True):
    """Funding was received or paid and shared among the positions of its market."""

    funding_id: str
    positions: tuple[Position, ...]
    flow: Flow


class PositionChanged(Entry, frozen=True, kw_only=True):
    """A position's stop, target or rules moved."""

    position: Position
    why: str
    principal: str


class ParametersChanged(Entry, frozen=True, kw_only=True):
    """The risk parameters were replaced."""

    parameters: RiskParameters
    principal: str


class ModeChanged(Entry, frozen=True, kw_only=True):
    """The risk mode was changed."""

    mode: RiskMode
    principal: str


class KillSwitchChanged(Entry, frozen=True, kw_only=True):
    """The kill switch went on, or (None) off."""

    switch: KillSwitch | None
    principal: str


class EntriesPaused(Entry, frozen=True, kw_only=True):
    """A limit stops new positions until *until* (UTC ms)."""

    rule: str
    reason: str
    until: int


class LossesForgiven(Entry, frozen=True, kw_only=True):
    """The pause after a losing streak is over; the count starts again."""


class EngineSwitched(Entry, frozen=True, kw_only=True):
    """The scalping engine was started or stopped."""

    running: bool
    principal: str


class StrategyChanged(Entry, frozen=True, kw_only=True):
    """A strategy was started, stopped, weighted, configured, or stopped for a fault."""

    name: str
    active: bool
    weight: float
    params: dict[str, Any]
    why: str
    principal: str


class StrategyProven(Entry, frozen=True, kw_only=True):
    """A strategy's code, known by its *digest*, passed the conformance check."""

    name: str
    digest: str


class PairsChanged(Entry, frozen=True, kw_only=True):
    """The traded markets were changed."""

    pairs: tuple[str, ...]
    principal: str


class PeriodOpened(Entry, frozen=True, kw_only=True):
    """A UTC day, week or month began with *equity* (quote), as *worths* has it by exchange.

    Written once for each.
    """

    period: Period
    start: int
    equity: Decimal
    worths: dict[str, Worth] = {}


class Answered(Entry, frozen=True, kw_only=True):
    """A mutating request with an idempotency key was answered."""

    principal: str
    key: str
    operation: str
    request: str
    answer: dict[str, Any]


class ExchangeJoined(Entry, frozen=True, kw_only=True):
    """An account at an exchange was taken over, with its balances as they then were.

    *source* is what it is, such as "simulated": another one can't go on with its books.
    """

    exchange: str
    source: str


class TradingHalted(Entry, frozen=True, kw_only=True):
    """Nothing is opened in the markets of *asset* until a person has looked at *reason*."""

    asset: Asset
    reason: str


class TradingResumed(Entry, frozen=True, kw_only=True):
    """A person has looked: the markets of *asset* may be traded again."""

    asset: Asset
    principal: str


class OrderAdopted(Entry, frozen=True, kw_only=True):
    """An order that is not ours was found on the account; it counts like one of ours."""

    order: Order


class OthersTraded(Entry, frozen=True, kw_only=True):
    """A trade that is not ours was booked. It may have taken from the positions in *asset*: it is
    remembered until their size is compared with what there is."""

    asset: Asset
    trade: OthersTrade


class OthersCompared(Entry, frozen=True, kw_only=True):
    """The positions in *asset* were compared with what there is: others' trades until now explain
    nothing that goes missing later."""

    asset: Asset


class AlertRaised(Entry, frozen=True, kw_only=True):
    """An alert was raised."""

    alert: Alert


AnyEntry = (
    Founded
    | FundsMoved
    | OrderApproved
    | OrderRefused
    | OrderChanged
    | FillBooked
    | FundingBooked
    | PositionChanged
    | ParametersChanged
    | ModeChanged
    | KillSwitchChanged
    | EntriesPaused
    | LossesForgiven
    | EngineSwitched
    | StrategyChanged
    | StrategyProven
    | PairsChanged
    | PeriodOpened
    | Answered
    | AlertRaised
    | ExchangeJoined
    | TradingHalted
    | TradingResumed
    | OrderAdopted
    | OthersTraded
    | OthersCompared
)
