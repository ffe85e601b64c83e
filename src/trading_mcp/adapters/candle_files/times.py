"""Times in files: what kind they are, and which instant each means. Imports polars."""

from typing import Literal, get_args

import polars as pl

from trading_mcp.domain.times import DAY_MS, iso

TimeFormat = Literal["s", "ms", "us", "ns", "utc"]
"""How times are meant: since 1970 in such units, or ISO 8601 without a zone in UTC."""
Kind = Literal["number", "zoned", "naive"]

FORMATS: tuple[TimeFormat, ...] = get_args(TimeFormat)
_PER_MS = {"s": 0.001, "ms": 1, "us": 1_000, "ns": 1_000_000}
_EARLIEST = 315_532_800_000  # 1980-01-01, UTC ms: in no unit does it look like another's today
_ISO = (
    r"^(?<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?<minute>\d\d:\d\d)(?<second>:\d\d)?(?<fraction>\.\d{1,6})?)?"
    r" ?(?<zone>Z|UTC|(?<sign>[+-])(?<hours>\d\d):?(?<minutes>\d\d))?$"
)

_USUAL: tuple[tuple[Kind, str], ...] = (
    ("zoned", "%Y-%m-%dT%H:%M:%SZ"),
    ("naive", "%Y-%m-%d %H:%M:%S"),
)
"""What most files have is read in a tenth of the time."""


def kinds_and_values(times: pl.Series) -> pl.DataFrame:
    """Return of each time its `kind` and its `value`: the number, or UTC microseconds.

    Both are null for what is no time. One without a zone is taken as UTC.
    """
    if times.dtype.is_temporal():
        zoned = getattr(times.dtype, "time_zone", None) is not None
        value = times.cast(pl.Datetime("us", "UTC" if zoned else None), strict=False)
        return _table("zoned" if zoned else "naive", value.to_physical())
    if times.dtype.is_integer():
        return _table("number", times.cast(pl.Int64, strict=False))
    text = times.cast(pl.String, strict=False).str.strip_chars(" \t")
    plain = text.cast(pl.Int64, strict=False)
    if not plain.has_nulls():
        return _table("number", plain)
    number = text.str.extract(r"^(\d{1,19})(?:\.0+)?$").cast(pl.Int64, strict=False)
    if not number.has_nulls():
        return _table("number", number)
    for kind, usual in _USUAL:
        value = text.str.to_datetime(usual, time_unit="us", strict=False)
        if not value.has_nulls():
            return _table(kind, value.to_physical())
    return pl.DataFrame({"number": number, "text": text}).select(_kind(), _value())


def milliseconds(values: pl.Series, kind: Kind, given: TimeFormat | None, now: int) -> pl.Series:
    """Return UTC ms, null where a time has parts of a millisecond.

    Raises ValueError: it is not certain what the times mean, or not what was *given*.
    """
    _must_fit(kind, given)
    unit = (given or _unit(values, now)) if kind == "number" else "us"
    if unit == "s":
        return values * 1000
    factor = int(_PER_MS[unit])
    return pl.select(pl.when(values % factor == 0).then(values // factor)).to_series()


def _must_fit(kind: Kind, given: TimeFormat | None) -> None:
    if kind == "naive" and given is None:
        raise ValueError("the times have no zone: if they are in UTC, say so with --times utc")
    suits = {"number": given != "utc", "naive": given == "utc", "zoned": given == "utc"}
    if given is not None and not suits[kind]:
        found = {"number": "numbers", "zoned": "times with a zone", "naive": "dates"}[kind]
        raise ValueError(f"--times {given}: the file has {found}")


def _unit(values: pl.Series, now: int) -> TimeFormat:
    """Return the only unit in which all *values* lie between 1980 and tomorrow."""
    low, high = int(values.min() or 0), int(values.max() or 0)  # type: ignore[arg-type]
    fits = {
        unit: _EARLIEST * per_ms <= low and high <= (now + DAY_MS) * per_ms
        for unit, per_ms in _PER_MS.items()
    }
    found = [unit for unit in FORMATS if fits.get(unit)]
    if len(found) == 1:
        return found[0]
    raise ValueError(
        f"the times go from {low} to {high}, which in no unit is from {iso(_EARLIEST)[:10]} to "
        f"now: say with --times {'|'.join(_PER_MS)} what they are"
    )


def _table(kind: Kind, value: pl.Series) -> pl.DataFrame:
    kinds = pl.when(pl.col("value").is_not_null()).then(pl.lit(kind))
    return pl.DataFrame({"value": value}).select(kinds.alias("kind"), "value")


def _kind() -> pl.Expr:
    zone = pl.col("text").str.extract_groups(_ISO).struct.field("zone")
    zoned = pl.when(zone.is_not_null()).then(pl.lit("zoned")).otherwise(pl.lit("naive"))
    dated = pl.when(pl.col("text").str.contains(_ISO)).then(zoned)
    return (
        pl.when(pl.col("number").is_not_null())
        .then(pl.lit("number"))
        .otherwise(dated)
        .alias("kind")
    )


def _value() -> pl.Expr:
    part = pl.col("text").str.extract_groups(_ISO).struct.field
    written = (
        part("day")
        + pl.lit(" ")
        + part("minute").fill_null("00:00")
        + part("second").fill_null(":00")
        + part("fraction").fill_null(".0")
    )
    local = written.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    ahead = part("hours").cast(pl.Int64) * 60 + part("minutes").cast(pl.Int64)
    minutes = pl.when(part("sign") == "-").then(-ahead).otherwise(ahead).fill_null(0)
    value = local.cast(pl.Int64) - minutes * 60_000_000
    return pl.coalesce(pl.col("number"), value).alias("value")
