"""The calendar in numbers: which UTC day, week and month a time (UTC ms) lies in."""

DAY = 86_400_000
_THURSDAY = 3
_DAYS_BEFORE_1970 = 719_468
_FOUR_CENTURIES = 146_097


def day_number(at: int) -> int:
    """Return the days since 1970."""
    return at // DAY


def week_number(at: int) -> int:
    """Return the weeks since 1970; each begins on Monday."""
    return (at // DAY + _THURSDAY) // 7


def month_number(at: int) -> int:
    """Return the months since the year 0.

    The calendar repeats after 400 years. A year is counted from March, so that the leap day ends
    it; five months then always have 153 days. (Hinnant, chrono-compatible date algorithms.)
    """
    days = at // DAY + _DAYS_BEFORE_1970
    era = days // _FOUR_CENTURIES
    day = days - era * _FOUR_CENTURIES
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    march_based = (5 * day_of_year + 2) // 153
    return 12 * (era * 400 + year) + march_based + 2
