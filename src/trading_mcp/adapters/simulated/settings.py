"""What the simulated exchange can be configured with."""

from typing import Annotated

import msgspec
from msgspec import Meta

Probability = Annotated[float, Meta(ge=0, le=1)]


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often what goes wrong, each from 0 (never) to 1 (always).

    *reject*, *timeout_after_accept* and *timeout_before_accept* are per order sent,
    *duplicate_fill* is per fill reported, *disconnect* per round of prices and per batch of
    account reports, *no_answer* per question about the market. The same *seed*
    gives the same run of faults. *closed* names markets that do not trade.
    """

    reject: Probability = 0.0
    timeout_after_accept: Probability = 0.0
    timeout_before_accept: Probability = 0.0
    duplicate_fill: Probability = 0.0
    disconnect: Probability = 0.0
    no_answer: Probability = 0.0
    closed: tuple[str, ...] = ()
    seed: int = 1


class SimulatedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The seeded market, how fast its clock runs, and the account on it; not *enabled*: nowhere.

    *latency_ms* (from sending an order to its acceptance) and *price_interval_ms* (between two
    price moves of the stream) are wall time, however fast the market's clock runs.
    """

    enabled: bool = True
    seed: int = 1
    speed: Annotated[float, Meta(gt=0, le=100_000)] = 1.0
    balance_usdt: Annotated[float, Meta(gt=0, le=1e12)] = 10_000.0
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] = 5.0
    price_interval_ms: Annotated[int, Meta(ge=1, le=60_000)] = 100
    faults: Faults = Faults()
