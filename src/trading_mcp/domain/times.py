"""The calendar that trading keeps: UTC days, weeks and months, in milliseconds since 1970."""

from datetime import UTC, datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 86_400_000


def start_of_day(at: int) -> int:
    """Return the start of the UTC day that holds *at*."""
    return at - at % DAY_MS


def start_of_week(at: int) -> int:
    """Return the start of the UTC week (Monday) that holds *at*."""
    # 1970-01-01 was a Thursday.
    return at - (at + 3 * DAY_MS) % (7 * DAY_MS)


def start_of_month(at: int) -> int:
    """Return the start of the UTC month that holds *at*."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    first = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(first.timestamp() * 1000)


def iso(at: int) -> str:
    """Return *at* (UTC ms) as ISO 8601 with `Z`; milliseconds only where there are any."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(
        timespec="milliseconds" if at % 1000 else "seconds"
    )
    return text.replace("+00:00", "Z")
