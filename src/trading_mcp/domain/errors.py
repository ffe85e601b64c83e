"""Every error a caller can meet, each with the documented code and the HTTP status it becomes."""

from typing import Any, ClassVar


class TradingError(Exception):
    """A request that could not be carried out, said so that the caller knows what to do.

    *details* holds JSON-ready facts (what was found, what was expected). *outcome* is "none"
    when nothing was changed and "unknown" when an order may have reached the exchange.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    retriable: ClassVar[bool] = False
    requires_human: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", outcome: str = "none", **details: Any):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.outcome = outcome
        self.details = details


class InvalidRequest(TradingError):
    """The request's form is wrong: not JSON, an unknown field, a reused idempotency key."""

    code = "INVALID_REQUEST"
    status = 400


class Unauthorized(InvalidRequest):
    """Nobody is known to ask: no token or key, or one that does not hold."""

    status = 401


class NotFound(InvalidRequest):
    """The path, or the thing it names, does not exist."""

    status = 404


class MethodNotAllowed(InvalidRequest):
    """The path exists and takes other methods."""

    status = 405


class Forbidden(InvalidRequest):
    """The caller may not do this, or came from a place that may not call at all."""

    status = 403


class TooManyRequests(InvalidRequest):
    """More than the caller may ask for in this time; *retry_after_s* says when there is room."""

    status = 429
    retriable = True

    def __init__(self, message: str, *, retry_after_s: int, hint: str = "", **details: Any):
        super().__init__(message, hint=hint, retry_after_s=retry_after_s, **details)
        self.retry_after_s = retry_after_s


class IdempotencyConflict(InvalidRequest):
    """The idempotency key was already used for a different request."""

    status = 409


class MissingParameter(TradingError):
    """A required parameter is absent."""

    code = "MISSING_PARAMETER"
    status = 400


class InvalidParameter(TradingError):
    """A parameter has the wrong type, range or meaning."""

    code = "INVALID_PARAMETER"
    status = 400


class InsufficientBalance(TradingError):
    """The account cannot pay for the order."""

    code = "INSUFFICIENT_BALANCE"
    status = 400


class PositionNotFound(TradingError):
    """No position has this id, or it is closed already."""

    code = "POSITION_NOT_FOUND"
    status = 404


class OrderFailed(TradingError):
    """The exchange refused the order, or the order does not exist or cannot be changed."""

    code = "ORDER_FAILED"
    status = 400


class OrderNotFound(OrderFailed):
    """No order has this id."""

    status = 404


class MarketClosed(TradingError):
    """The market does not trade now, or is not traded here."""

    code = "MARKET_CLOSED"
    status = 400
    retriable = True


class MarketHalted(MarketClosed):
    """A person has to look at the market's books, and let it go on."""

    retriable = False
    requires_human = True


class RiskLimitExceeded(TradingError):
    """A risk limit forbids it."""

    code = "RISK_LIMIT_EXCEEDED"
    status = 403


class KillSwitchActive(TradingError):
    """The kill switch is on: only orders that reduce a position are let through."""

    code = "KILL_SWITCH_ACTIVE"
    status = 403
    requires_human = True


class MaxPositionsReached(TradingError):
    """As many positions are open as the limits allow."""

    code = "MAX_POSITIONS_REACHED"
    status = 403


class ExposureLimitExceeded(TradingError):
    """The order would carry the exposure beyond its limit."""

    code = "EXPOSURE_LIMIT_EXCEEDED"
    status = 403


class EngineNotRunning(TradingError):
    """The scalping engine is stopped."""

    code = "ENGINE_NOT_RUNNING"
    status = 503
    retriable = True


class StrategyNotFound(TradingError):
    """No enabled strategy has this name."""

    code = "STRATEGY_NOT_FOUND"
    status = 404


class ExchangeError(TradingError):
    """The exchange failed, or did not answer in time."""

    code = "EXCHANGE_ERROR"
    status = 503
    retriable = True


class StorageUnavailable(TradingError):
    """The journal cannot be written, so nothing may be sent."""

    code = "INTERNAL_ERROR"
    status = 503
    retriable = True


class InternalError(TradingError):
    """A fault of the server's own."""


BY_CODE: dict[str, type[TradingError]] = {
    kind.code: kind
    for kind in (
        InvalidRequest,
        MissingParameter,
        InvalidParameter,
        InsufficientBalance,
        PositionNotFound,
        OrderFailed,
        MarketClosed,
        RiskLimitExceeded,
        KillSwitchActive,
        MaxPositionsReached,
        ExposureLimitExceeded,
        EngineNotRunning,
        StrategyNotFound,
        ExchangeError,
        InternalError,
    )
}
"""The documented codes, each with the error that carries it."""
